"""The class that services inherit from."""

from __future__ import annotations

import json
import logging
from typing import Any, ClassVar

import _caisson

from caisson import _lock, _spawn
from caisson._attributes import Attributes
from caisson._errors import ServiceError, from_callee
from caisson._facade import Facade

__all__ = ['Service']

# Arguments of `invoke` that say how to call, and are therefore no part of a payload given by keywords.
_CALL_OPTIONS = frozenset((
    'channel', 'data_format', 'transport', 'serialize', 'as_bunch', 'timeout', 'raise_timeout', 'skip_response_elem',
))


class Service(_caisson.ServiceBase, Attributes):
    """A service: a class with a method `handle`, which gets a message from `self.request` and answers in `self.response`.

    Every message gets an object of its own. With methods named after HTTP methods (`handle_GET`, `handle_POST`, ...) only
    those answer messages that come by HTTP.
    """

    name: ClassVar[str] = ''
    impl_name: ClassVar[str] = ''
    logger: ClassVar[logging.Logger] = logging.getLogger('caisson')

    out = Facade('caisson._out', 'Out')
    amqp = Facade('caisson._zato_amqp', 'AMQP')
    cache = Facade('caisson._cache', 'make')
    kvdb = Facade('caisson._out', 'kvdb')
    redis = Facade('caisson._out', 'default_redis')
    rest = Facade('caisson._zato_http', 'Facade')

    lock = _lock.lock
    run_in_thread = _spawn.run_in_thread
    sleep = _spawn.sleep
    spawn = _spawn.spawn

    def handle(self) -> None:
        """Answers a message. To be written by every service."""
        raise NotImplementedError(f'{type(self).__name__} has no method `handle`')

    @classmethod
    def get_name(cls) -> str:
        """Name of the service, e.g. `crm.api.get-customer`."""
        return cls.name

    @classmethod
    def get_impl_name(cls) -> str:
        """Module and class, e.g. `crm.api.GetCustomer`."""
        return cls.impl_name or f'{cls.__module__}.{cls.__name__}'

    def invoke(self, service: str | type[Service], payload: Any = '', **kwargs: Any) -> Any:
        """Calls another service and returns what it answered: `dict`, `list`, `str`, or `bytes` for a body that is no text.

        The service is given by its name or its class. Without a payload, the keywords are the payload. An error of the
        callee is raised here: the exception for its status, else a ServiceError with `kind`, `status` and `retryable`.
        """
        name = service if isinstance(service, str) else service.get_name()
        if name == self.name:
            raise ServiceError(self.cid, 'A service cannot invoke itself')
        if kwargs and isinstance(payload, str) and not payload:
            payload = {key: value for key, value in kwargs.items() if key not in _CALL_OPTIONS} or payload
        content_type, body = _encode(payload)
        answer = _caisson.invoke(name, content_type, body)
        if answer[0]:
            return _decode(answer[2], answer[3])
        raise from_callee(self.cid, *answer[1:])


def _encode(payload: Any) -> tuple[str | None, bytes]:
    """Media type and body of a payload for another service."""
    if payload is None or (isinstance(payload, str) and not payload):
        return None, b''
    if isinstance(payload, str):
        return 'text/plain; charset=utf-8', payload.encode()
    if isinstance(payload, (bytes, bytearray)):
        return 'application/octet-stream', bytes(payload)
    from caisson._runtime import dumps, to_plain
    return 'application/json', dumps(to_plain(payload)).encode()


def _decode(headers: list[tuple[str, str]], body: bytes) -> Any:
    """The value of an answer of another service."""
    content_type = ''
    for header, value in headers:
        if header.lower() == 'content-type':
            content_type = value.split(';')[0].strip().lower()
    if not body:
        return ''
    if content_type == 'application/json' or content_type.endswith('+json'):
        return json.loads(body)
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body
