"""Answers of Redis as redis-py gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = [
    'done', 'entries', 'flag', 'flags', 'floating', 'info', 'mapping', 'members', 'pairs', 'read_streams', 'scanned',
]


def done(value: Any) -> Any:
    """A status: True, or None where there is none."""
    return None if value is None else True


def flag(value: Any) -> bool:
    """1 and 0."""
    return bool(value)


def flags(value: Any) -> list[bool]:
    """A list of 1 and 0."""
    return [bool(one) for one in value]


def floating(value: Any) -> float | None:
    """A number, which may come as a text."""
    return None if value is None else float(value)


def members(value: Any) -> set[Any]:
    """A set."""
    return set(value)


def mapping(value: Any) -> dict[Any, Any]:
    """A dict, which comes as one or as a list."""
    return value if isinstance(value, dict) else dict(zip(value[::2], value[1::2]))


def pairs(value: Any) -> list[tuple[Any, float]]:
    """Members with their scores, which come as pairs or one after the other."""
    if value and not isinstance(value[0], list):
        value = list(zip(value[::2], value[1::2]))
    return [(member, float(score)) for member, score in value]


def entries(value: Any) -> list[tuple[Any, Any]]:
    """Entries of a stream: ids with their fields, or with None where one was deleted."""
    return [(name, None if fields is None else mapping(fields)) for name, fields in value or []]


def read_streams(value: Any) -> list[list[Any]]:
    """Streams with their entries."""
    return [[name, entries(found)] for name, found in (value or {}).items()]


def scanned(convert: Callable[[Any], Any]) -> Callable[[Any], tuple[int, Any]]:
    """A cursor and what was found."""
    return lambda value: (int(value[0]), convert(value[1]))


def info(value: str) -> dict[str, Any]:
    """The lines of INFO, numbers as such."""
    found: dict[str, Any] = {}
    for line in value.splitlines():
        name, colon, one = line.partition(':')
        if colon and not line.startswith('#'):
            found[name] = _number(one)
    return found


def _number(text: str) -> Any:
    if '=' in text:
        return {name: _number(one) for name, _, one in (part.partition('=') for part in text.split(','))}
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text
