"""One of the transforms under this interpreter, without any server: prints the median time of a call in microseconds.

`native_transforms.py NAME FILE`: writes the message that is measured to FILE, for the server to be measured with the same.
"""

import json
import statistics
import sys
import time

import transforms


def table():
    rows = ['sku,customer,quantity,price,note']
    for number in range(1_000):
        note = f'"left, ""{number}"""' if number % 10 == 0 else 'at the door'
        rows.append(f'sku-{number:04d},Customer {number % 37},{number % 9 + 1},{number % 100 + 0.25},{note}')
    return '\r\n'.join(rows).encode()


def order():
    lines = [{'sku': f'sku-{number:04d}', 'quantity': number % 7 + 1, 'price': number + 0.75} for number in range(20)]
    return {'number': 'A-1001', 'customer': 'Ada', 'date': '2026-01-31', 'currency': 'EUR', 'lines': lines}


def document():
    lines = ''.join(
        f'<line sku="{line["sku"]}"><quantity>{line["quantity"]}</quantity><price>{line["price"]}</price></line>'
        for line in order()['lines']
    )
    head = '<?xml version="1.0" encoding="utf-8"?>\n<order id="A-1001"><customer><name>Ada &amp; Co</name></customer>'
    return f'{head}<lines>{lines}</lines></order>'.encode()


def text():
    return ' '.join(f'on 2026-01-{number % 28 + 1:02d} came sku-{number:04d} and left' for number in range(200)).encode()


PAYLOADS = {
    'csv-to-json': table, 'xml-order': document, 'xml-parse': document, 'template': lambda: json.dumps(order()).encode(),
    'json-indent': lambda: json.dumps(order()).encode(), 'regex-find': text, 'regex-sub': text,
}


def main():
    name, path = sys.argv[1:]
    payload = PAYLOADS.get(name, text)()
    with open(path, 'wb') as file:
        file.write(payload)
    function = getattr(transforms, name.replace('-', '_'))
    rounds = []
    calls = 1
    while not rounds or len(rounds) < 8:
        start = time.perf_counter()
        for _ in range(calls):
            function(payload)
        took = time.perf_counter() - start
        if took < 0.05:
            # Too short to measure: as many more as it takes.
            calls *= 2
            continue
        rounds.append(took / calls * 1e6)
    print(statistics.median(rounds[1:]))


if __name__ == '__main__':
    main()
