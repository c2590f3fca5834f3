"""Caches in memory, in place of the server's (`_caisson_cache`)."""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ['CacheFake', 'native_cache']

_CONDITIONS: dict[int, Callable[[bool], bool]] = {0: lambda there: True, 1: lambda there: not there, 2: lambda there: there}

_CHOICES: dict[str, Callable[[list[str], str], bool]] = {
    'prefix': lambda texts, key: key.startswith(texts[0]), 'suffix': lambda texts, key: key.endswith(texts[0]),
    'contains': lambda texts, key: texts[0] in key, 'not_contains': lambda texts, key: texts[0] not in key,
    'regex': lambda texts, key: re.match(texts[0], key) is not None,
    'contains_all': lambda texts, key: all(text in key for text in texts),
    'contains_any': lambda texts, key: any(text in key for text in texts), 'all': lambda texts, key: True,
}


@dataclass
class _Entry:
    value: bytes
    expiry_ms: int = 0
    expires_at: int = 0
    hits: int = 0
    reads: list[int] = field(default_factory=lambda: [0, 0])
    writes: list[int] = field(default_factory=lambda: [0, 0])


class CacheFake:
    """Stands for a cache of the server; in tests, `app.cache[NAME]`. It works as the real one, and forgets nothing."""

    def __init__(self, name: str) -> None:
        self.name = name
        # The one that was used last comes last.
        self._entries: dict[str, _Entry] = {}

    @property
    def data(self) -> dict[str, Any]:
        """All that is in it."""
        self._expire()
        return {key: _values().decode(entry.value) for key, entry in self._entries.items()}

    def put(self, values: Mapping[str, Any]) -> CacheFake:
        """Sets keys before the service runs."""
        for key, value in values.items():
            self._entries[key] = _Entry(_values().encode(value))
        return self

    def _expire(self) -> None:
        now = _now()
        for key in [key for key, entry in self._entries.items() if 0 < entry.expires_at <= now]:
            del self._entries[key]

    def _chosen(self, kind: str, texts: Iterable[str], limit: int) -> list[str]:
        self._expire()
        given = list(texts)
        if kind == 'keys':
            found = [key for key in given if key in self._entries]
        else:
            found = [key for key in reversed(self._entries) if _CHOICES[kind](given, key)]
        return found[:limit] if limit else found

    def _told(self, keys: list[str], parts: int) -> tuple[Any, ...]:
        order = {key: at for at, key in enumerate(reversed(self._entries))}
        told: list[tuple[Any, ...]] = []
        for key in keys:
            entry = self._entries[key]
            value = entry.value if parts else b''
            facts = (order[key], entry.hits, entry.expiry_ms, entry.expires_at, *entry.reads, *entry.writes) if parts > 1 else ()
            told.append((key, value, *facts))
        return True, told

    def _used(self, key: str) -> _Entry:
        entry = self._entries[key] = self._entries.pop(key)
        return entry

    def _get(self, kind: str, texts: Iterable[str], limit: int, parts: int) -> tuple[Any, ...]:
        keys = self._chosen(kind, texts, limit)
        # To ask for keys alone is not to read.
        for key in reversed(keys if parts else []):
            entry = self._used(key)
            entry.hits += 1
            entry.reads = [_now(), entry.reads[0]]
        return self._told(keys, parts)

    def _put(self, kind: str, texts: Iterable[str], limit: int, value: bytes, expiry_ms: int, condition: int, parts: int) -> tuple[Any, ...]:
        given = list(texts)
        before = self._told(self._chosen(kind, given, limit), parts)
        for key in given if kind == 'keys' else [entry[0] for entry in before[1]]:
            there = key in self._entries
            if not _CONDITIONS[condition](there):
                continue
            entry = self._used(key) if there else self._entries.setdefault(key, _Entry(value))
            entry.value, entry.writes = value, [_now(), entry.writes[0]]
            self._limit(entry, expiry_ms)
        return before

    def _delete(self, kind: str, texts: Iterable[str], limit: int, parts: int) -> tuple[Any, ...]:
        gone = self._told(self._chosen(kind, texts, limit), parts)
        for entry in gone[1]:
            del self._entries[entry[0]]
        return gone

    def _end(self, kind: str, texts: Iterable[str], limit: int, expiry_ms: int, parts: int) -> tuple[Any, ...]:
        keys = self._chosen(kind, texts, limit)
        for key in keys:
            self._limit(self._entries[key], expiry_ms)
        return self._told(keys, parts)

    def _limit(self, entry: _Entry, expiry_ms: int) -> None:
        entry.expiry_ms, entry.expires_at = expiry_ms, _now() + expiry_ms if expiry_ms else 0


def _now() -> int:
    return round(time.time() * 1000)


def _values() -> Any:
    """How values are kept as bytes."""
    return importlib.import_module('caisson._cache_values')


def native_cache(caches: Mapping[str, CacheFake], granted: Callable[[str], bool]) -> dict[str, Callable[..., Any]]:
    """The functions of `_caisson_cache`."""
    return {
        'get': lambda name, *asked: caches[name]._get(*asked), 'put': lambda name, *asked: caches[name]._put(*asked),
        'delete': lambda name, *asked: caches[name]._delete(*asked), 'expire': lambda name, *asked: caches[name]._end(*asked),
        'count': lambda name: (True, len(caches[name]._chosen('all', (), 0))), 'granted': granted,
    }
