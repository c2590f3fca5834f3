"""Values in caches: what goes in comes out as what it was.

`str`, `bytes`, numbers, `None`, lists, tuples, sets, dicts, dates and times, `Decimal`, `UUID`, and all of these within each
other. A date with a time zone comes back with the zone's offset.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

__all__ = ['decode', 'encode']

# Deeper than any value that is meant to be cached, and far from the interpreter's own limit.
_DEEPEST = 100
_TAG = '$'

# A datetime is a date as well, so it comes first.
_TEXTS: dict[type[Any], str] = {datetime: 'datetime', date: 'date', time: 'time'}
_LISTS: dict[type[Any], str] = {tuple: 'tuple', set: 'set', frozenset: 'frozenset'}
_MAKE: dict[str, Any] = {
    'datetime': datetime.fromisoformat, 'date': date.fromisoformat, 'time': time.fromisoformat, 'decimal': Decimal, 'uuid': UUID,
    'float': float, 'bytes': b64decode, 'bytearray': lambda text: bytearray(b64decode(text)),
    'timedelta': lambda parts: timedelta(*parts),
}


def encode(value: Any) -> bytes:
    """Bytes for the host. Raises TypeError for what cannot be kept, with what to do."""
    if isinstance(value, str):
        return b's' + value.encode('utf-8', 'surrogatepass')
    if isinstance(value, bytes):
        return b'b' + value
    return b'j' + json.dumps(_tagged(value, 0)).encode()


def decode(data: bytes) -> Any:
    """The value of bytes that `encode` made."""
    kind, rest = data[:1], data[1:]
    if kind == b's':
        return rest.decode('utf-8', 'surrogatepass')
    if kind == b'b':
        return rest
    value = json.loads(rest)
    return _untagged(value) if b'"$"' in rest else value


def _tagged(value: Any, depth: int) -> Any:
    """The value as JSON can carry it: what it cannot is a dict of a tag and a form that it can."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else {_TAG: 'float', 'v': repr(value)}
    if depth > _DEEPEST:
        raise ValueError(f'a value for a cache lies more than {_DEEPEST} levels deep, or within itself')
    if isinstance(value, list):
        return [_tagged(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return _tagged_dict(value, depth)
    for kind, name in _LISTS.items():
        if isinstance(value, kind):
            return {_TAG: name, 'v': [_tagged(one, depth + 1) for one in value]}
    return _tagged_scalar(value)


def _tagged_dict(value: dict[Any, Any], depth: int) -> Any:
    if _TAG not in value and all(isinstance(key, str) for key in value):
        return {key: _tagged(one, depth + 1) for key, one in value.items()}
    return {_TAG: 'dict', 'v': [[_tagged(key, depth + 1), _tagged(one, depth + 1)] for key, one in value.items()]}


def _tagged_scalar(value: Any) -> dict[str, Any]:
    if isinstance(value, (bytes, bytearray)):
        return {_TAG: type(value).__name__, 'v': b64encode(value).decode()}
    for kind, name in _TEXTS.items():
        if isinstance(value, kind):
            return {_TAG: name, 'v': value.isoformat()}
    if isinstance(value, timedelta):
        return {_TAG: 'timedelta', 'v': [value.days, value.seconds, value.microseconds]}
    if isinstance(value, (Decimal, UUID)):
        return {_TAG: type(value).__name__.lower(), 'v': str(value)}
    advice = 'give what its to_dict() returns' if hasattr(value, 'to_dict') else (
        'give a dict, a list, a text, a number, bytes, a date, a Decimal or a UUID')
    raise TypeError(f'a cache cannot keep a value of type {type(value).__module__}.{type(value).__qualname__}: {advice}')


def _untagged(value: Any) -> Any:
    if isinstance(value, list):
        return [_untagged(one) for one in value]
    if not isinstance(value, dict):
        return value
    if _TAG not in value:
        return {key: _untagged(one) for key, one in value.items()}
    kind, inner = value[_TAG], value['v']
    if kind == 'dict':
        return {_untagged(key): _untagged(one) for key, one in inner}
    if kind in ('tuple', 'set', 'frozenset'):
        return {'tuple': tuple, 'set': set, 'frozenset': frozenset}[kind](_untagged(one) for one in inner)
    return _MAKE[kind](inner)
