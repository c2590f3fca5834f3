"""What a service has set on `self.response` as the host is given it, or why it cannot be sent (`respond.rs` in Python)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from caisson._standin._lazy import ABSENT, hook

if TYPE_CHECKING:
    from caisson._standin._response import Response

__all__ = ['answer_of', 'headers_of']

Fields = list[tuple[str, str]]

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")


class _Unsendable(Exception):
    """Why a response cannot be sent."""


def answer_of(service: Any) -> tuple[Any, ...]:
    """`(True, status, headers, body)`, or `(False, reason)`. A body in pieces is gathered."""
    answer = service._caisson_parts.get('response')
    if answer is None:
        return True, 200, [], b''
    try:
        return True, *_answer(answer)
    except _Unsendable as error:
        return False, str(error)


def _answer(answer: Response) -> tuple[int, Fields, bytes]:
    payload = answer._payload.value
    status = _status(answer._status_code)
    headers = [] if answer._headers is ABSENT else headers_of(answer._headers)
    body, implied = _body(payload, answer)
    assigned = answer._content_type
    if assigned is not ABSENT and assigned is not None:
        value = _header_value('Content-Type', assigned)
        headers = [field for field in headers if field[0].lower() != 'content-type']
        headers.append(('content-type', value))
    elif implied and not any(name.lower() == 'content-type' for name, _ in headers):
        headers.append(('content-type', implied))
    if answer._content_encoding is not ABSENT and answer._content_encoding is not None:
        value = _header_value('Content-Encoding', answer._content_encoding)
        headers = [field for field in headers if field[0].lower() != 'content-encoding']
        headers.append(('content-encoding', value))
    return status, headers, body


def _body(payload: Any, answer: Response) -> tuple[bytes, str | None]:
    if payload is ABSENT or payload is None:
        return b'', None
    if hasattr(payload, '__next__') or hasattr(payload, '__anext__'):
        kind = None if answer._content_type is ABSENT else answer._content_type
        first, others, implied = hook('open_stream')(payload, kind)
        return b''.join(([] if first is None else [first]) + list(others)), implied
    if isinstance(payload, str):
        try:
            body = payload.encode()
        except UnicodeEncodeError:
            reason = 'self.response.payload holds text that is not valid Unicode (a lone surrogate)'
            raise _Unsendable(reason) from None
        return body, 'text/plain' if body else None
    if type(payload) is dict or (type(payload) is list and payload):
        return hook('dumps')(payload).encode(), 'application/json'
    body, is_json = hook('serialise')(payload)
    return body, None if not body else 'application/json' if is_json else 'text/plain'


def _status(status: Any) -> int:
    if status is ABSENT:
        return 200
    number = status
    if isinstance(status, str) and status.strip().isdecimal():
        number = int(status)
    if not isinstance(number, int) or not 100 <= number < 1000:
        raise _Unsendable(f'self.response.status_code must be a number from 100 to 999, not {status!r}')
    return int(number)


def headers_of(headers: Any) -> Fields:
    """Headers from a dict of names to text or to lists of texts."""
    if not isinstance(headers, dict):
        raise _Unsendable(f'self.response.headers must be a dict, not {type(headers).__name__}')
    fields: Fields = []
    for name, value in headers.items():
        if not isinstance(name, str):
            raise _Unsendable(f'the name of a header must be a str, not {type(name).__name__}')
        if not _TOKEN.fullmatch(name):
            raise _Unsendable(f'the name of a header must be a token of HTTP, which "{name}" is not')
        fields.extend((name, _header_value(name, one)) for one in (value if isinstance(value, list) else [value]))
    return fields


def _header_value(name: str, value: Any) -> str:
    if type(value) in (int, float):
        value = str(value)
    if not isinstance(value, str):
        raise _Unsendable(f'the value of the header {name} must be a str or a number, not {type(value).__name__}')
    if any(character in value for character in '\r\n\0'):
        raise _Unsendable(f'the value of the header {name} must not contain a line end or a NUL')
    return value
