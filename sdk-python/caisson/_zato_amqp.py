"""What services written for Zato have as `self.out.amqp` and `self.amqp`."""

from __future__ import annotations

from typing import Any

from caisson import amqp

__all__ = ['AMQP']

# Names of properties that Zato hands to its client, and ours.
_NAMES = {'type': 'message_type', 'expiration': 'expiration'}

_KNOWN = frozenset((
    'content_type', 'content_encoding', 'priority', 'correlation_id', 'reply_to', 'message_id', 'timestamp', 'message_type',
    'user_id', 'app_id', 'expiration', 'persistent', 'mandatory',
))


class AMQP:
    """Publishing by the name of a connection: `publish(out_name, msg, exchange='/', routing_key=None, properties=None, headers=None)`."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def publish(
        self, out_name: str, msg: Any, exchange: str = '/', routing_key: str | None = None,
        properties: dict[str, Any] | None = None, headers: dict[str, Any] | None = None, **options: Any,
    ) -> None:
        """Publishes a message and waits until it is confirmed. The exchange `/` is the default one."""
        told = {_NAMES.get(name, name): value for name, value in {**(properties or {}), **options}.items()}
        mode = told.pop('delivery_mode', None)
        if mode is not None:
            told['persistent'] = int(mode) == 2
        unknown = sorted(set(told) - _KNOWN)
        if unknown:
            raise TypeError(f'There is no property {unknown[0]!r} of a message')
        exchange = '' if exchange == '/' else exchange
        amqp.connect(out_name).publish(msg, exchange, routing_key or '', headers, **told)

    def invoke(self, msg: Any, out_name: str, exchange: str = '/', routing_key: str | None = None, **options: Any) -> None:
        """The same, with the message first."""
        self.publish(out_name, msg, exchange, routing_key, **options)

    send = invoke
