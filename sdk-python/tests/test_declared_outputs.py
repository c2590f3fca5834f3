"""What services with a declared output answer, and the JSON Schemas of declarations."""

from __future__ import annotations

import datetime
import decimal
import json
import unittest
import uuid
from typing import Any

from tests._declared import declaration, service, write
from tests.test_declared_models import Everything, Item, Node, Order

from caisson import CSV, DateTime, Decimal, Dict, DictList, Int, List, Text
from caisson._declare import schemas_of
from caisson._output import NoSuchOutput, OutputMissing
from zato.common.typing_ import list_, strlist


def simple(**settings: Any) -> Any:
    """A service with a `class SimpleIO`."""
    return service(SimpleIO=type('SimpleIO', (), settings))


class Row:
    """A row of a database, or any other object."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


class Names(unittest.TestCase):
    """Outputs that are declared by names."""

    def test_attributes_and_items(self) -> None:
        """Are the same."""
        def say(response: Any) -> None:
            response.payload.a = 1
            response.payload['b'] = [response.payload.a]
            response.payload.c.d.e = 2
            response.payload.update(f=3)

        payload, body = write(service(output=('a', 'b', '-c', '-f')), say)
        self.assertEqual(payload, {'a': 1, 'b': [1], 'c': {'d': {'e': 2}}, 'f': 3})
        self.assertEqual(json.loads(body), payload)

    def test_undeclared_names_are_errors(self) -> None:
        """That name the nearest declared one; a dict is filtered instead."""
        cls = service(output=('name', '-other'))
        for say in (lambda r: setattr(r.payload, 'nme', 1), lambda r: r.payload.__setitem__('nme', 1), lambda r: r.payload['nme']):
            with self.assertRaisesRegex(NoSuchOutput, 'No such output element `nme`; did you mean `name`?'):
                write(cls, say)
        with self.assertRaises(AttributeError):
            write(cls, lambda r: r.payload.nme)
        self.assertEqual(write(cls, lambda r: setattr(r, 'payload', {'name': 1, 'nme': 2}))[0], {'name': 1})

    def test_nothing_said_is_an_empty_body(self) -> None:
        """In every form."""
        for cls in (service(output=('a', '-b')), simple(output='a'), simple(output='a', output_repeated=True), service(output=Item),
                    service(output=list_[Item])):
            self.assertEqual(write(cls, lambda response: None), ('', b''))

    def test_lists(self) -> None:
        """By slice, by `append`, or assigned; of dicts and of objects."""
        rows = [{'a': 1, 'x': 2}, Row(a=3, x=4)]

        def append(response: Any) -> None:
            for row in rows:
                response.payload.append(row)

        for say in (lambda r: r.payload.__setitem__(slice(None), rows), append, lambda r: setattr(r, 'payload', rows),
                    lambda r: setattr(r, 'payload', tuple(rows)), lambda r: r.payload.extend(rows)):
            self.assertEqual(write(service(output='a'), say)[0], [{'a': 1}, {'a': 3}])
            self.assertEqual(write(simple(output=Int('a'), output_repeated=True), say)[0], {'response': [{'a': 1}, {'a': 3}]})
        repeated = simple(output=Int('a'), output_repeated=True)
        self.assertEqual(write(repeated, lambda r: setattr(r.payload, 'a', 1))[0], {'response': [{'a': 1}]})
        # An empty list is an empty body, as everywhere, but for the element around it.
        self.assertEqual(write(service(output='a'), lambda r: setattr(r, 'payload', []))[1], b'')
        self.assertEqual(write(simple(output='a'), lambda r: setattr(r, 'payload', []))[0], {'response': []})

    def test_the_response_element(self) -> None:
        """Is there in the dialect of 3.2, unless it is called otherwise or not at all."""
        say = lambda response: setattr(response.payload, 'a', 1)  # noqa: E731
        self.assertEqual(write(simple(output=Int('a')), say)[0], {'response': {'a': 1}})
        self.assertEqual(write(simple(output=Int('a'), response_elem='answer'), say)[0], {'answer': {'a': 1}})
        self.assertEqual(write(simple(output=Int('a'), response_elem=None), say)[0], {'a': 1})
        self.assertEqual(write(service(output='a'), say)[0], {'a': 1})

    def test_elements_that_were_not_set(self) -> None:
        """3.2: a default, and an error for required ones; 4.1: they are left out."""
        say = lambda response: setattr(response.payload, 'b_count', 1)  # noqa: E731
        with self.assertRaisesRegex(OutputMissing, 'has not set the output element `a`'):
            write(simple(output_required='a', output_optional='b_count'), say)
        self.assertEqual(write(simple(output_optional=('a', 'b_count')), say)[0], {'response': {'a': '', 'b_count': 1}})
        null = simple(output_optional=('a', 'b_count'), default_value=None)
        self.assertEqual(write(null, say)[0], {'response': {'a': None, 'b_count': 1}})
        self.assertEqual(write(service(output=('a', '-b_count')), say)[0], {'b_count': 1})
        self.assertEqual(write(service(output=(Int('a', default=3), '-b_count')), say)[0], {'a': 3, 'b_count': 1})

    def test_empty_elements_are_skipped_when_that_is_asked_for(self) -> None:
        """Of all names or of some."""
        def say(response: Any) -> None:
            response.payload.update(a='', b=None, c=0, d=[])

        names = {'output': ('-a', '-b', '-c_count', List('-d'), '-c'), 'response_elem': None}
        self.assertEqual(write(simple(skip_empty_keys=True, **names), say)[0], {'c': '0'})
        self.assertEqual(write(simple(skip_empty_keys=True, force_empty_keys=('a', 'd'), **names), say)[0], {'a': '', 'c': '0', 'd': []})
        self.assertEqual(write(simple(skip_empty_keys='b', **names), say)[0], {'a': '', 'c': '0', 'c_count': '', 'd': []})
        skip = type('SkipEmpty', (), {'output': ('a', 'c_count')})
        self.assertEqual(write(simple(SkipEmpty=skip, **names), say)[0], {'b': None, 'c': '0', 'd': []})

    def test_types(self) -> None:
        """Values are written by type; one that does not fit its type goes as it is."""
        def say(response: Any) -> None:
            response.payload.update(
                a_count='5', b_count='many', is_c='yes', d=['a', 'b,c'], e=decimal.Decimal('1.10'), f=datetime.datetime(2024, 2, 29),
                g=uuid.UUID(int=1), h=5, i={'x': 1, 'y': 2}, j=[{'x': 1, 'y': 2}])

        cls = service(output=('a_count', 'b_count', 'is_c', CSV('d'), Decimal('e'), DateTime('f'), 'g', Text('h'), Dict('i', 'x'),
                              DictList('j', 'x')))
        self.assertEqual(json.loads(write(cls, say)[1]), {
            'a_count': 5, 'b_count': 'many', 'is_c': True, 'd': 'a,"b,c"', 'e': '1.10', 'f': '2024-02-29T00:00:00',
            'g': '00000000-0000-0000-0000-000000000001', 'h': '5', 'i': {'x': 1}, 'j': [{'x': 1}]})
        semicolon = simple(output=CSV('d'), csv_delimiter=';', response_elem=None)
        self.assertEqual(write(semicolon, lambda r: setattr(r.payload, 'd', ['a', 'b']))[0], {'d': 'a;b'})

    def test_text_bytes_and_iterators_go_as_they_are(self) -> None:
        """Whatever is declared."""
        for cls in (service(output='a'), simple(output='a'), service(output=Item)):
            for payload in ('text', b'bytes', 5, iter([1])):
                self.assertIs(write(cls, lambda r, p=payload: setattr(r, 'payload', p))[0], payload)


class Models(unittest.TestCase):
    """Outputs that are models."""

    def test_every_way_to_say_it(self) -> None:
        """An object, a dict, another object, or attributes of the payload."""
        expected = {'sku': 'a', 'qty': 1, 'tags': None}

        def by_attribute(response: Any) -> None:
            response.payload.sku = 'a'

        for say in (by_attribute, lambda r: setattr(r, 'payload', Item(sku='a')), lambda r: r.payload.__setitem__('sku', 'a')):
            self.assertEqual(write(service(output=Item), say)[0], expected)
        self.assertEqual(write(service(output=Item), lambda r: setattr(r, 'payload', {'sku': 'a', 'x': 1}))[0], {'sku': 'a'})
        self.assertEqual(write(service(output=Item), lambda r: setattr(r, 'payload', Row(sku='a', x=1)))[0], {'sku': 'a'})
        with self.assertRaisesRegex(AttributeError, 'did you mean `sku`'):
            write(service(output=Item), lambda r: setattr(r.payload, 'skus', 'a'))

    def test_lists(self) -> None:
        """Appended, assigned, or a list where one is declared."""
        def append(response: Any) -> None:
            response.payload.append(Item(sku='a'))
            response.payload.append({'sku': 'b', 'x': 1})

        self.assertEqual(write(service(output=list_[Item]), append)[0], [{'sku': 'a', 'qty': 1, 'tags': None}, {'sku': 'b'}])
        self.assertEqual(write(service(output=Item), lambda r: setattr(r, 'payload', [Item(sku='a')]))[0][0]['sku'], 'a')
        self.assertEqual(write(service(output=list_[Item]), lambda r: setattr(r, 'payload', []))[1], b'')
        self.assertEqual(write(service(output=strlist), lambda r: setattr(r, 'payload', ['a']))[1], b'["a"]')

    def test_nested_parts(self) -> None:
        """Vivified, and written with dates and decimals as text."""
        def say(response: Any) -> None:
            response.payload.a_model.sku = 'x'
            response.payload.a_decimal = decimal.Decimal('1.0')
            response.payload.a_date = datetime.date(2024, 2, 29)
            response.payload.a_set = {1}

        self.assertEqual(json.loads(write(service(output=Everything), say)[1]), {
            'a_decimal': '1.0', 'a_date': '2024-02-29', 'a_set': [1], 'a_model': {'sku': 'x', 'qty': 1, 'tags': None}})

    def test_mixed(self) -> None:
        """One side a model, the other names."""
        cls = service(input=Item, output=('a', 'b'))
        self.assertEqual(write(cls, lambda r: setattr(r.payload, 'a', 1), {'sku': 's'})[0], {'a': 1})
        cls = service(input='a', output=Item)
        self.assertEqual(write(cls, lambda r: setattr(r.payload, 'sku', 's'), {'a': 1})[0]['sku'], 's')


class Schemas(unittest.TestCase):
    """JSON Schema of declarations."""

    def test_of_a_model(self) -> None:
        """With models in `$defs`, descriptions and defaults."""
        schema = declaration(input=Order).input_schema()
        self.assertEqual(schema, {
            '$schema': 'https://json-schema.org/draft/2020-12/schema', 'title': 'Order', 'type': 'object',
            'properties': {
                'order_id': {'type': 'integer'}, 'items': {'type': 'array', 'items': {'$ref': '#/$defs/Item'}},
                'note': {'type': ['string', 'null']},
                'extra': {'type': 'object', 'additionalProperties': {'type': 'integer'}, 'description': 'What else', 'default': {}}},
            'required': ['order_id', 'items'],
            '$defs': {'Item': {
                'title': 'Item', 'description': 'A line of an order.', 'type': 'object',
                'properties': {'sku': {'type': 'string'}, 'qty': {'type': 'integer', 'default': 1},
                               'tags': {'type': ['string', 'null'], 'default': None}},
                'required': ['sku']}}})

    def test_of_names(self) -> None:
        """Types where they are known; secrets are passwords."""
        schema = declaration(input=('a', '-b_count', DateTime('c', description='When'), 'api_key', Dict('d', 'e', '-is_f'))).input_schema()
        assert schema is not None
        self.assertEqual(schema['properties'], {
            'a': {}, 'b_count': {'type': ['integer', 'null']}, 'c': {'type': 'string', 'format': 'date-time', 'description': 'When'},
            'api_key': {'type': 'string', 'format': 'password'},
            'd': {'type': 'object', 'properties': {'e': {}, 'is_f': {'type': ['boolean', 'null']}}, 'required': ['e']}})
        self.assertEqual(schema['required'], ['a', 'c', 'api_key', 'd'])

    def test_of_a_simple_io(self) -> None:
        """With what is around the answer."""
        schema = declaration(SimpleIO=type('S', (), {'output': Int('a'), 'output_repeated': True})).output_schema()
        assert schema is not None
        self.assertEqual(schema['properties']['response']['items'],
                         {'type': 'object', 'properties': {'a': {'type': 'integer'}}, 'required': ['a']})

    def test_circles_and_lists(self) -> None:
        """A model that names itself is a reference to itself."""
        schema = declaration(input=list_[Node]).input_schema()
        assert schema is not None
        self.assertEqual((schema['type'], schema['items']), ('array', {'$ref': '#/$defs/Node'}))
        self.assertEqual(schema['$defs']['Node']['properties']['children'],
                         {'type': 'array', 'items': {'$ref': '#/$defs/Node'}, 'default': []})

    def test_all_references_lead_somewhere(self) -> None:
        """And everything is JSON."""
        for declared in (Everything, Order, Node, list_[Item], ('a', '-b')):
            for text in schemas_of(service(input=declared, output=declared)):
                assert text is not None
                schema = json.loads(text)
                references = [one.split('"')[0] for one in text.split('"#/$defs/')[1:]]
                self.assertLessEqual(set(references), set(schema.get('$defs', {})))
        self.assertEqual(schemas_of(service()), (None, None))


if __name__ == '__main__':
    unittest.main()
