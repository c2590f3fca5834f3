"""AMQP: messages on their way to a broker, and those that one delivered."""

from __future__ import annotations

import sys
import types
import unittest
from datetime import datetime, timedelta, timezone
from typing import Any

from tests import _stub

_stub.install()


class Native(types.ModuleType):
    """Stands for the native module: remembers what was published, and answers what it was told."""

    def __init__(self) -> None:
        super().__init__('_caisson_amqp')
        self.published: list[tuple[Any, ...]] = []
        self.answer: tuple[Any, ...] = (True, None)

    def publish(self, connection: str, message: tuple[Any, ...]) -> tuple[Any, ...]:
        self.published.append((connection, message))
        return self.answer

    def publish_all(self, connection: str, messages: list[tuple[Any, ...]]) -> tuple[Any, ...]:
        self.published.append((connection, *messages))
        return self.answer


native = Native()

import _caisson_amqp  # noqa: E402

for function in ('publish', 'publish_all'):
    setattr(_caisson_amqp, function, getattr(native, function))

from caisson import _message, amqp  # noqa: E402
from caisson._capability import CapabilityError  # noqa: E402
from caisson._zato_amqp import AMQP  # noqa: E402


class Test(unittest.TestCase):
    """Both faces of the one native module."""

    def setUp(self) -> None:
        native.published.clear()
        native.answer = (True, None)
        self.broker = amqp.connect('broker')

    def _sent(self) -> tuple[Any, ...]:
        """The one message that went out."""
        [(connection, message)] = native.published
        self.assertEqual(connection, 'broker')
        native.published.clear()
        return message

    def test_bodies_are_bytes_and_their_media_type_is_known(self) -> None:
        for body, content, media in (
            (b'x', b'x', None),
            (bytearray(b'x'), b'x', None),
            ('\u00e9', '\u00e9'.encode(), 'text/plain; charset=utf-8'),
            ({'a': [1, None]}, b'{"a": [1, null]}', 'application/json'),
        ):
            self.broker.publish(body)
            _, _, _, sent, _, properties = self._sent()
            self.assertEqual((sent.replace(b' ', b''), properties.get('content_type')), (content.replace(b' ', b''), media))

    def test_who_says_what_a_body_is_is_believed(self) -> None:
        self.broker.publish('a;b', content_type='text/csv')
        self.assertEqual(self._sent()[5], {'content_type': 'text/csv'})

    def test_headers_keep_their_types(self) -> None:
        moment = datetime(2024, 1, 1, tzinfo=timezone.utc)
        given = {'none': None, 'yes': True, 'one': 1, 'half': 0.5, 'text': 'x', 'bytes': b'x', 'moment': moment, 'list': [1, 'a']}
        self.broker.publish(b'', headers=given)
        self.assertEqual(self._sent()[4], [
            ('none', None), ('yes', True), ('one', 1), ('half', 0.5), ('text', 'x'), ('bytes', b'x'), ('moment', (1704067200,)),
            ('list', '[1, "a"]'),
        ])

    def test_properties_have_the_units_of_the_contract(self) -> None:
        moment = datetime(2024, 1, 1, tzinfo=timezone.utc)
        for given, told in (
            ({'expiration': 1.5}, {'expiration_ms': 1500}),
            ({'expiration': timedelta(minutes=1)}, {'expiration_ms': 60_000}),
            ({'expiration': -1}, {'expiration_ms': 0}),
            ({'timestamp': moment}, {'timestamp': 1704067200}),
            ({'timestamp': 7.9}, {'timestamp': 7}),
            ({'correlation_id': 17, 'reply_to': None}, {'correlation_id': '17'}),
            ({'persistent': False, 'priority': 3}, {'persistent': False, 'priority': 3}),
        ):
            self.broker.publish(b'', **given)
            self.assertEqual(self._sent()[5], told, given)

    def test_a_misspelt_property_is_not_lost(self) -> None:
        with self.assertRaisesRegex(TypeError, "'mesage_id'"):
            self.broker.publish(b'', mesage_id='1')
        self.assertEqual(native.published, [])

    def test_many_go_in_one_call_in_their_order(self) -> None:
        self.broker.publish_all(((str(number), 'q') for number in range(3)), 'orders', mandatory=True, persistent=True)
        [(connection, *messages)] = native.published
        self.assertEqual(connection, 'broker')
        self.assertEqual([message[:4] for message in messages], [('orders', 'q', True, str(number).encode()) for number in range(3)])

    def test_errors_tell_all_that_is_known(self) -> None:
        native.answer = (False, 'not-found', 'there is no exchange', False, '404')
        with self.assertRaises(CapabilityError) as raised:
            self.broker.publish(b'', exchange='none')
        error = raised.exception
        self.assertEqual((error.kind, error.code, error.retryable, str(error)), ('not-found', '404', False, 'there is no exchange'))

    def test_both_orders_of_zatos_arguments_publish_the_same(self) -> None:
        out = AMQP(None)
        properties = {'delivery_mode': 2, 'expiration': 1.5, 'type': 't'}
        sent = []
        for publish in (
            lambda: out.publish('broker', 'x', '/', 'q', properties, {'a': 1}),
            lambda: out.invoke('x', 'broker', '/', 'q', properties=properties, headers={'a': 1}),
            lambda: out.send('x', 'broker', routing_key='q', properties=properties, headers={'a': 1}),
        ):
            publish()
            sent.append(self._sent())
        told = {
            'persistent': True, 'expiration_ms': 1500, 'message_type': 't', 'content_type': 'text/plain; charset=utf-8',
        }
        self.assertEqual(sent, [('', 'q', False, b'x', [('a', 1)], told)] * 3)

    def test_zato_services_learn_of_misspelt_properties_too(self) -> None:
        with self.assertRaisesRegex(TypeError, "'delivery-mode'"):
            AMQP(None).publish('broker', 'x', properties={'delivery-mode': 2})
        self.assertEqual(native.published, [])

    def test_a_delivered_message_says_where_it_is_from_and_settles_itself(self) -> None:
        settled: list[tuple[str, int | None]] = []
        sys.modules['_caisson'].settle = lambda how, delay: settled.append((how, delay))  # type: ignore[attr-defined]
        message = _message.make_broker_message(
            ('orders', 'm-1', 'eu.new'), True, 2, [('source', 'shop')], [('exchange', 'all'), ('priority', '3')],
        )
        self.assertEqual(message.delivery_info, {'exchange': 'all', 'routing_key': 'eu.new', 'redelivered': True})
        self.assertEqual((message.msg, message.attempt, message.headers.source), (message, 2, 'shop'))
        for settle in (message.ack, message.reject, message.retry):
            settle()
        message.reject(requeue=True)
        message.retry(1.5)
        self.assertEqual(settled, [('acknowledge', None), ('reject', None), ('retry', None), ('retry', None), ('retry', 1500)])


if __name__ == '__main__':
    unittest.main()
