"""The functions that the interpreter's Rust side calls; the names are its contract (`hooks.rs`)."""

from __future__ import annotations

# First of all: nothing may print before the streams are ours.
import caisson._streams  # noqa: F401  (imported for its effect)

import json
import traceback
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl, quote

from caisson._absent import advice
from caisson._bunch import Bunch, Message, ServiceInput, collect
from caisson._errors import ServiceError
from caisson._invoke import make_environ
from caisson._loader import describe_load_error, load_program
from caisson._message import make_broker_message
from caisson._pieces import open_stream
from caisson._soap import make_soap, make_soap_message

__all__ = [
    'describe_error', 'describe_load_error', 'dumps', 'json_default', 'load_program', 'make_broker_message', 'make_bunch', 'make_environ', 'make_input', 'make_message',
    'make_soap', 'make_soap_message', 'open_stream', 'parse_form', 'parse_query', 'python_dumps', 'python_loads', 'run_coroutine',
    'serialise', 'to_bunch', 'to_plain', 'wsgi_environ',
]

# A report with a line for each of 100,000 frames takes seconds, and nobody reads it.
_DEEPEST_REPORT = 2_000
_INNERMOST = 100

# Of a whole number: CPython's default (`sys.int_info.default_max_str_digits`), which the interpreter does not hold when it reads.
_MOST_DIGITS = 4_300

_library_loads = json.loads
python_dumps = json.dumps
make_message = Message


def python_loads(text: Any, **options: Any) -> Any:
    """`json.loads` of the library. Numbers have as many digits as CPython reads, since what is longer could not be written again."""
    if 'cls' not in options and options.get('parse_int') is None:
        options['parse_int'] = _whole_number
    return _library_loads(text, **options)


def _whole_number(text: str) -> int:
    if len(text) > _MOST_DIGITS + 1:
        raise ValueError(f'Exceeds the limit ({_MOST_DIGITS} digits) for integer string conversion: value has {len(text)} digits')
    return int(text)


def dumps(value: Any) -> str:
    """JSON of a value, with what services commonly put into an answer: models, dates, decimals, UUIDs."""
    return python_dumps(value, default=json_default)


def json_default(value: Any) -> Any:
    """What a value without a JSON form of its own is written as."""
    plain = to_plain(value)
    if plain is not value:
        return plain
    for method in ('isoformat', '__json__'):
        if hasattr(value, method):
            return getattr(value, method)()
    if hasattr(value, '_value_'):
        # A member of an enumeration.
        return value.value
    name = type(value).__name__
    if name in ('Decimal', 'UUID'):
        return str(value)
    if isinstance(value, (set, frozenset)) or hasattr(value, '__next__'):
        return list(value)
    raise TypeError(f'Cannot serialise a value of type {type(value).__module__}.{type(value).__qualname__} to JSON')


def to_plain(value: Any) -> Any:
    """The dict of an object that has one to offer (`to_dict`, `to_json`, a dataclass), else the object itself."""
    if isinstance(value, (dict, list, tuple, str, int, float, type)) or value is None:
        return value
    for method in ('to_dict', 'to_zato'):
        if hasattr(value, method):
            return getattr(value, method)()
    if hasattr(value, 'to_json'):
        made = value.to_json()
        return json.loads(made) if isinstance(made, (str, bytes)) else made
    if hasattr(value, '__dataclass_fields__'):
        import dataclasses
        return dataclasses.asdict(value)
    return value


def serialise(payload: Any) -> tuple[bytes, bool]:
    """The body for a payload, and whether it is JSON.

    Text and bytes stay as they are; an empty message, list or number is an empty body; all else is JSON.
    """
    if isinstance(payload, str):
        return payload.encode(), False
    if isinstance(payload, (bytes, bytearray, memoryview)):
        return bytes(payload), False
    if not isinstance(payload, (dict, list, tuple)) and hasattr(payload, 'to_json') and not hasattr(payload, 'to_dict'):
        made = payload.to_json()
        if isinstance(made, str):
            return made.encode(), True
        if isinstance(made, bytes):
            return made, True
        payload = made
    if isinstance(payload, (list, tuple, int, float, Message)) and not payload:
        return b'', False
    return dumps(to_plain(payload)).encode(), True


def parse_query(query: str) -> Bunch:
    """The parameters of a query string; one that is repeated is a list."""
    return collect(parse_qsl(query, keep_blank_values=True), Bunch()) if query else Bunch()


def parse_form(body: bytes) -> Bunch:
    """The fields of a form, as `parse_query` gives them."""
    return parse_query(body.decode('utf-8', 'replace'))


def make_bunch(pairs: list[tuple[str, str]]) -> Bunch:
    """A Bunch of pairs."""
    return collect(pairs, Bunch())


def make_input(
    payload: Any, params: Bunch, query: Bunch, path_over_query: bool = False, url_over_body: bool | None = None,
) -> Any:
    """The body together with the parameters of the URL.

    Unless the channel says otherwise the query wins over the path and the body over both. A body that has no fields (a list,
    bytes) is the input itself, unless the URL has parameters.
    """
    url = {**query, **params} if path_over_query else {**params, **query}
    if isinstance(payload, dict):
        return ServiceInput({**payload, **url} if url_over_body else {**url, **payload})
    if url or (isinstance(payload, str) and not payload):
        return ServiceInput(url)
    return payload


def wsgi_environ(request: Any, peer: str | None = None, channel: Any = None) -> dict[str, Any]:
    """The facts of a message under the names of WSGI, and those that Zato adds to them."""
    http = request.http
    environ = {
        'REQUEST_METHOD': http.method, 'PATH_INFO': http.path, 'QUERY_STRING': http.query,
        'CONTENT_TYPE': request.content_type or '', 'CONTENT_LENGTH': str(len(request.raw_request)),
        'RAW_URI': quote(http.path, safe='/%') + (f'?{http.query}' if http.query else ''),
        'SERVER_PROTOCOL': 'HTTP/1.1', 'wsgi.url_scheme': 'http', 'zato.http.GET': http.GET,
        'REMOTE_ADDR': peer or '', 'zato.http.remote_addr': peer or '', 'zato.http.path_params': http.params,
        'zato.request_timestamp_utc': datetime.now(timezone.utc).replace(tzinfo=None), 'zato.channel_item': channel_item(channel),
    }
    for name, value in http.headers.items():
        if name not in ('content-type', 'content-length'):
            environ['HTTP_' + name.upper().replace('-', '_')] = value
    return environ


def channel_item(channel: Any) -> Bunch:
    """What `wsgi_environ` says of the channel."""
    if channel is None:
        return Bunch()
    security = channel.security
    return Bunch(
        id=channel.name, name=channel.name, type=channel.type, data_format=channel.data_format or '', is_active=True, is_internal=False,
        transport='soap' if channel.data_format == 'soap' else 'plain_http', security_name=security.name, sec_type=security.type,
        username=security.username)


def to_bunch(value: Any) -> Any:
    """A copy in which each dict has its keys as attributes."""
    if isinstance(value, dict):
        return Bunch((key, to_bunch(item)) for key, item in value.items())
    return [to_bunch(item) for item in value] if isinstance(value, list) else value


def describe_error(exc: BaseException, cid: str) -> tuple[str, int | None, str, str | None, bool, dict[str, str]]:
    """Kind, status, public message, detail for the operator, retryable, and headers of what a service raised."""
    if isinstance(exc, ServiceError):
        message = exc.public_message()
        detail = _report(exc) if exc.status >= 500 else str(exc.msg) if str(exc.msg) != message else None
        kind = getattr(exc, 'outer_kind', exc.kind)
        return kind, exc.status, message, detail, bool(exc.retryable), exc.headers
    return 'internal', None, 'An error has occurred', _report(exc), False, {}


def _report(exc: BaseException) -> str:
    return ''.join(traceback.format_exception(exc, limit=_limit(exc))) + advice(exc).removeprefix('; ')


def _limit(exc: BaseException) -> int | None:
    """How many frames to show: all, or the innermost of a recursion that went very deep."""
    trace = exc.__traceback__
    for _ in range(_DEEPEST_REPORT):
        if trace is None:
            return None
        trace = trace.tb_next
    return -_INNERMOST


def run_coroutine(coroutine: Any) -> None:
    """Runs `async def handle`."""
    import asyncio
    asyncio.run(coroutine)
