"""Runs a declaration without a server: a message goes in, the input or the error comes out."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import types
from typing import Any, Callable

from tests import _stub

_stub.install()

# The package takes over the standard streams when it is imported; the test runner wants them back.
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    from caisson import Service
    from caisson import _runtime as runtime
    from caisson._bunch import Bunch
    from caisson._declare import Declaration, declaration_of
    from caisson._errors import ModelValidationError

IS_SANDBOX = sys.implementation.name == 'rustpython'
COMPARED = 0
"""How many inputs were read natively as well, which is so in the sandbox."""


class Http:
    """Parameters of a URL."""

    def __init__(self, params: dict[str, Any], query: dict[str, Any]) -> None:
        self.params = Bunch(params)
        self.GET = Bunch(query)


class Request:
    """A message with a body as it came, parsed as the interpreter parses it."""

    def __init__(self, body: bytes, params: dict[str, Any], query: dict[str, Any], content_type: str | None) -> None:
        self.raw_request = body
        self.content_type = content_type
        self.http = Http(params, query)
        self.payload: Any = ''
        self.input: Any = None
        if content_type == 'application/x-www-form-urlencoded':
            self.payload = runtime.parse_form(body)
        elif body:
            try:
                self.payload = json.loads(body)
            except (ValueError, RecursionError):
                self.payload = body


class Response:
    """What is answered."""

    payload: Any = None


def read(cls: type, body: Any, *, params: Any = (), query: Any = (), content_type: str | None = 'application/json', **facts: Any) -> Any:
    """The input that a service gets for a body: bytes, or a value that is sent as JSON."""
    return _run(cls, body, params, query, content_type, facts).request.input


def write(cls: type, say: Callable[[Any], Any], body: Any = b'') -> tuple[Any, bytes]:
    """The payload and the body that a service answers; `say` is what it does to `self.response`."""
    service = _run(cls, body, (), (), 'application/json', {})
    declaration = declaration_of(cls)
    assert declaration is not None
    declaration.prepare_output(service)
    say(service.response)
    native = getattr(declaration._output, '_native', None)
    if native is not None and not _is_taken_as_it_is(service.response.payload):
        # In the sandbox: what is sent is the same without the native side.
        declaration._output._native = None
        payload = service.response.payload
        declaration.write_output(service)
        slow, service.response.payload, declaration._output._native = service.response.payload, payload, native
        declaration.write_output(service)
        assert slow == service.response.payload, (slow, service.response.payload)
        return slow, runtime.serialise(slow)[0]
    declaration.write_output(service)
    payload = service.response.payload
    return payload, runtime.serialise(payload)[0] if payload is not None else b''


def _is_taken_as_it_is(payload: Any) -> bool:
    return payload is None or hasattr(payload, '__next__')


def _run(cls: type, body: Any, params: Any, query: Any, content_type: str | None, facts: dict[str, Any]) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    service: Any = types.SimpleNamespace(get_name=lambda: cls.__name__, channel=types.SimpleNamespace(type='http-soap'))
    service.request = Request(raw, dict(params), dict(query), content_type)
    service.response = Response()
    service.request.__dict__.update(facts)
    declaration = declaration_of(cls)
    assert declaration is not None
    reader = getattr(declaration._input, '_native', None)
    try:
        declaration.read_input(service)
    except ModelValidationError:
        # In the sandbox: what is wrong is none of the native reader's business, unless the URL or the text made it so.
        assert reader is None or params or query or _has_twice(raw) or reader.value(service.request.payload) is None
        raise
    if reader is not None and not params and not query:
        _compare(reader.value(service.request.payload), service.request.input)
    return service


def _compare(native: Any, slow: Any) -> None:
    """In the sandbox: the native reader makes what the one in Python makes, or nothing."""
    global COMPARED
    if native is not None:
        COMPARED += 1
        assert native == slow and type(native) is type(slow) and repr(native) == repr(slow), (native, slow)


def _has_twice(raw: bytes) -> bool:
    return b'"a": 1, "a"' in raw or b'"c": 1, "c"' in raw or b'"x": 1, "x"' in raw


def service(**declared: Any) -> Any:
    """A service that declares this."""
    return type('Declared', (Service,), {'__module__': __name__, 'handle': lambda self: None, **declared})


def declaration(**declared: Any) -> Declaration:
    """What a service that declares this has declared."""
    found = declaration_of(service(**declared))
    assert found is not None
    return found
