"""How services call other services: now and waiting, now and together, later and without waiting."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import _caisson

from caisson._answers import Answer, bunched, classes_of, decode, headers_of, is_model, remade, without_wrapper
from caisson._bunch import Bunch
from caisson._errors import InvokeTimeout, ServiceError, UnknownService, from_callee
from caisson._names import service_name

if TYPE_CHECKING:
    from caisson._service import Service

__all__ = ['Answer', 'Invoking', 'encode', 'make_environ']

# Arguments of `invoke` that say how to call, and are therefore no part of a payload given by keywords.
_CALL_OPTIONS = frozenset((
    'channel', 'data_format', 'transport', 'serialize', 'as_bunch', 'timeout', 'raise_timeout', 'skip_response_elem', 'as_response',
    'cid', 'environ', 'wsgi_environ', 'zato_ctx', 'needs_response', 'set_response_func',
))

_LONGEST_TIMEOUT_SECS = 4_294_967
"""What fits into the contract's milliseconds: about 49 days."""

_LONGEST_METHOD = 32


class Invoking(_caisson.ServiceBase):
    """The part of a service that calls other services."""

    name: ClassVar[str] = ''
    impl_name: ClassVar[str] = ''

    if TYPE_CHECKING:
        # Of the native side.
        @property
        def cid(self) -> str: ...

    def invoke(self, service: str | type[Service], payload: Any = '', **kwargs: Any) -> Any:
        """Calls another service and returns what it answered: `dict`, `list`, `str`, or `bytes` for a body that is no text. A service of
        the same package that answers with the Model of its `output`, or a list of these, gives objects of that class.

        The service is given by its name or its class. Without a payload, the keywords are the payload. An error of the
        callee is raised here: the exception for its status, else a ServiceError with `kind`, `status` and `retryable`. A name that
        nothing is deployed under is an `UnknownService`, which is a `NotFound` (404) and a `KeyError`.

        These keywords say how to call: `timeout` (seconds; an `InvokeTimeout` afterwards, or `None` with `raise_timeout=False`),
        `as_bunch=True` (dicts with dotted access), `serialize=True` (the body as text, not parsed), `skip_response_elem=True`
        (of an answer `{'response': x}` only `x`), `as_response=True` (an `Answer` with status and headers, also after an error).
        `wsgi_environ={'REQUEST_METHOD': 'GET'}` has `handle_GET` of the callee answer, or `MethodNotAllowed` (405) raised if it has
        functions for other methods only; the rest of `wsgi_environ` changes nothing, nor do `channel`, `data_format` and `transport`.
        """
        name = self._other(service)
        method = _method(kwargs.get('wsgi_environ'))
        if kwargs and _is_empty(payload):
            payload = {key: value for key, value in kwargs.items() if key not in _CALL_OPTIONS} or payload
        content_type, body = encode(payload)
        timeout = kwargs.get('timeout')
        if timeout:
            calls = importlib.import_module('_caisson_calls')
            answer = calls.invoke_all([(name, content_type, body, _millis(timeout), method)])[0]
        else:
            answer = _caisson.invoke(name, content_type, body, method)
        return self._taken(name, answer, kwargs)

    def invoke_all(
        self, calls: Iterable[tuple[str | type[Service], Any]], *, timeout: float = 0, **kwargs: Any,
    ) -> list[Any]:
        """Calls several services at the same time, each on an instance of its own, and returns their answers in order.

        `calls` are pairs of a service and a payload, at most 1,000. The first error is raised when all of them have ended; with
        `as_response=True` each is an `Answer` and none is raised. `timeout` (seconds) holds for each. Other keywords as for
        `invoke`.
        """
        millis = _millis(timeout) if timeout else None
        method = _method(kwargs.get('wsgi_environ'))
        names, packed = [], []
        for service, payload in calls:
            names.append(self._other(service))
            packed.append((names[-1], *encode(payload), millis, method))
        if not packed:
            return []
        answers = importlib.import_module('_caisson_calls').invoke_all(packed)
        return [self._taken(name, answer, kwargs) for name, answer in zip(names, answers)]

    def invoke_by_id(self, service_id: str, payload: Any = '', **kwargs: Any) -> Any:
        """Calls a service by its id, which is its name here."""
        return self.invoke(str(service_id), payload, **kwargs)

    def invoke_by_impl_name(self, impl_name: str, payload: Any = '', **kwargs: Any) -> Any:
        """Calls a service by its module and class, e.g. `crm.api.GetCustomer`."""
        return self.invoke(self._by_impl_name(impl_name), payload, **kwargs)

    def invoke_async(
        self, service: str | type[Service], payload: Any = '', channel: Any = None, data_format: str = 'dict', transport: str = '',
        expiration: float | None = None, to_json_string: bool = False, cid: str = '', callback: Any = None, zato_ctx: Any = None,
        environ: Any = None, **kwargs: Any,
    ) -> str:
        """Has another service called as soon as there is a place, without waiting for it. Returns the correlation id of that call:
        `cid`, or one that begins with that of this message and a `~`, so that the log of this one finds it too.

        The call is on disk when this returns: it survives the end of the server, and is made again if the server ended before the
        service had answered (at least once). `callback` are services, by name or class, or `self`, or a list of these: each is
        called with the answer, and its `self.in_reply_to` is the id that this returns. Without one, the service
        `<name of this one>-async-callback` is called, if there is any. `expiration` (seconds): if it could not begin until then it
        is dropped; it never expires unless given. `environ`: a dict for `self.environ` of the service and of its callbacks; this
        service's own unless given. `to_json_string=True` sends text as JSON as well.
        """
        del channel, data_format, transport
        if kwargs and _is_empty(payload):
            payload = {key: value for key, value in kwargs.items() if key not in _CALL_OPTIONS} or payload
        task = self._task(service, payload, as_json=to_json_string)
        task['environ'] = self._environ(environ, zato_ctx)
        task['cid'] = cid or None
        task['callback'] = self._callbacks(callback) if callback else self._implicit_callback()
        if expiration:
            task['expires_ms'] = _millis(expiration)
        return self._enqueue(task)[1]

    def new_instance(self, service: str | type[Service]) -> Any:
        """An object of another service of the same package, not called: its methods can be used, its message is empty."""
        name = service if isinstance(service, str) else service.get_name()
        cls = next((cls for cls in classes_of(Invoking) if cls.__dict__.get('name') == name), None)
        if cls is None:
            text = f'no service named {name} in this package; services of other packages can only be called, with self.invoke'
            raise UnknownService(self.cid, text, name=name)
        made = self._beside(cls)
        made.__init__()
        return made

    # What the modules beside this one use too.

    def _task(self, service: str | type[Service], payload: Any, as_json: bool = False) -> dict[str, Any]:
        """A call in the background, as the native module takes it: a dict of `service`, `content_type`, `body`, and what may be
        left out: `scheduled` (bool), `name`, `cid`, `in_reply_to` (str), `environ`, `report` (JSON objects as str), `delay_ms`,
        `expires_ms`, `repeats`, `interval_ms` (int), `callback` (list of str)."""
        content_type, body = ('application/json', _as_json(payload)) if as_json else encode(payload)
        return {'service': self._named(service), 'content_type': content_type, 'body': body}

    def _enqueue(self, task: dict[str, Any]) -> tuple[int, str]:
        """Hands a call over; its number and its correlation id."""
        return self._ticket(importlib.import_module('_caisson_calls').enqueue(task))

    def _ticket(self, taken: Any) -> tuple[int, str]:
        if taken[0]:
            return taken[1], taken[2]
        raise self._error('', taken)

    def _environ(self, environ: Any, zato_ctx: Any = None) -> str | None:
        shared = getattr(self, 'environ', None) if environ is None else environ
        if zato_ctx:
            shared = {**(shared or {}), 'zato_ctx': zato_ctx}
        if not shared:
            return None
        if not isinstance(shared, Mapping):
            raise TypeError(f'environ has to be a dict, not {type(shared).__name__}')
        return _as_json(shared).decode()

    def _callbacks(self, callback: Any) -> list[str]:
        """Names of services that were given as one or several, by name, class, or as the service itself."""
        if isinstance(callback, str) or isinstance(callback, (Invoking, type)) or not isinstance(callback, Iterable):
            callback = [callback]
        return [one.name if isinstance(one, Invoking) else self._named(one) for one in callback]

    def _implicit_callback(self) -> list[str]:
        found = importlib.import_module('_caisson_calls').find(f'{self.name}-async-callback')
        return [found] if found else []

    def _named(self, service: Any) -> str:
        if isinstance(service, str):
            # `name@target` chose a server group in Zato; here a name is the same on all servers.
            return service.split('@', 1)[0]
        if isinstance(service, type) and issubclass(service, Invoking):
            return service.name
        raise TypeError(f'a service is given by its name or its class, not by {service!r}')

    def _other(self, service: Any) -> str:
        name = self._named(service)
        if name == self.name:
            raise ServiceError(self.cid, 'A service cannot invoke itself')
        return name

    def _by_impl_name(self, impl_name: str) -> str:
        for cls in classes_of(Invoking):
            if cls.impl_name == impl_name and cls.__dict__.get('name'):
                return str(cls.name)
        found = importlib.import_module('_caisson_calls').find(impl_name)
        if found:
            return str(found)
        module, _, class_name = impl_name.rpartition('.')
        return service_name(module, class_name) if module else impl_name

    def _taken(self, name: str, answer: Any, options: Mapping[str, Any]) -> Any:
        """What `invoke` returns for an answer of the native module, or raises."""
        as_response = options.get('as_response')
        if not answer[0]:
            error = self._error(name, answer)
            if as_response:
                return Answer(error.status, error.headers, None, error)
            if isinstance(error, InvokeTimeout) and not options.get('raise_timeout', True):
                return None
            raise error
        _, status, headers, body = answer
        payload = _payload(headers, body, options)
        if is_model(headers) and not (options.get('serialize') or options.get('as_bunch')):
            payload = remade(self, name, payload)
        return Answer(status, headers_of(headers), payload, None) if as_response else payload

    def _error(self, name: str, answer: Any) -> ServiceError:
        _, kind, status, message, retryable, headers = answer
        if kind == 'not-found' and status is None and message.startswith('no service named '):
            return UnknownService(self.cid, message, name=message.removeprefix('no service named '))
        if kind == 'timeout' and status is None:
            return InvokeTimeout(self.cid, message, retryable=retryable, headers=dict(headers))
        return from_callee(self.cid, kind, status, message, retryable, headers)


def encode(payload: Any) -> tuple[str | None, bytes]:
    """Media type and body of a payload for another service."""
    if _is_empty(payload):
        return None, b''
    if isinstance(payload, str):
        return 'text/plain; charset=utf-8', payload.encode()
    if isinstance(payload, (bytes, bytearray)):
        return 'application/octet-stream', bytes(payload)
    return 'application/json', _as_json(payload)


def _as_json(payload: Any) -> bytes:
    from caisson._runtime import dumps, to_plain
    return dumps(to_plain(payload)).encode()


def _is_empty(payload: Any) -> bool:
    return payload is None or (isinstance(payload, str) and not payload)


def _millis(seconds: float) -> int:
    """Milliseconds of a time in seconds, at least 1."""
    if not 0 < seconds <= _LONGEST_TIMEOUT_SECS:
        raise ValueError(f'a time has to be more than 0 and at most {_LONGEST_TIMEOUT_SECS} seconds, not {seconds!r}')
    return max(1, round(seconds * 1000))


def _method(environ: Any) -> str | None:
    """The HTTP method that `wsgi_environ` says the callee is called with, if any."""
    if environ is None:
        return None
    if not isinstance(environ, Mapping):
        raise TypeError(f'wsgi_environ has to be a dict, not {type(environ).__name__}')
    method = environ.get('REQUEST_METHOD')
    # A service that passes on its own has none when it was not called by HTTP.
    if method is None or method == '':
        return None
    if not isinstance(method, str) or not (method.isascii() and method.isalpha()) or len(method) > _LONGEST_METHOD:
        raise ValueError(f'REQUEST_METHOD in wsgi_environ has to be the name of an HTTP method, not {method!r:.80}')
    return method.upper()


def _payload(headers: Any, body: bytes, options: Mapping[str, Any]) -> Any:
    """The value of an answer, in the form that the caller wants."""
    payload = body.decode('utf-8', 'replace') if options.get('serialize') else decode(headers, body)
    if options.get('skip_response_elem'):
        payload = without_wrapper(payload)
    return bunched(payload) if options.get('as_bunch') else payload


def make_environ(shared: str | None) -> Bunch:
    """What a chain of calls in the background shares, from its JSON."""
    made = bunched(json.loads(shared)) if shared else Bunch()
    return made if isinstance(made, Bunch) else Bunch()
