"""AMQP 0-9-1 (RabbitMQ) for services: the way out. Messages come in through channels, as `self.request.message`.

    from caisson import amqp

    broker = amqp.connect('broker')
    broker.publish({'id': 17}, exchange='orders', routing_key='eu.new', headers={'source': 'shop'})
    broker.publish_all([('first', 'eu.new'), ('second', 'eu.new')], exchange='orders')

A publish has ended when the broker has confirmed the message. Errors are `CapabilityError`; their `code` is a reply code of AMQP.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import _caisson_amqp

from caisson._capability import CapabilityError, unwrap

__all__ = ['CapabilityError', 'Connection', 'connect']


def connect(name: str) -> Connection:
    """The connection of this name. Nothing is opened until it is used."""
    return Connection(name)


class Connection:
    """A broker."""

    def __init__(self, name: str) -> None:
        self.name = name

    def publish(
        self, body: Any, exchange: str = '', routing_key: str = '', headers: Mapping[str, Any] | None = None,
        mandatory: bool = False, **properties: Any,
    ) -> None:
        """Publishes a message and waits until the broker has confirmed it.

        The body is bytes, text, or anything that JSON can say. Properties are `content_type`, `content_encoding`, `persistent`,
        `priority`, `correlation_id`, `reply_to`, `expiration` (seconds or a timedelta), `message_id`, `timestamp` (a datetime or
        seconds), `message_type`, `user_id`, `app_id`.
        """
        unwrap(_caisson_amqp.publish(self.name, _message(body, exchange, routing_key, headers, mandatory, properties)))

    def publish_all(
        self, messages: Iterable[tuple[Any, str]], exchange: str = '', headers: Mapping[str, Any] | None = None,
        mandatory: bool = False, **properties: Any,
    ) -> None:
        """Publishes messages, each a body and a routing key, in their order, and waits for all confirmations."""
        made = [_message(body, exchange, key, headers, mandatory, properties) for body, key in messages]
        unwrap(_caisson_amqp.publish_all(self.name, made))

    def __repr__(self) -> str:
        return f'<Connection {self.name}>'


_TEXTS = frozenset((
    'content_type', 'content_encoding', 'correlation_id', 'reply_to', 'message_id', 'message_type', 'user_id', 'app_id',
))


def _message(
    body: Any, exchange: str, routing_key: str, headers: Mapping[str, Any] | None, mandatory: bool, properties: dict[str, Any],
) -> tuple[Any, ...]:
    content, content_type = _content(body)
    told = _properties(properties)
    if content_type is not None:
        told.setdefault('content_type', content_type)
    pairs = [(str(name), _header(value)) for name, value in (headers or {}).items()]
    return exchange or '', routing_key or '', bool(mandatory), content, pairs, told


def _content(body: Any) -> tuple[bytes, str | None]:
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body), None
    if isinstance(body, str):
        return body.encode(), 'text/plain; charset=utf-8'
    from caisson._runtime import dumps, to_plain
    return dumps(to_plain(body)).encode(), 'application/json'


def _properties(given: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in given.items():
        if value is None:
            continue
        if name in _TEXTS:
            told[name] = str(value)
        elif name in ('persistent', 'priority'):
            told[name] = value
        elif name == 'expiration':
            seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
            told['expiration_ms'] = max(0, int(seconds * 1000))
        elif name == 'timestamp':
            told[name] = int(value.timestamp()) if isinstance(value, datetime) else int(value)
        else:
            raise TypeError(f'There is no property {name!r} of a message')
    return told


def _header(value: Any) -> Any:
    """A value of a header, as the native module takes it: what AMQP has no type for is JSON."""
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return value
    if isinstance(value, datetime):
        return (int(value.timestamp()),)
    return json.dumps(value)
