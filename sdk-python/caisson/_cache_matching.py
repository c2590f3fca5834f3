"""Entries of a cache, chosen by what their keys look like.

Each choice has four methods. `get_...` answers a dict of keys and values; `set_...`, `delete_...` and `expire_...` answer
how many entries were meant, or with `return_found` a dict of them with their values (of `set_...`, those before). The most
recently used come first; `limit` is how many there are at most, 0 for all. Parameters have the names and the order of Zato's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from caisson._cache_values import decode, encode
from caisson._capability import unwrap

__all__ = ['Entry', 'Matching']


class Entry(NamedTuple):
    """An entry with all that is known of it. Times are seconds since the epoch, 0.0 for never.

    `position` is 0 for the entry that was used last, `hits` how often it was read, `expiry` for how many seconds it was set.
    """

    key: str
    value: Any
    position: int
    hits: int
    expiry: float
    expires_at: float
    last_read: float
    prev_read: float
    last_write: float
    prev_write: float


class Matching:
    """What a cache asks of the host."""

    def __init__(self, name: str) -> None:
        self.name = name

    def _get(self, kind: str, texts: Iterable[str], limit: int, details: bool | None = False) -> dict[str, Any]:
        """Entries by their keys. `details`: None for keys only, False for values, True for Entries."""
        return _found(_native().get(self.name, kind, _texts(texts), limit, _parts(details)), details)

    def _put(self, kind: str, texts: Iterable[str], value: Any, expiry: float, limit: int, details: bool | None = False,
             condition: int = 0) -> dict[str, Any]:
        ask = _native().put
        told = ask(self.name, kind, _texts(texts), limit, encode(value), _millis(expiry), condition, _parts(details))
        return _found(told, details)

    def _delete(self, kind: str, texts: Iterable[str], limit: int, details: bool | None = False) -> dict[str, Any]:
        return _found(_native().delete(self.name, kind, _texts(texts), limit, _parts(details)), details)

    def _expire(self, kind: str, texts: Iterable[str], expiry: float, limit: int, details: bool | None = False) -> dict[str, Any]:
        told = _native().expire(self.name, kind, _texts(texts), limit, _millis(expiry), _parts(details))
        return _found(told, details)

    def _count(self) -> int:
        return int(unwrap(_native().count(self.name)))

    def get_by_prefix(self, key: str, details: bool = False, limit: int = 0) -> dict[str, Any]:
        """Those whose keys begin with `key`."""
        return self._get('prefix', [key], limit, details)

    def set_by_prefix(
        self, key: str, value: Any, expiry: float = 0.0, return_found: bool = False, details: bool = False, limit: int = 0,
    ) -> Any:
        """Sets those whose keys begin with `key`."""
        return _told(self._put('prefix', [key], value, expiry, limit, _wanted(return_found, details)), return_found)

    def delete_by_prefix(self, key: str, return_found: bool = False, limit: int = 0) -> Any:
        """Deletes those whose keys begin with `key`."""
        return _told(self._delete('prefix', [key], limit, _wanted(return_found)), return_found)

    def expire_by_prefix(self, key: str, expiry: float = 0.0, limit: int = 0, return_found: bool = False) -> Any:
        """Lets those end after `expiry` seconds whose keys begin with `key`."""
        return _told(self._expire('prefix', [key], expiry, limit, _wanted(return_found)), return_found)

    def get_by_suffix(self, key: str, details: bool = False, limit: int = 0) -> dict[str, Any]:
        """Those whose keys end with `key`."""
        return self._get('suffix', [key], limit, details)

    def set_by_suffix(
        self, key: str, value: Any, expiry: float = 0.0, return_found: bool = False, details: bool = False, limit: int = 0,
    ) -> Any:
        """Sets those whose keys end with `key`."""
        return _told(self._put('suffix', [key], value, expiry, limit, _wanted(return_found, details)), return_found)

    def delete_by_suffix(self, key: str, return_found: bool = False, limit: int = 0) -> Any:
        """Deletes those whose keys end with `key`."""
        return _told(self._delete('suffix', [key], limit, _wanted(return_found)), return_found)

    def expire_by_suffix(self, key: str, expiry: float = 0.0, limit: int = 0, return_found: bool = False) -> Any:
        """Lets those end after `expiry` seconds whose keys end with `key`."""
        return _told(self._expire('suffix', [key], expiry, limit, _wanted(return_found)), return_found)

    def get_by_regex(self, key: str, details: bool = False, limit: int = 0) -> dict[str, Any]:
        """Those whose keys the regular expression matches from their beginning on. It takes linear time: no look-around, no
        back-references, no word boundaries.
        """
        return self._get('regex', [key], limit, details)

    def set_by_regex(
        self, key: str, value: Any, expiry: float = 0.0, return_found: bool = False, details: bool = False, limit: int = 0,
    ) -> Any:
        """Sets those whose keys the regular expression matches from their beginning on."""
        return _told(self._put('regex', [key], value, expiry, limit, _wanted(return_found, details)), return_found)

    def delete_by_regex(self, key: str, return_found: bool = False, limit: int = 0) -> Any:
        """Deletes those whose keys the regular expression matches from their beginning on."""
        return _told(self._delete('regex', [key], limit, _wanted(return_found)), return_found)

    def expire_by_regex(self, key: str, expiry: float = 0.0, limit: int = 0, return_found: bool = False) -> Any:
        """Lets those end after `expiry` seconds in whose keys the regular expression is found."""
        return _told(self._expire('regex', [key], expiry, limit, _wanted(return_found)), return_found)

    def get_contains(self, key: str, details: bool = False, limit: int = 0) -> dict[str, Any]:
        """Those whose keys have `key` within them."""
        return self._get('contains', [key], limit, details)

    def set_contains(
        self, key: str, value: Any, expiry: float = 0.0, return_found: bool = False, details: bool = False, limit: int = 0,
    ) -> Any:
        """Sets those whose keys have `key` within them."""
        return _told(self._put('contains', [key], value, expiry, limit, _wanted(return_found, details)), return_found)

    def delete_contains(self, key: str, return_found: bool = False, limit: int = 0) -> Any:
        """Deletes those whose keys have `key` within them."""
        return _told(self._delete('contains', [key], limit, _wanted(return_found)), return_found)

    def expire_contains(self, key: str, expiry: float = 0.0, limit: int = 0, return_found: bool = False) -> Any:
        """Lets those end after `expiry` seconds whose keys have `key` within them."""
        return _told(self._expire('contains', [key], expiry, limit, _wanted(return_found)), return_found)

    def get_not_contains(self, key: str, details: bool = False, limit: int = 0) -> dict[str, Any]:
        """Those whose keys do not have `key` within them."""
        return self._get('not_contains', [key], limit, details)

    def set_not_contains(
        self, key: str, value: Any, expiry: float = 0.0, return_found: bool = False, details: bool = False, limit: int = 0,
    ) -> Any:
        """Sets those whose keys do not have `key` within them."""
        return _told(self._put('not_contains', [key], value, expiry, limit, _wanted(return_found, details)), return_found)

    def delete_not_contains(self, key: str, return_found: bool = False, limit: int = 0) -> Any:
        """Deletes those whose keys do not have `key` within them."""
        return _told(self._delete('not_contains', [key], limit, _wanted(return_found)), return_found)

    def expire_not_contains(self, key: str, expiry: float = 0.0, limit: int = 0, return_found: bool = False) -> Any:
        """Lets those end after `expiry` seconds whose keys do not have `key` within them."""
        return _told(self._expire('not_contains', [key], expiry, limit, _wanted(return_found)), return_found)

    def get_contains_all(self, key: Iterable[str], details: bool = False, limit: int = 0) -> dict[str, Any]:
        """Those whose keys have all of `key` within them."""
        return self._get('contains_all', key, limit, details)

    def set_contains_all(
        self, key: Iterable[str], value: Any, expiry: float = 0.0, return_found: bool = False, details: bool = False,
        limit: int = 0,
    ) -> Any:
        """Sets those whose keys have all of `key` within them."""
        return _told(self._put('contains_all', key, value, expiry, limit, _wanted(return_found, details)), return_found)

    def delete_contains_all(self, key: Iterable[str], return_found: bool = False, limit: int = 0) -> Any:
        """Deletes those whose keys have all of `key` within them."""
        return _told(self._delete('contains_all', key, limit, _wanted(return_found)), return_found)

    def expire_contains_all(self, key: Iterable[str], expiry: float = 0.0, limit: int = 0, return_found: bool = False) -> Any:
        """Lets those end after `expiry` seconds whose keys have all of `key` within them."""
        return _told(self._expire('contains_all', key, expiry, limit, _wanted(return_found)), return_found)

    def get_contains_any(self, key: Iterable[str], details: bool = False, limit: int = 0) -> dict[str, Any]:
        """Those whose keys have any of `key` within them."""
        return self._get('contains_any', key, limit, details)

    def set_contains_any(
        self, key: Iterable[str], value: Any, expiry: float = 0.0, return_found: bool = False, details: bool = False,
        limit: int = 0,
    ) -> Any:
        """Sets those whose keys have any of `key` within them."""
        return _told(self._put('contains_any', key, value, expiry, limit, _wanted(return_found, details)), return_found)

    def delete_contains_any(self, key: Iterable[str], return_found: bool = False, limit: int = 0) -> Any:
        """Deletes those whose keys have any of `key` within them."""
        return _told(self._delete('contains_any', key, limit, _wanted(return_found)), return_found)

    def expire_contains_any(self, key: Iterable[str], expiry: float = 0.0, limit: int = 0, return_found: bool = False) -> Any:
        """Lets those end after `expiry` seconds whose keys have any of `key` within them."""
        return _told(self._expire('contains_any', key, expiry, limit, _wanted(return_found)), return_found)


def _native() -> Any:
    import _caisson_cache

    return _caisson_cache


def _texts(texts: Iterable[str]) -> list[str]:
    listed = [texts] if isinstance(texts, str) else list(texts)
    for text in listed:
        if not isinstance(text, str):
            raise TypeError(f'keys of a cache are str, not {type(text).__name__}: write str({text!r})')
    return listed


def _millis(seconds: float) -> int:
    """Milliseconds, rounded up: what is to be kept for a moment must not be kept for ever."""
    if not isinstance(seconds, (int, float)):
        raise TypeError(f'expiry is a number of seconds, not {type(seconds).__name__}')
    if not seconds >= 0:
        raise ValueError(f'expiry is a number of seconds and not negative: {seconds}')
    return -int(-min(seconds, 1e12) * 1000 // 1)


def _parts(details: bool | None) -> int:
    return 0 if details is None else 2 if details else 1


def _wanted(return_found: bool, details: bool = False) -> bool | None:
    return details if return_found else None


def _told(found: dict[str, Any], return_found: bool) -> Any:
    return found if return_found else len(found)


def _found(answer: tuple[Any, ...], details: bool | None) -> dict[str, Any]:
    entries = unwrap(answer)
    if details is None:
        return dict.fromkeys(entry[0] for entry in entries)
    if not details:
        return {key: decode(value) for key, value in entries}
    return {entry[0]: _entry(entry) for entry in entries}


def _entry(facts: tuple[Any, ...]) -> Entry:
    key, value, position, hits, *times = facts
    return Entry(key, decode(value), position, hits, *(time / 1000 for time in times))
