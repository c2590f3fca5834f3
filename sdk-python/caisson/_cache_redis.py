"""The built-in cache with the methods of redis-py: `self.cache.set(...)` of a service that has no connection to Redis."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from caisson._cache import Cache

__all__ = ['RedisLike', 'explain', 'one_time']


def explain(name: str) -> str:
    """Why `self.cache` has no such attribute, and what to do."""
    if name == 'memcached':
        return 'self.cache.memcached: there is no Memcached here; use self.cache.default, or a connection of type redis'
    return (f'self.cache has no {name!r}: the built-in cache does not know it; for all commands of Redis, grant this service a '
            f'connection of type redis named `default`')


def _seconds(value: Any) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else value


def one_time(method: str, expiry: Any, **others: Any) -> None:
    """Refuses `expiry` beside what says the same in another way."""
    given = [name for name, value in others.items() if value is not None]
    if expiry is not None and given:
        raise TypeError(f'{method}: `expiry` and `{given[0]}` both say how long; give one of them')


class RedisLike(Cache):
    """The commands that a cache needs, with the arguments and answers of redis-py. Unlike in Redis, values keep their types."""

    def set(  # type: ignore[override]  # the signature is that of redis-py
        self, key: str, value: Any, ex: Any = None, px: Any = None, nx: bool = False, xx: bool = False, expiry: Any = None,
        details: bool = False,
    ) -> Any:
        """Sets a key, for `ex` or `expiry` seconds or `px` milliseconds. True, or None if `nx` or `xx` was against it."""
        one_time('set', expiry, ex=ex, px=px)
        seconds = _seconds(ex) if ex is not None else _seconds(expiry or 0.0)
        if px is not None:
            seconds = _seconds(px) if isinstance(px, timedelta) else px / 1000
        if nx:
            return True if self.add(key, value, seconds) else None
        if xx:
            return True if self.replace(key, value, seconds) else None
        before = super().set(key, value, seconds, details)
        return before if details else True

    def setex(self, key: str, seconds: Any, value: Any) -> bool:
        """Sets a key for a time."""
        self._put('keys', [key], value, _seconds(seconds), 0, None)
        return True

    def setnx(self, key: str, value: Any) -> bool:
        """Sets a key if it is not there; whether it was set."""
        return self.add(key, value)

    def delete(self, *keys: str, raise_key_error: bool = True, details: bool = False) -> int:  # type: ignore[override]  # as in redis-py
        """Deletes keys; how many there were. `raise_key_error` is taken and changes nothing."""
        return self.delete_many(keys)

    unlink = delete

    def exists(self, *keys: str) -> int:
        """How many of the keys are there."""
        return len(self._get('keys', list(keys), 0, None))

    def expire(self, key: str, time: Any = 0.0, details: bool = False) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Lets a key end after so many seconds. Whether it is there."""
        return super().expire(key, _seconds(time), details)

    def persist(self, key: str) -> bool:
        """Lets a key never end. Whether it is there."""
        return bool(super().expire(key, 0))

    def ttl(self, key: str) -> int:
        """Seconds until a key ends; -1 if it does not, -2 if it is not there."""
        entry = self.get(key, details=True)
        if entry is None:
            return -2
        return -1 if not entry.expires_at else max(round(entry.expires_at - time.time()), 0)

    def mget(self, keys: Any, *more: str) -> list[Any]:
        """Values of keys, None for those that are not there."""
        wanted = [*([keys] if isinstance(keys, str) else keys), *more]
        found = self.get_many(wanted)
        return [found.get(key) for key in wanted]

    def mset(self, mapping: Mapping[str, Any]) -> bool:
        """Sets several keys."""
        self.set_many(mapping)
        return True

    def keys(self, pattern: str = '*') -> list[str]:
        """Keys that a pattern with `*`, `?` and `[...]` matches."""
        keys: Iterable[str] = super().keys()
        return [key for key in keys if pattern == '*' or fnmatch.fnmatchcase(key, pattern)]

    def scan_iter(self, match: str | None = None, count: int | None = None) -> Iterable[str]:
        """As `keys`."""
        return iter(self.keys(match or '*'))

    def dbsize(self) -> int:
        """How many entries there are."""
        return len(self)

    def flushdb(self) -> bool:
        """Deletes everything."""
        self.clear()
        return True

    def ping(self) -> bool:
        """True."""
        return True
