"""Models: what they take, what they refuse, and what services do with them."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import unittest
import uuid
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Union

from tests._declared import IS_SANDBOX, declaration, read, service

from caisson import BadRequest, ElementIsNotAList, ElementMissing, Model, ModelValidationError
from caisson._problems import DeclarationError
from zato.common.typing_ import any_, anylist, dict_, list_, list_field, optional, strlist


class Colour(enum.Enum):
    """For a field that is one of several values."""

    RED = 'red'
    TEN = 10


@dataclass(init=False)
class Item(Model):
    """A line of an order.

    Not part of the description.
    """

    sku: str
    qty: int = 1
    tags: optional[str] = None


@dataclass(init=False)
class Order(Model):
    order_id: int
    items: list_[Item]
    note: optional[str]
    extra: dict_[str, int] = field(default_factory=dict, metadata={'description': 'What else'})


class Bare(Model):
    """Without the decorator."""

    a: int
    b: list = []
    c: 'optional[Later]' = None
    KIND: ClassVar[str] = 'bare'


@dataclass
class Later(Model):
    """With an `__init__`, and named before it is there."""

    x: int
    y: str = 'y'


@dataclass
class Plain:
    """A dataclass that is no model."""

    x: int
    y: str = 'y'


class Node(Model):
    """Refers to itself."""

    name: str
    children: list_['Node'] = list_field()


class Everything(Model):
    """A field of each type, all of them required."""

    a_str: str
    a_int: int
    a_float: float
    a_bool: bool
    a_decimal: decimal.Decimal
    a_date: datetime.date
    a_datetime: datetime.datetime
    a_time: datetime.time
    a_uuid: uuid.UUID
    a_list: strlist
    a_set: set[int]
    a_pair: tuple[int, str]
    a_dict: dict[str, Item]
    a_keyed: dict[int, int]
    a_model: Item
    a_plain: Plain
    a_colour: Colour
    a_literal: Literal['x', 1]
    a_union: Union[int, str]
    a_models: list[optional[Item]]
    an_any: any_
    some: anylist


RIGHT = {
    'a_str': 's', 'a_int': '5', 'a_float': 1, 'a_bool': 'yes', 'a_decimal': '1.10', 'a_date': '2024-02-29', 'a_time': '13:30',
    'a_datetime': '2024-02-29T12:00:00Z', 'a_uuid': '0f8fad5b-d9cb-469f-a165-70867728950e', 'a_list': ['a', ''], 'a_set': [1, 1],
    'a_pair': [1, 'a'], 'a_dict': {'k': {'sku': 's'}}, 'a_keyed': {'1': 2}, 'a_model': {'sku': 's', 'more': 1}, 'a_plain': {'x': 1},
    'a_colour': 'red', 'a_literal': 'x', 'a_union': '5', 'a_models': [None, {'sku': 's'}], 'an_any': {'x': [None]}, 'some': [None, 1],
}

# Field, a value that it refuses, the path that is blamed.
WRONG: list[tuple[str, Any, str]] = [
    *((f'a_{name}', value, f'/a_{name}') for name, values in {
        'str': (None, 5, True, [], {}, '\ud800'),
        'int': (None, '', 'x', 5.5, True, [], {}, float('nan'), float('inf')),
        'float': (None, '', 'x', True, [], {}, float('nan'), float('inf'), 10 ** 400),
        'bool': (None, '', 'x', 5, [], {}),
        'decimal': (None, 'x', True, [], float('nan')),
        'date': (None, '', 'x', 5, [], '2024-02-30'),
        'datetime': (None, '', 'x', 5, [], '2024-02-30T00:00'),
        'time': (None, '', 'x', 5, [], '25:00'),
        'uuid': (None, '', 'x', 5, []),
        'list': (None, '', 'x', 5, {}), 'set': (None, 'x', 5, {}), 'pair': (None, 'x', {}), 'dict': (None, 'x', 5, []),
        'model': (None, 'x', 5, [], [{}]), 'plain': (None, 'x', 5, []), 'colour': (None, 'blue', True, [], {}, '10'),
        'literal': (None, 'y', True, 1.0, [], {}), 'union': (None, [], {}), 'models': (None, 'x', {}),
    }.items() for value in values),
    ('a_list', [1], '/a_list[0]'), ('a_list', ['a', None], '/a_list[1]'), ('a_set', [1, 'x'], '/a_set[1]'), ('a_pair', [[]], '/a_pair[0]'),
    ('a_dict', {'k': {}}, '/a_dict/k/sku'), ('a_dict', {'k': 5}, '/a_dict/k'), ('a_dict', {'k': None}, '/a_dict/k'),
    ('a_keyed', {'x': 1}, '/a_keyed/x'), ('a_keyed', {'1': 'x'}, '/a_keyed/1'),
    ('a_model', {}, '/a_model/sku'), ('a_model', {'sku': 's', 'qty': 'x'}, '/a_model/qty'), ('a_model', {'sku': None}, '/a_model/sku'),
    ('a_plain', {}, '/a_plain/x'), ('a_models', [{}], '/a_models[0]/sku'), ('a_models', ['x'], '/a_models[0]'), ('some', {}, '/some'),
]


class Reading(unittest.TestCase):
    """How an input becomes a model."""

    def test_every_type_is_converted(self) -> None:
        """Unknown names are left out."""
        got = read(service(input=Everything), RIGHT)
        self.assertIsInstance(got, Everything)
        self.assertEqual((got.a_int, got.a_float, got.a_bool, got.a_decimal), (5, 1.0, True, decimal.Decimal('1.10')))
        self.assertEqual(type(got.a_float), float)
        self.assertEqual((got.a_date, got.a_time), (datetime.date(2024, 2, 29), datetime.time(13, 30)))
        self.assertEqual(got.a_datetime, datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc))
        self.assertEqual((got.a_set, got.a_pair, got.a_keyed, got.a_colour, got.a_union), ({1}, (1, 'a'), {1: 2}, Colour.RED, '5'))
        self.assertEqual((got.a_dict['k'].sku, got.a_model.qty, got.a_plain, got.a_models[1].sku), ('s', 1, Plain(1), 's'))
        self.assertFalse(hasattr(got.a_model, 'more'))
        self.assertIsNone(got.a_models[0])

    def test_every_wrong_value_is_a_400_with_its_path(self) -> None:
        """And nothing else is blamed."""
        cls = service(input=Everything)
        for name, value, path in WRONG:
            with self.subTest(name=name, value=str(value)[:40]):
                with self.assertRaises(ModelValidationError) as caught:
                    read(cls, {**RIGHT, name: value})
                self.assertEqual([one['path'] for one in caught.exception.problems], [path])
                self.assertEqual(caught.exception.status, 400)

    def test_everything_missing_is_told_at_once(self) -> None:
        """In the order of the declaration."""
        with self.assertRaises(ElementMissing) as caught:
            read(service(input=Everything), {})
        self.assertEqual([one['path'] for one in caught.exception.problems], [f'/{name}' for name in Everything.__annotations__])
        with self.assertRaises(ModelValidationError) as caught2:
            read(service(input=Order), {'items': [{'qty': 'x'}, 3, {'sku': 's', 'qty': True}]})
        self.assertEqual(str(caught2.exception), (
            "Element missing: /order_id; Element missing: /items[0]/sku; /items[0]/qty: an integer is wanted, not the text 'x'; "
            '/items[1]: an object is wanted, not the number 3; /items[2]/qty: an integer is wanted, not true'))

    def test_no_list_is_an_error_of_its_own(self) -> None:
        """For those who catch it."""
        with self.assertRaises(ElementIsNotAList):
            read(service(input=Order), {'order_id': 1, 'items': {'sku': 's'}})
        with self.assertRaises(ElementIsNotAList):
            read(service(input=list_[Item]), {'sku': 's'})

    def test_optional_and_defaults(self) -> None:
        """Missing and null are the same; each object has its own list."""
        cls = service(input=Order)
        for body in ({'order_id': 1, 'items': []}, {'order_id': 1, 'items': [], 'note': None, 'extra': None}):
            got = read(cls, body)
            self.assertEqual((got.note, got.extra), ('', {}))
        one, two = (read(service(input=Bare), {'a': 1}) for _ in 'ab')
        one.b.append(1)
        self.assertEqual((two.b, Bare.from_dict({'a': 1}).b, two.c, two.KIND), ([], [], None, 'bare'))
        self.assertEqual(read(service(input=Bare), {'a': 1, 'c': {'x': 2}}).c.y, 'y')
        with self.assertRaises(ElementMissing):
            read(service(input=Bare), {'a': 1, 'c': {}})

    def test_elements_may_have_the_names_of_methods(self) -> None:
        """They are required as any other."""
        @dataclass(init=False)
        class Odd(Model):
            get: int
            clone: str

        made = read(service(input=Odd), {'get': 1, 'clone': 'x'})
        self.assertEqual((made.get, made.clone, made.to_dict()), (1, 'x', {'get': 1, 'clone': 'x'}))
        with self.assertRaises(ElementMissing):
            read(service(input=Odd), {'get': 1})

    def test_lists_of_models(self) -> None:
        """As the whole input."""
        cls = service(input=list_[Item])
        self.assertEqual([one.sku for one in read(cls, [{'sku': 'a'}, {'sku': 'b'}])], ['a', 'b'])
        self.assertEqual(read(cls, []), [])
        for body, path in ((b'', '/'), (b'null', '/'), (b'[{}]', '/[0]/sku'), (b'[1]', '/[0]')):
            with self.assertRaises(ModelValidationError) as caught:
                read(cls, body)
            self.assertEqual(caught.exception.problems[0]['path'].lstrip('/'), path.lstrip('/'))

    def test_depth_is_bounded(self) -> None:
        """A model within a model within a model has an end."""
        body: Any = {'name': 'a'}
        for _ in range(20):
            body = {'name': 'a', 'children': [body]}
        self.assertEqual(read(service(input=Node), body).children[0].children[0].name, 'a')
        for _ in range(60):
            body = {'name': 'a', 'children': [body]}
        with self.assertRaisesRegex(ModelValidationError, 'no more than 100 levels'):
            read(service(input=Node), body)

    def test_parameters_of_the_url_are_top_level_elements(self) -> None:
        """They win, and nested elements of the same name stay."""
        got = read(service(input=Order), {'order_id': 1, 'items': [{'sku': 'a', 'qty': 2}]}, params={'order_id': '7'}, query={'qty': '9'})
        self.assertEqual((got.order_id, got.items[0].qty), (7, 2))

    def test_after_created(self) -> None:
        """Called when all is right, inner models first; what it raises is the answer."""
        calls = []

        class Inner(Model):
            x: int

            def after_created(self, ctx: Any) -> None:
                calls.append((type(self).__name__, ctx.data, ctx.service is not None, ctx.DataClass is type(self)))

        class Outer(Model):
            inner: Inner
            total: int = 0

            def after_created(self, ctx: Any) -> None:
                self.total = self.inner.x + 1
                calls.append((type(self).__name__, ctx.data, ctx.service is not None, ctx.DataClass is type(self)))
                if self.total > 5:
                    raise BadRequest('cid', 'too much', needs_msg=True)

        # Names within functions are not found by the annotations' text.
        Outer.__annotations__['inner'] = Inner
        cls = service(input=Outer)
        self.assertEqual(read(cls, {'inner': {'x': 1}}).total, 2)
        self.assertEqual(calls, [('Inner', {'x': 1}, True, True), ('Outer', {'inner': {'x': 1}}, True, True)])
        with self.assertRaises(ModelValidationError):
            read(cls, {'inner': {'x': 1}, 'total': 'x'})
        self.assertEqual(len(calls), 2)
        with self.assertRaisesRegex(BadRequest, 'too much'):
            read(cls, {'inner': {'x': 9}})


class Objects(unittest.TestCase):
    """What services do with models."""

    def test_access(self) -> None:
        """By attribute, item and `get`; unknown names are errors with the nearest known one."""
        order = Order.from_dict({'order_id': 1, 'items': [{'sku': 'a'}]})
        self.assertEqual((order['order_id'], order.get('order_id'), order.get('nothing', 5)), (1, 1, 5))
        order['order_id'] = 2
        self.assertEqual(order.order_id, 2)
        with self.assertRaisesRegex(AttributeError, 'Order declares no element `itms`; did you mean `items`?'):
            order.itms = []
        with self.assertRaisesRegex(AttributeError, 'no element `zzz`; it has: order_id, items, note, extra'):
            order.zzz
        with self.assertRaises(KeyError):
            order['zzz']

    def test_parts_come_into_being_when_they_are_read(self) -> None:
        """Models, lists and dicts; a single value that was not set is an error."""
        one = Everything()
        one.a_model.sku = 'x'
        one.a_list.append('y')
        one.a_dict['k'] = 1
        self.assertEqual(one.to_dict(), {'a_list': ['y'], 'a_dict': {'k': 1}, 'a_model': {'sku': 'x', 'qty': 1, 'tags': None}})
        with self.assertRaisesRegex(AttributeError, '`a_int` of Everything has not been set'):
            one.a_int
        self.assertIn('sku=', repr(one))
        self.assertNotEqual(one, Everything())

    def test_making_them(self) -> None:
        """By keywords, by an `__init__` of their own, from dicts, lists and JSON."""
        self.assertEqual(Item(sku='a').qty, 1)
        self.assertEqual(Later(1).y, 'y')
        self.assertEqual([one.sku for one in Item.from_dict([{'sku': 'a'}])], ['a'])
        self.assertEqual(Item.from_json('{"sku": "a"}').sku, 'a')
        for text in ('{', '[' * 100_000):
            with self.assertRaises(ModelValidationError):
                Item.from_json(text)
        with self.assertRaises(AttributeError):
            Item(skuu='a')
        with self.assertRaises(TypeError):
            Item('a')

    def test_copies_and_forms(self) -> None:
        """`to_dict`, `to_json` and `clone`."""
        one = Everything.from_dict(RIGHT)
        copy = one.clone()
        self.assertEqual(copy, one)
        copy.a_model.sku = 'changed'
        self.assertEqual(one.a_model.sku, 's')
        written = json.loads(one.to_json())
        self.assertEqual(written['a_datetime'], '2024-02-29T12:00:00+00:00')
        self.assertEqual((written['a_decimal'], written['a_colour'], written['a_time']), ('1.10', 'red', '13:30:00'))
        self.assertEqual(Everything.from_dict(written).to_json(), one.to_json())
        self.assertEqual(one.to_dict()['a_dict'], {'k': {'sku': 's', 'qty': 1, 'tags': None}})


class Declaring(unittest.TestCase):
    """What cannot be meant is an error when the package is loaded."""

    def test_bad_declarations(self) -> None:
        """With the nearest right name."""
        class Broken(Model):
            a: 'Nothing'  # type: ignore[name-defined]  # noqa: F821

        simple = lambda **settings: {'SimpleIO': type('SimpleIO', (), settings)}  # noqa: E731
        for declared, text in (
            ({'input': ('a', 'a')}, '`a` is declared twice'), ({'input': ('a', '-a')}, '`a` is declared twice'),
            ({'input': ('a', int)}, 'did you mean `Int`'), ({'input': ('a', Item)}, 'declare it alone'),
            ({'input': ('a', 5)}, 'is no element'), ({'input': ('a', type('Integr', (), {}))}, 'did you mean `Int'),
            ({'input': ''.join(['-'])}, 'no name of an element'), ({'input': ' a'}, 'no name of an element'),
            ({'input': ('a', __import__('caisson').Int)}, "write Int\\('name'\\)"),
            (simple(input_requird='a'), 'did you mean `input_required`'), (simple(SkipEmpty=type('S', (), {'inputs': 'a'})), '`input`'),
            (simple(input='a', input_optional='a'), 'declared twice'), (simple(int_parameters=5), 'must be a name'),
            ({'SimpleIO': 5}, 'must be a class'), ({'IO': type('IO', (), {'inputs': 'a'})}, 'did you mean `input`'),
            ({'input': 'a', **simple(input='b')}, 'both declare the input'),
            (simple(input=Item, input_optional='a'), 'a model is the whole input'),
            ({'input': Broken}, "annotation of .*Broken.a, 'Nothing', cannot be resolved"),
            ({'input': list_['Item']}, 'write the class Item itself'),  # type: ignore[type-arg]
        ):
            with self.subTest(text=text), self.assertRaisesRegex(DeclarationError, text):
                declaration(**declared)

    def test_what_is_no_declaration(self) -> None:
        """Methods and properties of these names, and empty ones."""
        from caisson._declare import declaration_of
        for declared in ({}, {'input': ()}, {'input': ''}, {'input': lambda self: 1}, {'output': property(lambda self: 1)}):
            self.assertIsNone(declaration_of(service(**declared)))

    def test_declarations_are_inherited_and_kept(self) -> None:
        """A class between may change one side."""
        from caisson._declare import declaration_of
        base = service(input='a', output='b')
        below = type('Below', (base,), {'output': 'c'})
        self.assertIs(declaration_of(base), declaration_of(base))
        self.assertIsNot(declaration_of(below), declaration_of(base))
        self.assertEqual(list(declaration_of(below).output_schema()['properties']), ['c'])  # type: ignore[union-attr,index]

    @unittest.skipIf(IS_SANDBOX, 'loading a package is not for a service')
    def test_loading_says_where(self) -> None:
        """File and line of the class."""
        from tests.test_loader import forget

        from caisson._loader import describe_load_error, load_program
        self.addCleanup(forget)
        files = {'crmx/api.py': b'from caisson import Service\n\nclass Get(Service):\n    input = "a", "a"\n    def handle(self): pass\n'}
        with self.assertRaises(DeclarationError) as caught:
            load_program(files, 'crmx')
        message, file, line, _ = describe_load_error(caught.exception, files)
        self.assertEqual((file, line), ('crmx/api.py', 3))
        self.assertIn('Get.input: `a` is declared twice', message)


if __name__ == '__main__':
    unittest.main()
