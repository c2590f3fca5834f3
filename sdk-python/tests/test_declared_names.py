"""Declarations by names: `input = 'a', '-b'`, wrappers, `class SimpleIO` and `class IO`."""

from __future__ import annotations

import datetime
import decimal
import unittest
import uuid
from typing import Any

from tests._declared import read, service

from caisson import (
    CSV, UTC, UUID, AsIs, Bool, Boolean, Date, DateTime, Decimal, Dict, DictList, ElementMissing, Float, ForceType, Int, Integer, List,
    ListOfDicts, ModelValidationError, Nested, Opaque, Text, Unicode,
)

DAY = datetime.date(2024, 2, 29)
NOON = datetime.datetime(2024, 2, 29, 12, 0)
ID = uuid.UUID('0f8fad5b-d9cb-469f-a165-70867728950e')
DEEP: Any = []
for _ in range(150):
    DEEP = [DEEP]

# Element, values that it takes with what they become, values that it refuses.
TABLE: list[tuple[Any, list[tuple[Any, Any]], list[Any]]] = [
    (Int, [(5, 5), ('5', 5), (' -5 ', -5), (5.0, 5), (-3, -3), (10 ** 30, 10 ** 30), ('+7', 7)],
     [None, '', 'x', '5.5', 5.5, True, [], {}, [1], float('nan'), float('inf'), 1e300, '9' * 5000, '1_000', '٣', '0x10', DEEP]),
    (Float, [(5, 5.0), ('5.5', 5.5), (-1e3, -1000.0), ('1e3', 1000.0), ('.5', 0.5)],
     [None, '', 'x', True, [], {}, float('nan'), float('inf'), float('-inf'), 'nan', 'inf', '1e999', 10 ** 400, '1_0', '0x1p3']),
    (Bool, [(True, True), (False, False), (1, True), (0, False), ('true', True), ('YES', True), ('on', True), ('0', False), ('n', False)],
     [None, '', 'maybe', 2, -1, [], {}, 0.5, float('nan')]),
    (Text, [('a', 'a'), ('', ''), (5, '5'), (1.5, '1.5'), ('zażółć', 'zażółć'), (10 ** 20, '1' + '0' * 20)],
     [None, True, [], {}, ['a'], '\ud800', float('nan')]),
    (Decimal, [('1.10', decimal.Decimal('1.10')), (1.1, decimal.Decimal('1.1')), (-2, decimal.Decimal(-2)),
               ('1e3', decimal.Decimal('1e3'))],
     [None, '', 'x', True, [], {}, 'NaN', 'Infinity', 'sNaN', float('nan'), float('inf'), '1e999999', '9' * 1001, '1e-9999']),
    (Date, [('2024-02-29', DAY)],
     [None, '', '2023-02-29', '29.02.2024', '2024-2-29', '20240229', '2024-02-29T12:00', 5, True, [], {}, '0000-01-01', '99999-01-01']),
    (DateTime, [
        ('2024-02-29T12:00:00', NOON), ('2024-02-29 12:00', NOON), ('2024-02-29', datetime.datetime(2024, 2, 29)),
        ('2024-02-29T12:00:00Z', NOON.replace(tzinfo=datetime.timezone.utc)),
        ('2024-02-29T12:00:00.123456789+02:00',
         NOON.replace(microsecond=123456, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))),
        ('2024-02-29T12:00:00.5', NOON.replace(microsecond=500000)),
        ('2024-02-29T12:00:00+0200', NOON.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=2))))],
     [None, '', 'now', '2024-02-30T12:00:00', '2024-02-29T25:00', '2024-02-29T12:00:61', '2024-W09-4', 1709208000, True, [], {}]),
    (UTC, [('2024-02-29T14:00:00+02:00', NOON.replace(tzinfo=datetime.timezone.utc)),
           ('2024-02-29T12:00:00', NOON.replace(tzinfo=datetime.timezone.utc))],
     [None, '', 'x', '0001-01-01T00:00:00+14:00', 5, [], {}]),
    (UUID, [(str(ID), ID), (ID.hex, ID), (str(ID).upper(), ID)], [None, '', 'x', str(ID)[:-1], '{' + str(ID) + '}', 5, True, [], {}]),
    (CSV, [('a,b', ['a', 'b']), ('"a,b",c', ['a,b', 'c']), (['a', 1], ['a', '1']), ('a', ['a']), ('', [])],
     [None, 5, True, {}, 'a\nb', [[]], [None], '\ud800,a']),
    (Dict, [({}, {}), ({'a': [1]}, {'a': [1]}), ({'a': None}, {'a': None})], [None, '', 'x', 5, True, [], [{}]]),
    (DictList, [([], []), ([{'a': 1}], [{'a': 1}])], [None, '', 'x', 5, True, {}, [1], [None], [[]], DEEP]),
    (List, [([], []), ([1, None, 'a'], [1, None, 'a'])], [None, '', 'x', 5, True, {}]),
    (AsIs, [(None, None), (5, 5), ({'a': []}, {'a': []}), (True, True), ('', '')], []),
    (Opaque, [(None, None), ([1], [1])], []),
    (ForceType, [(None, None), (5, 5)], []),
]


class Wrappers(unittest.TestCase):
    """What each wrapper takes, what becomes of it, and what it refuses."""

    def test_what_is_right_is_converted(self) -> None:
        """The value is of the type that the wrapper stands for."""
        for wrapper, right, _ in TABLE:
            cls = service(input=(wrapper('a'), 'other'))
            for given, expected in right:
                with self.subTest(wrapper=wrapper.__name__, given=given):
                    got = read(cls, {'a': given, 'other': 1}).a
                    self.assertEqual((got, type(got)), (expected, type(expected)))

    def test_what_is_wrong_is_a_400_with_its_path(self) -> None:
        """Whatever it is; and the elements beside it are not blamed."""
        for wrapper, _, wrong in TABLE:
            cls = service(input=(wrapper('a'), 'other'))
            for given in wrong:
                with self.subTest(wrapper=wrapper.__name__, given=str(given)[:50]):
                    with self.assertRaises(ModelValidationError) as caught:
                        read(cls, {'a': given, 'other': 1})
                    self.assertEqual((caught.exception.status, caught.exception.elem_path[:2]), (400, '/a'))
                    self.assertEqual([one['path'].split('[')[0] for one in caught.exception.problems], ['/a'] * len(
                        caught.exception.problems))
                    str(caught.exception).encode()

    def test_missing_is_a_400_that_names_the_element(self) -> None:
        """As Zato 3.2 words it."""
        for wrapper, *_ in TABLE:
            with self.assertRaises(ElementMissing) as caught:
                read(service(input=(wrapper('a'),)), {'b': 1})
            self.assertEqual((str(caught.exception), caught.exception.status), ('Element missing: a', 400))

    def test_optional_elements_may_be_missing_null_or_empty(self) -> None:
        """In the dialect of 4.1 they are None then, or their default."""
        for wrapper, *_ in TABLE:
            if wrapper in (AsIs, Opaque, ForceType, Text):
                continue
            cls = service(input=(wrapper('-a'), wrapper('b', default=7)))
            for body in ({}, {'a': None, 'b': None}, {'a': '', 'b': ''}):
                with self.subTest(wrapper=wrapper.__name__, body=body):
                    self.assertEqual(read(cls, body), {'a': None, 'b': 7})

    def test_aliases(self) -> None:
        """Older names are the same wrappers."""
        self.assertEqual((Boolean, Integer, ListOfDicts, Nested, Unicode), (Bool, Int, DictList, Dict, Text))

    def test_keys_of_objects(self) -> None:
        """Only the declared ones are taken, each by its own type."""
        cls = service(input=(Dict('customer', 'name', '-nick', Int('age')), DictList('rows', 'x_count')))
        got = read(cls, {'customer': {'name': 'A', 'age': '5', 'more': 1}, 'rows': [{'x_count': '2'}]})
        self.assertEqual(got, {'customer': {'name': 'A', 'nick': None, 'age': 5}, 'rows': [{'x_count': 2}]})
        self.assertEqual(got.customer.age, 5)
        with self.assertRaises(ModelValidationError) as caught:
            read(cls, {'customer': {'age': 'x'}, 'rows': [{'x_count': 1}, {}, {'x_count': []}, 5]})
        self.assertEqual([one['path'] for one in caught.exception.problems],
                         ['/customer/name', '/customer/age', '/rows[1]/x_count', '/rows[2]/x_count', '/rows[3]'])


class Names(unittest.TestCase):
    """What names say, in both dialects."""

    def test_every_form(self) -> None:
        """A text, a tuple, a list; of the class or of its `class IO`."""
        for declared in ({'input': 'a'}, {'input': ('a',)}, {'input': ['a']}, {'IO': type('IO', (), {'input': 'a'})},
                         {'input': Int('a')}):
            self.assertEqual(read(service(**declared), {'a': 1, 'b': 2}), {'a': 1})

    def test_types_by_name(self) -> None:
        """The two dialects differ in what is an integer, and in what else is text."""
        body = {name: '1' for name in ('is_a', 'needs_b', 'x_count', 'x_timeout', 'x_id', 'id', 'x_size_max', 'other')}
        body['free'] = 5  # type: ignore[assignment]
        modern = read(service(input=tuple(body)), body)
        self.assertEqual(modern, {**body, 'is_a': True, 'needs_b': True, 'x_count': 1, 'x_timeout': 1})
        simple = read(service(SimpleIO=type('SimpleIO', (), {'input': tuple(body)})), body)
        self.assertEqual(simple, {
            'is_a': True, 'needs_b': True, 'x_count': 1, 'x_timeout': 1, 'x_id': 1, 'id': 1, 'x_size_max': 1, 'other': '1', 'free': '5'})

    def test_optional_missing(self) -> None:
        """None in the dialect of 4.1; in that of 3.2 an empty text, False, or what the class says."""
        self.assertEqual(read(service(input=('-a', '-is_b', '-c_count')), {}), {'a': None, 'is_b': None, 'c_count': None})

        def simple(**settings: Any) -> Any:
            return read(service(SimpleIO=type('SimpleIO', (), {'input_optional': ('a', 'is_b', 'c_count'), **settings})), {})

        self.assertEqual(simple(), {'a': '', 'is_b': False, 'c_count': ''})
        self.assertEqual(simple(default_value=None), {'a': None, 'is_b': None, 'c_count': None})
        skip = type('SkipEmpty', (), {'input': True, 'force_empty_input': 'a'})
        self.assertEqual(simple(SkipEmpty=skip), {'a': ''})

    def test_all_that_is_wrong_is_told_at_once(self) -> None:
        """With path, what was wanted and what came; secrets are not shown."""
        cls = service(input=('name', 'is_a', Int('pin_token'), Date('day'), 'x_count'))
        with self.assertRaises(ModelValidationError) as caught:
            read(cls, {'is_a': 'perhaps', 'pin_token': 'hunter2', 'day': [1, 2], 'x_count': 'z' * 100})
        self.assertEqual(str(caught.exception), (
            "Element missing: name; is_a: a boolean is wanted, not the text 'perhaps'; "
            'pin_token: an integer is wanted, not the text ***; day: a date such as 2024-01-31 is wanted, not a list of 2; '
            f"x_count: an integer is wanted, not the text '{'z' * 40}'..."))
        self.assertNotIsInstance(caught.exception, ElementMissing)

    def test_many_problems_are_shortened(self) -> None:
        """The text stays readable, the list has all."""
        with self.assertRaises(ModelValidationError) as caught:
            read(service(input=tuple(f'a{index}' for index in range(200))), {})
        self.assertTrue(str(caught.exception).endswith('; and 150 more'))
        self.assertEqual(len(caught.exception.problems), 200)
        with self.assertRaisesRegex(ModelValidationError, '; and 4950 more$') as caught:
            read(service(input=DictList('a', 'b')), {'a': [{}] * 5000})
        self.assertEqual(len(caught.exception.problems), 1000)


class Bodies(unittest.TestCase):
    """What may come as a body."""

    def test_bodies_that_are_no_objects(self) -> None:
        """Are a 400 that says why, never a 500."""
        for body, text in (
            (b'{"a": 1', 'JSON is wanted'), (b'<a/>', 'JSON is wanted'), (b'\xff\xfe\x00', 'JSON is wanted'),
            (b'{"a": "\xc3\x28"}', 'not valid utf-8'),
            (b'[' * 100_000, 'nested too deep'), (b'[1]', 'an object is wanted, not a list of 1'), (b'5', 'not the number 5'),
            (b'"x"', 'JSON is wanted'), (b'true', 'not true'),
            (b'{"a": ' + b'9' * 5000 + b'}', 'JSON is wanted'), (b'NaN', 'the number nan'),
        ):
            with self.subTest(body=body[:20]):
                with self.assertRaises(ModelValidationError) as caught:
                    read(service(input='a'), body)
                self.assertIn(text, str(caught.exception))
                self.assertNotIn('password', str(caught.exception))

    def test_no_body_is_an_empty_object(self) -> None:
        """And so is null."""
        for body in (b'', b'null', b'{}'):
            self.assertEqual(read(service(input='-a'), body), {'a': None})
            with self.assertRaisesRegex(ElementMissing, 'a'):
                read(service(input='a'), body)

    def test_names_that_are_there_twice_are_refused(self) -> None:
        """At any depth; with their paths."""
        for body, paths in ((b'{"a": 1, "a": 1}', ['/a']), (b'{"a": {"b": [{}, {"c": 1, "c": 2}]}}', ['/a/b[1]/c']),
                            (b'{"a": 1, "x": 1, "x": 2}', ['/x'])):
            with self.assertRaises(ModelValidationError) as caught:
                read(service(input='a'), body)
            self.assertEqual([one['path'] for one in caught.exception.problems], paths)
        self.assertEqual(read(service(input='a'), b'{"a": ":\\":{", "b": {"a": 1}}'), {'a': ':":{'})

    def test_other_encodings_of_json(self) -> None:
        """UTF-16 is JSON too."""
        self.assertEqual(read(service(input='a'), '{"a": "é"}'.encode('utf-16')), {'a': 'é'})

    def test_parameters_of_the_url_win(self) -> None:
        """Unless the channel says otherwise; the query wins over the path unless it says otherwise as well."""
        cls = service(input=('a', '-b', List('-c'), Int('-d')))
        facts = {'params': {'a': 'path'}, 'query': {'a': 'query', 'c': '1', 'd': '5'}}
        self.assertEqual(read(cls, {'a': 'body', 'b': 'body'}, **facts), {'a': 'query', 'b': 'body', 'c': ['1'], 'd': 5})
        self.assertEqual(read(cls, {'a': 'body'}, url_over_body=False, **facts).a, 'body')
        self.assertEqual(read(cls, {}, path_over_query=True, **facts).a, 'path')
        with self.assertRaisesRegex(ModelValidationError, 'd: an integer is wanted, not a list of 2'):
            read(cls, {'a': 1}, query={'d': ['1', '2']})

    def test_forms(self) -> None:
        """Fields of a form, and JSON that curl has called a form."""
        cls = service(input=('a', List('-b')))
        form = 'application/x-www-form-urlencoded'
        self.assertEqual(read(cls, b'a=1&b=2', content_type=form), {'a': '1', 'b': ['2']})
        self.assertEqual(read(cls, b' {"a": "=&", "b": []}', content_type=form), {'a': '=&', 'b': []})
        with self.assertRaisesRegex(ModelValidationError, 'JSON'):
            read(cls, b'{"a": 1', content_type=form)

    def test_request_elem_and_channel_params(self) -> None:
        """Settings of older services."""
        wrapped = service(SimpleIO=type('SimpleIO', (), {'input': 'a', 'request_elem': 'request'}))
        self.assertEqual(read(wrapped, {'request': {'a': 1}}), {'a': '1'})
        only = service(SimpleIO=type('SimpleIO', (), {'input': 'a', 'use_channel_params_only': True}))
        self.assertEqual(read(only, b'no json', params={'a': '1'}), {'a': '1'})


if __name__ == '__main__':
    unittest.main()
