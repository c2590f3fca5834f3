"""What integration services do all day, as functions of bytes and as services: three transforms and single calls of the library.

`native_transforms.py` runs the same functions without a server.
"""

import base64
import csv
import hashlib
import hmac
import io
import json
import re
import string
import xml.etree.ElementTree as ElementTree

try:
    from caisson import Service
except ImportError:
    Service = object

PAGE = string.Template("""<html><body><h1>Order $number</h1>
<p>Dear $customer, thank you for your order of $date.</p>
<table>$rows</table>
<p>Total: $total $currency</p></body></html>
""")
ROW = string.Template('<tr><td>$sku</td><td>${quantity}</td><td>$$${price}</td></tr>\n')
WORD = re.compile(r'[a-z]+-\d{4}')
DATE = re.compile(r'(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)')


def csv_to_json(body):
    rows = csv.DictReader(io.StringIO(body.decode()))
    return json.dumps([
        {'sku': row['sku'], 'customer': row['customer'], 'quantity': int(row['quantity']), 'price': float(row['price'])}
        for row in rows
    ]).encode()


def xml_order(body):
    root = ElementTree.fromstring(body)
    order = {
        'id': root.get('id'),
        'customer': root.findtext('customer/name'),
        'lines': [
            {'sku': line.get('sku'), 'quantity': int(line.findtext('quantity')), 'price': float(line.findtext('price'))}
            for line in root.iter('line')
        ],
    }
    answer = ElementTree.Element('order', id=order['id'])
    ElementTree.SubElement(answer, 'customer').text = order['customer']
    for line in order['lines']:
        child = ElementTree.SubElement(answer, 'line', sku=line['sku'])
        child.text = str(line['quantity'] * line['price'])
    return ElementTree.tostring(answer)


def template(body):
    order = json.loads(body)
    rows = ''.join(ROW.substitute(line) for line in order['lines'])
    total = sum(line['quantity'] * line['price'] for line in order['lines'])
    return PAGE.substitute(order, rows=rows, total=f'{total:.2f}').encode()


def xml_parse(body):
    return ElementTree.fromstring(body).get('id').encode()


def json_indent(body):
    return json.dumps(json.loads(body), indent=2, sort_keys=True).encode()


def regex_find(body):
    return str(len(WORD.findall(body.decode()))).encode()


def regex_sub(body):
    return DATE.sub(r'\g<day>.\g<month>.\g<year>', body.decode()).encode()


def base64_both(body):
    return base64.b64decode(base64.b64encode(body))


def sha256(body):
    return hashlib.sha256(body).hexdigest().encode()


def md5(body):
    return hashlib.md5(body).hexdigest().encode()


def blake2b(body):
    return hashlib.blake2b(body).hexdigest().encode()


def hmac_sha256(body):
    return hmac.new(b'secret', body, 'sha256').hexdigest().encode()


def pbkdf2(body):
    return hashlib.pbkdf2_hmac('sha256', body[:16], b'salt', 100)


class CsvToJson(Service):
    def handle(self):
        self.response.payload = csv_to_json(self.request.raw_request)


class XmlOrder(Service):
    def handle(self):
        self.response.payload = xml_order(self.request.raw_request)


class Template(Service):
    def handle(self):
        self.response.payload = template(self.request.raw_request)


class XmlParse(Service):
    def handle(self):
        self.response.payload = xml_parse(self.request.raw_request)


class JsonIndent(Service):
    def handle(self):
        self.response.payload = json_indent(self.request.raw_request)


class RegexFind(Service):
    def handle(self):
        self.response.payload = regex_find(self.request.raw_request)


class RegexSub(Service):
    def handle(self):
        self.response.payload = regex_sub(self.request.raw_request)


class Base64Both(Service):
    def handle(self):
        self.response.payload = base64_both(self.request.raw_request)


class Sha256(Service):
    def handle(self):
        self.response.payload = sha256(self.request.raw_request)


class Md5(Service):
    def handle(self):
        self.response.payload = md5(self.request.raw_request)


class Blake2b(Service):
    def handle(self):
        self.response.payload = blake2b(self.request.raw_request)


class HmacSha256(Service):
    def handle(self):
        self.response.payload = hmac_sha256(self.request.raw_request)


class Pbkdf2(Service):
    def handle(self):
        self.response.payload = pbkdf2(self.request.raw_request)
