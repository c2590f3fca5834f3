"""Cases of json, csv and xml.etree whose results must be the same under CPython and in the sandbox.

Under CPython, `python3 -m tests.native_cases` (in `sdk-python`) records what comes out in `native_expected.json`; a test here
compares with it, so that the record is known to be CPython's. In the sandbox the same file is deployed as a service.
"""

from __future__ import annotations

import csv
import io
import json
import math
import xml.etree.ElementTree as ElementTree
from decimal import Decimal
from typing import Any, Callable

try:
    from caisson import Service
except ImportError:
    Service = object  # type: ignore[assignment,misc]

TEXTS = [
    '', ' ', 'null', 'nul', 'true', 'True', '0', '-0', '01', '-', '1.', '.5', '1.5', '-1.5e3', '1e400', '-1e400', '1E-7', '123456789012345678901234567890',
    '9223372036854775807', '9223372036854775808', '-9223372036854775808', '""', '"a', '"\\u00e9"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\ude00\\ud83d"', '"\\x"', '"\\u12"',
    '"\t"', '"\x00"', '"\x7f"', '[]', '[', '[1', '[1,', '[1,]', '[,1]', '[1 2]', '{}', '{', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}',
    '{a:1}', '{"a":1 "b":2}', '{"a":1,"a":2}', '{"a":{"b":[1,2,{"c":null}]}}', ' [ 1 , 2 ] ', '[1] x', '\ufeff[]', 'NaN', '-Infinity', '[Infinity]',
    '\u00a0[]', '"\u2028"', '"é"', '{"é":"ü"}', '1_000', '0x10', '1e5', '1.0', '100000000000000000000.0', '[' * 150 + ']' * 150, '"' + 'a' * 300 + '"', "'a'", '/* */ 1',
]

VALUES: list[Any] = [
    None, True, False, 0, -1, 2**53, 2**63 - 1, 2**63, -2**70, 0.0, -0.0, 1.0, 0.1, 1e-4, 9.999e-5, 1e-5, 1e15, 1e16, 123456789012345.6, 1e22, 1e23, 5e-324, 1.7976931348623157e308,
    2.5, 1 / 3, 100.0, 1234567.125, math.inf, -math.inf, math.nan, '', 'a', '"\\/', '\n\r\t\b\f', '\x00\x1f\x7f', 'é', '\u2028', '😀', '\ud800', [], {}, (), [[]], [{}], {'a': []}, {'a': {}},
    [1, [2, [3]]], {'b': 1, 'a': [1, 2], 'é': None}, {1: 2, 2.5: 3, True: 4, None: 5}, {'x': (1, 2)}, {'z': {'y': {'x': 1}}, 'a': [[], [1], {}]}, {(1,): 2}, {1, 2}, b'a', object, Decimal('1.5'),
    [Decimal('1')], {'a': {'b': Decimal('2')}}, {'b': 1, 1: 2},
]

OPTIONS: list[dict[str, Any]] = [
    {}, {'indent': 2}, {'indent': 0}, {'indent': -1}, {'indent': '\t'}, {'indent': ''}, {'sort_keys': True}, {'separators': (',', ':')}, {'separators': [',', ':']}, {'ensure_ascii': False},
    {'indent': 4, 'sort_keys': True}, {'indent': 1, 'separators': (';', '=')}, {'default': str}, {'default': str, 'indent': 2}, {'default': lambda value: [str(value)], 'indent': 1},
    {'allow_nan': False}, {'skipkeys': True}, {'check_circular': False}, {'cls': json.JSONEncoder}, {'indent': None, 'default': None, 'separators': None}, {'default': lambda value: 1 / 0},
]

TABLES = [
    '', '\r\n', 'a,b\r\n', 'a,b', 'a,b\n1,2\n', '"a","b"\n', '"a ""b""",c\n', '"a\nb",c\n', 'a,"b', 'a"b,c\n', '"a"b,c\n', ' a, b \n', 'a,,\n', ',\n', '\n\na\n', 'a\rb\r', 'é,ü\n',
    'a;b\n', "'a','b'\n", 'a\\,b\n', '1,2.5,"3"\n', 'a,b\n\n1,2\n\n3\n1,2,3,4\n', 'a,a\n1,2\n', 'a\x00b,c\n', '"",""\n', '"\r\n"\n', 'a\tb\n',
]

READING: list[dict[str, Any]] = [
    {}, {'delimiter': ';'}, {'quotechar': "'"}, {'skipinitialspace': True}, {'strict': True}, {'quoting': csv.QUOTE_NONE}, {'quoting': csv.QUOTE_NONNUMERIC}, {'escapechar': '\\'},
    {'doublequote': False, 'escapechar': '\\'}, {'dialect': 'excel-tab'}, {'dialect': 'unix'},
]

ROWS: list[Any] = [
    [], [''], ['', ''], ['a', 'b'], ['a,b', 'c"d', 'e\nf'], [1, 2.5, None, True], [' a ', '\t'], ["it's"], ['é'], ['a\\b'], ['a;b'], (1, 'x'), 'abc', 5, [None], ['"'], [Decimal('1.10')],
    [1e16, 1e-5, 0.1],
]

WRITING: list[dict[str, Any]] = [
    {}, {'delimiter': ';'}, {'quotechar': "'"}, {'quoting': csv.QUOTE_ALL}, {'quoting': csv.QUOTE_NONNUMERIC}, {'quoting': csv.QUOTE_NONE}, {'quoting': csv.QUOTE_NONE, 'escapechar': '\\'},
    {'lineterminator': '\n'}, {'doublequote': False, 'escapechar': '\\'}, {'dialect': 'excel-tab'}, {'dialect': 'unix'},
]

DOCUMENTS: list[str | bytes] = [
    '', ' ', '<a/>', '<a></a>', '<a>text</a>', '<a>1<b/>2<b>3</b>4</a>', '<a x="1" y=\'2\'/>', '<a x="1" x="2"/>', '<a x=1/>', '<a x/>', '<a x="1"y="2"/>', '<a x="<"/>', '<a x="a&amp;b&#10;c\n\td"/>',
    '<a', '<a>', '<a><b></a>', '<a></b>', '</a>', '<a/><b/>', '<a/>x', 'x<a/>', '<1a/>', '< a/>', '<a/ >', '</ a>', '<a></a b>', '<a></a >', '<a >x</a>', '<a.b-c_d/>', '<é/>', '<a é="ü">ö</a>',
    '<a>&lt;&gt;&amp;&quot;&apos;</a>', '<a>&lol;</a>', '<a>&#65;&#x42;&#x1F600;</a>', '<a>&#0;</a>', '<a>&#xD800;</a>', '<a>&#1114112;</a>', '<a>&#;</a>', '<a>& </a>', '<a>&amp</a>', '<a>&</a>', '<a x="&lol;"/>',
    '<a>]]></a>', '<a>]]</a>', '<a><![CDATA[<b>&amp;]]></a>', '<a>1<![CDATA[2]]>3</a>', '<a><![CDATA[x</a>', '<a><![CDAT[x]]></a>', '<a><!-- c -->t</a>', '<a>1<!-- c -->2<?p q?>3</a>', '<a><!-- -- --></a>', '<a><!-- x --',
    '<a><!x></a>', '<!-- c --><a/><!-- d -->', '<?p q?><a/><?p q?>', '<a><?xml x?></a>', '<a><?p?></a>', '<a><?p</a>', '<?xml version="1.0"?><a/>', '<?xml version="1.0" encoding="utf-8"?><a>é</a>', ' <?xml version="1.0"?><a/>',
    '<a>\r\n\r\n</a>', '<a>\r</a>', '<a x="\r\n"/>', '<a>\x01</a>', '<a>\x00</a>', '<a>\ufffe</a>', '<a>\x7f\x85</a>', '<a>😀</a>',
    '<a xmlns="u"/>', '<a xmlns="u"><b/></a>', '<p:a xmlns:p="u" p:x="1" x="2"/>', '<p:a/>', '<a p:x="1"/>', '<a xmlns:p="u" xmlns:q="u" p:x="1" q:x="2"/>', '<a xmlns="u"><b xmlns=""/></a>', '<a xmlns:p="u"><p:b xmlns:p="v"/><p:c/></a>',
    '<a xml:lang="de"/>', '<x xmlns:a="1" xmlns:b="2"><b:y a:z="&quot;"/></x>', '<a>\n<b>\n</b>\n</a>\n', '<a>' + '<b>' * 60 + '</b>' * 60 + '</a>', '<a\nx="1"\n/>', '<a>\n\n  <b></c></a>', '<a>é&x;</a>',
    '\ufeff<a/>', b'<a/>', b'\xef\xbb\xbf<a/>', b'<a>\xff</a>', b'<a>\xc3\xa9</a>', b'<?xml version="1.0" encoding="iso-8859-1"?><a>\xe9</a>', b'<?xml version="1.0" encoding="windows-1252"?><a>\x80</a>', b'<?xml version="1.0" encoding="ascii"?><a>x</a>',
    '<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>',
    '<!DOCTYPE a><a/>', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', '<!DOCTYPE a [<!ENTITY x "<b>y</b>">]><a>&x;</a>',
]

PATHS = ['b', 'b/c', './/c', '*', '.', '..', 'b[1]', "b[@x='1']", 'b[c]', '{u}b', 'missing', './/b/..', "b[c='t']", 'b[last()]', '[', '//c']


def outcome(function: Callable[[], Any]) -> str:
    """What a call answers or raises, as text: the type of an exception, and the place of an error in a document."""
    try:
        return f'{function()!r}'
    except ElementTree.ParseError as error:
        return f'ParseError {error} {error.code} {error.position}'
    except json.JSONDecodeError:
        # What it says, and where, was changed by later versions of CPython, whose library the sandbox has.
        return 'JSONDecodeError'
    except Exception as error:
        return f'raised {type(error).__name__}'


def tree(element: Any) -> Any:
    """All that an element has, as tuples."""
    return element.tag, dict(element.attrib), element.text, element.tail, [tree(child) for child in element]


def read(text: str, options: dict[str, Any]) -> Any:
    reader = csv.reader(io.StringIO(text, newline=''), **options)
    return list(reader), reader.line_num


def read_dicts(text: str, options: dict[str, Any]) -> Any:
    reader = csv.DictReader(io.StringIO(text, newline=''), **options)
    return list(reader), reader.fieldnames, reader.line_num


def write(row: Any, options: dict[str, Any]) -> Any:
    out = io.StringIO()
    written = csv.writer(out, **options).writerow(row)
    return out.getvalue(), written


def write_dicts(rows: list[Any], options: dict[str, Any]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, **options)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def json_cases() -> dict[str, str]:
    """Reading and writing, with and without options."""
    results = {}
    for text in TEXTS:
        results[f'loads {text!r:.80}'] = outcome(lambda: json.loads(text))
        results[f'loads bytes {text!r:.80}'] = outcome(lambda: json.loads(text.encode()))
        results[f'loads Decimal {text!r:.80}'] = outcome(lambda: json.loads(text, parse_float=Decimal, parse_int=str))
        results[f'loads pairs {text!r:.80}'] = outcome(lambda: json.loads(text, object_pairs_hook=list))
        results[f'load {text!r:.80}'] = outcome(lambda: json.load(io.StringIO(text)))
    results['loads, parse_float raises'] = outcome(lambda: json.loads('[1.5]', parse_float=lambda text: 1 / 0))
    for number, options in enumerate(OPTIONS):
        for index, value in enumerate(VALUES):
            results[f'dumps {number} {index}'] = outcome(lambda: json.dumps(value, **options))
    circle: list[Any] = []
    circle.append(circle)
    results['dumps a circle'] = outcome(lambda: json.dumps(circle))
    results['dumps a circle by default'] = outcome(lambda: json.dumps(object(), default=lambda value: value))
    return results


def csv_cases() -> dict[str, str]:
    """Rows and dicts, read and written."""
    results = {}
    for number, options in enumerate(READING):
        for text in TABLES:
            results[f'reader {number} {text!r}'] = outcome(lambda: read(text, options))
            results[f'DictReader {number} {text!r}'] = outcome(lambda: read_dicts(text, options))
    for text in TABLES:
        for options in ({'fieldnames': ['x', 'y']}, {'fieldnames': ('x', 'y'), 'restkey': 'more', 'restval': '?'}, {'fieldnames': []}):
            results[f'DictReader {sorted(options)} {text!r}'] = outcome(lambda: read_dicts(text, options))
    for number, options in enumerate(WRITING):
        for index, row in enumerate(ROWS):
            results[f'writer {number} {index}'] = outcome(lambda: write(row, options))
    dicts = [{'a': 1, 'b': 2}, {'b': 2}, {}, {'a': 1, 'c': 3}, {'b': 'x,y', 'a': '"'}]
    for options in (
        {'fieldnames': ['a', 'b']}, {'fieldnames': ['b', 'a'], 'extrasaction': 'ignore'}, {'fieldnames': ('a', 'b', 'c'), 'restval': '-'}, {'fieldnames': list('abc')},
        {'fieldnames': ['a', 'a', 'c'], 'extrasaction': 'ignore'}, {'fieldnames': ['a'], 'extrasaction': 'nonsense'},
    ):
        results[f'DictWriter {options!r:.60}'.replace(repr(options['fieldnames']), '')] = outcome(lambda: write_dicts(dicts, options))
    results['DictReader without a file'] = outcome(lambda: csv.DictReader())  # type: ignore[call-arg]
    results['DictReader is an iterator'] = outcome(lambda: iter(reader := csv.DictReader(['a', '1'])) is reader)
    results['next of DictReader'] = outcome(lambda: next(csv.DictReader(['a', '1'])))
    results['subclass of DictReader'] = outcome(lambda: list(Upper(['a,b', '1,2'])))
    return results


class Upper(csv.DictReader):  # type: ignore[type-arg]
    """A reader that has names of its own."""

    @property
    def fieldnames(self) -> Any:
        return [name.upper() for name in super().fieldnames or []]


def xml_cases() -> dict[str, str]:
    """Documents read, searched and written."""
    results = {}
    for document in DOCUMENTS:
        results[f'fromstring {document!r:.80}'] = outcome(lambda: tree(ElementTree.fromstring(document)))
        results[f'again {document!r:.80}'] = outcome(lambda: ElementTree.tostring(ElementTree.fromstring(document)))
        for encoding in ('utf-8', 'unicode', 'us-ascii', 'UTF-8', 'iso-8859-1'):
            results[f'{encoding} {document!r:.80}'] = outcome(lambda: ElementTree.tostring(ElementTree.fromstring(document), encoding))
        results[f'declared {document!r:.80}'] = outcome(
            lambda: ElementTree.tostring(ElementTree.fromstring(document), 'utf-8', xml_declaration=True, short_empty_elements=False))
        source = io.BytesIO(document) if isinstance(document, bytes) else io.StringIO(document)
        stream = io.BytesIO(document) if isinstance(document, bytes) else io.StringIO(document)
        results[f'iterparse {document!r:.80}'] = outcome(lambda: [(event, found.tag) for event, found in ElementTree.iterparse(stream, ('start', 'end'))])
        results[f'parse {document!r:.80}'] = outcome(lambda: tree(ElementTree.parse(source).getroot()))
    root = ElementTree.fromstring('<r><b x="1"><c>t</c></b><b x="2"/><b xmlns="u">n</b></r>')
    for path in PATHS:
        results[f'findall {path}'] = outcome(lambda: [(found.tag, found.attrib) for found in root.findall(path)])
        results[f'find {path}'] = outcome(lambda: getattr(root.find(path), 'tag', None))
        results[f'findtext {path}'] = outcome(lambda: root.findtext(path, 'none'))
    results.update(made())
    return results


def made() -> dict[str, str]:
    """Elements that no parser has made."""
    results = {}
    for number, fill in enumerate((
        {}, {'text': 'a<b>&"c'}, {'tail': 'é'}, {'text': 5}, {'tag': None, 'text': 'x'}, {'tag': 5}, {'tag': ElementTree.QName('u', 'x')}, {'attrib': {'a': 5}}, {'attrib': {'a': '\n\r\t<>&"\''}},
        {'attrib': {'{u}a': '1'}}, {'tag': '{u}x', 'attrib': {'{v}a': '1'}}, {'text': b'x'}, {'tag': '{http://www.w3.org/XML/1998/namespace}x'}, {'tag': '{http://www.w3.org/1999/xhtml}p'}, {'text': ''},
    )):
        element = ElementTree.Element('x')
        element.append(ElementTree.Element('child', one='1'))
        for name, value in fill.items():
            setattr(element, name, value)
        results[f'made {number}'] = outcome(lambda: ElementTree.tostring(element))
        results[f'made {number} as text'] = outcome(lambda: ElementTree.tostring(element, 'unicode', short_empty_elements=False))
    commented = ElementTree.Element('a')
    commented.append(ElementTree.Comment('c'))
    commented.append(ElementTree.ProcessingInstruction('p', 'q'))
    results['comments'] = outcome(lambda: ElementTree.tostring(commented))
    results['html'] = outcome(lambda: ElementTree.tostring(ElementTree.fromstring('<p><br/>x</p>'), method='html'))
    results['text'] = outcome(lambda: ElementTree.tostring(ElementTree.fromstring('<p>a<b>c</b>d</p>'), method='text'))
    results['a parser of its own'] = outcome(lambda: tree(ElementTree.fromstring('<a><b/></a>', ElementTree.XMLParser())))
    return results


def run() -> dict[str, str]:
    """All results, by the names of their cases."""
    return {**json_cases(), **csv_cases(), **xml_cases()}


def lines() -> list[str]:
    """A line for every case: its name and its result, in ASCII. As text, since what is compared must not go through what is tested."""
    return [f'{name}\t{result}'.encode('ascii', 'backslashreplace').decode() for name, result in run().items()]


class NativeCases(Service):
    """Answers all results."""

    def handle(self) -> None:
        self.response.payload = '\n'.join(lines())


if __name__ == '__main__':
    from pathlib import Path
    Path(__file__).with_name('native_expected.txt').write_text('\n'.join(sorted(lines())) + '\n')
