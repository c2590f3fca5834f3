"""Models that services answer, as the services of the same package that called them get them."""

from __future__ import annotations

import datetime
import json
import unittest
from typing import Any

from tests import _stub

_stub.install()

from caisson import Model, Service  # noqa: E402
from caisson._answers import MODEL_HEADER  # noqa: E402
from caisson.testing import App, run  # noqa: E402


class Item(Model):
    """A part of an order."""

    sku: str


class Order(Model):
    """What is ordered."""

    order_id: int
    day: datetime.date
    items: list[Item] = []
    note: str = ''


class GetOrder(Service):
    """Answers in the way that it is asked for."""

    output = Order

    def handle(self) -> None:
        how = self.request.payload
        order = Order.from_dict({'order_id': 7, 'day': '2026-01-02', 'items': [{'sku': 'a'}]})
        self.response.payload = {
            'one': order, 'many': [order, order], 'dict': {'order_id': 7}, 'mixed': [order, {'order_id': 8}], 'text': 'none',
            'half': Order(order_id=7, items=[Item()]), 'nothing': '', 'empty': [],
        }[how if isinstance(how, str) else how.decode()]


class GetOrders(Service):
    """A declared list."""

    output = list[Order]

    def handle(self) -> None:
        self.response.payload.append(Order.from_dict({'order_id': 7, 'day': '2026-01-02'}))


class Wrapped(Service):
    """In the dialect that wraps."""

    class SimpleIO:
        """Of 3.2."""

        output = Order

    def handle(self) -> None:
        self.response.payload = Order.from_dict({'order_id': 7, 'day': '2026-01-02'})


class Undeclared(Service):
    """Answers a Model that it does not declare, and says that it does."""

    def handle(self) -> None:
        self.response.headers[MODEL_HEADER] = '1'
        self.response.payload = Order.from_dict({'order_id': 7, 'day': '2026-01-02'})


class Asks(Service):
    """Hands what it was given to the test."""

    name = 'asks'
    seen: Any = None

    def handle(self) -> None:
        service, payload, options = self.request.payload
        Asks.seen = self.invoke(service, payload, **options)


def ask(service: type[Service], payload: Any = '', **options: Any) -> Any:
    """What a calling service gets."""
    app = App(service)
    app.run(Asks, [service.get_name(), payload, options])
    return Asks.seen


class Answers(unittest.TestCase):
    """Of `self.invoke`."""

    def test_a_declared_model_is_an_object_again(self) -> None:
        """With all that is in it."""
        order = ask(GetOrder, 'one')
        self.assertIsInstance(order, Order)
        self.assertEqual((order.order_id, order.day, order.items[0].sku), (7, datetime.date(2026, 1, 2), 'a'))
        self.assertIsInstance(order.items[0], Item)
        whole = ask(GetOrder, 'one', as_response=True)
        self.assertIsInstance(whole.payload, Order)
        self.assertEqual(whole.headers, {'content-type': 'application/json'})
        self.assertIsInstance(ask(GetOrder, 'one', skip_response_elem=True), Order)

    def test_so_is_each_of_a_list(self) -> None:
        """Declared as one, or not."""
        for service, payload in ((GetOrder, 'many'), (GetOrders, '')):
            orders = ask(service, payload)
            self.assertEqual({type(order) for order in orders}, {Order})

    def test_what_was_none_is_none(self) -> None:
        """And what is wanted in another form has that."""
        self.assertEqual(ask(GetOrder, 'dict'), {'order_id': 7})
        self.assertEqual([type(one) for one in ask(GetOrder, 'mixed')], [dict, dict])
        self.assertEqual((ask(GetOrder, 'text'), ask(GetOrder, 'nothing'), ask(GetOrder, 'empty')), ('none', '', ''))
        self.assertIsInstance(ask(GetOrder, 'one', serialize=True), str)
        self.assertEqual(ask(GetOrder, 'one', as_bunch=True)['items'], [{'sku': 'a'}])
        self.assertEqual(ask(Wrapped)['response']['order_id'], 7)
        self.assertIs(type(ask(Wrapped, skip_response_elem=True)), dict)

    def test_an_object_that_is_half_set_stays_one(self) -> None:
        """The callee had it so."""
        order = ask(GetOrder, 'half')
        self.assertIsInstance(order, Order)
        self.assertEqual((order.order_id, order.items, order.note), (7, [{}], ''))
        self.assertFalse('day' in order)

    def test_a_callee_has_no_say_in_the_class(self) -> None:
        """Neither one that declares nothing, nor one of another package."""
        self.assertEqual(type(ask(Undeclared)), dict)
        self.assertEqual(ask(Undeclared, as_response=True).headers, {'content-type': 'application/json'})
        elsewhere = type('GetOrder', (GetOrder,), {'__module__': 'elsewhere.api'})
        self.assertEqual(type(ask(elsewhere, 'one')), dict)

    def test_a_fake_answers_as_the_service_would(self) -> None:
        """With an object, when the test gives one."""
        run(GetOrder, 'one')
        app = App()
        for answer, kind in ((Order(order_id=1), Order), ({'order_id': 1}, dict)):
            app.service(GetOrder.get_name(), answer, times=1)
            app.run(Asks, [GetOrder.get_name(), '', {}])
            self.assertIs(type(Asks.seen), kind)
        app.service('far.away', Order(order_id=1))
        app.run(Asks, ['far.away', '', {}])
        self.assertEqual(Asks.seen, {'order_id': 1, 'items': [], 'note': ''})

    def test_nobody_else_is_told(self) -> None:
        """By HTTP, in the background, or in a test."""
        for options in ({}, {'method': 'POST'}, {'channel': {'kind': 'invoke-async'}}):
            answer = run(GetOrder, 'one', **options)  # type: ignore[arg-type]
            self.assertEqual(answer.headers, {'content-type': 'application/json'})
            self.assertEqual(json.loads(answer.body)['order_id'], 7)


class Wrappers(unittest.TestCase):
    """`{'response': x}` of a `class SimpleIO`."""

    def test_only_those_who_can_take_it_off_get_it(self) -> None:
        """The services that are told of a call in the background cannot."""
        for kind, wrapped in (('rest', True), ('invoke', True), ('invoke-async', False), ('scheduler', False),
                              ('fanout-call', False), ('parallel-exec-call', False)):
            answer = run(Wrapped, channel={'kind': kind}).json()
            self.assertEqual('response' in answer, wrapped, kind)


if __name__ == '__main__':
    unittest.main()
