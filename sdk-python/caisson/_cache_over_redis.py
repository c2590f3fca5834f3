"""`self.cache` of a service that may use the Redis connection `default`: its client, which also knows the names that the caches of Zato
3.2 have for the same: `key`, `expiry`, `default`.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from caisson._cache_redis import one_time
from caisson._zato_redis import Redis

__all__ = ['RedisCache']

_ABSENT: Any = object()


class RedisCache(Redis):
    """The client of Redis, whose answers are those of Redis under all names."""

    # `key` may stand for `name`, so neither is required.
    def set(
        self, name: Any = _ABSENT, value: Any = _ABSENT, ex: Any = None, px: Any = None, nx: bool = False, xx: bool = False,
        keepttl: bool = False, get: bool = False, exat: Any = None, pxat: Any = None, *, key: Any = _ABSENT, expiry: Any = None,
        details: bool = False,
    ) -> Any:
        """SET: True, or None if `nx` or `xx` was against it; with `get` what was there. `expiry` are seconds, as `ex`, of which there may
        be parts; 0 is no end.
        """
        _no_details('set', details)
        name = _one('set', name, key)
        if value is _ABSENT:
            raise TypeError('set: the value is missing')
        one_time('set', expiry, ex=ex, px=px, exat=exat, pxat=pxat, keepttl=keepttl or None)
        if expiry is not None:
            ex, px = _times(expiry)
        return super().set(name, value, ex, px, nx, xx, keepttl, get, exat, pxat)

    def get(self, name: Any = _ABSENT, default: Any = None, details: bool = False, *, key: Any = _ABSENT) -> Any:
        """GET: the value, or `default`."""
        _no_details('get', details)
        found = self._do(['GET', _one('get', name, key)])
        return default if found is None else found

    def delete(self, *names: Any, key: Any = _ABSENT, raise_key_error: bool = True, details: bool = False) -> Any:
        """DEL: how many there were. `raise_key_error` is taken and changes nothing."""
        del raise_key_error
        _no_details('delete', details)
        if key is not _ABSENT:
            names = (_one('delete', names[0] if names else _ABSENT, key),)
        flat = [name for one in names for name in (one if isinstance(one, (list, tuple, set, frozenset)) else (one,))]
        return self._do(['DEL', *flat])

    def expire(self, name: Any = _ABSENT, time: Any = None, *, key: Any = _ABSENT, expiry: Any = None, details: bool = False) -> Any:
        """EXPIRE: whether it is there. `expiry` are seconds, as `time`, of which there may be parts; 0 is no end."""
        _no_details('expire', details)
        name = _one('expire', name, key)
        one_time('expire', expiry, time=time)
        if expiry is None:
            if time is None:
                raise TypeError('expire: the time is missing')
            seconds = int(time.total_seconds()) if isinstance(time, timedelta) else time
            return bool(self._do(['EXPIRE', name, seconds]))
        ex, px = _times(expiry)
        if px is not None:
            return bool(self._do(['PEXPIRE', name, px]))
        if ex is not None:
            return bool(self._do(['EXPIRE', name, ex]))
        # Whether it is there is not what PERSIST answers.
        self._do(['PERSIST', name])
        return name in self

    def __getitem__(self, name: Any) -> Any:
        found = self._do(['GET', name])
        if found is None:
            raise KeyError(name)
        return found

    def __setitem__(self, name: Any, value: Any) -> None:
        super().set(name, value)

    def __delitem__(self, name: Any) -> None:
        self._do(['DEL', name])

    def __contains__(self, name: object) -> bool:
        return bool(self._do(['EXISTS', name]))

    # Its items are not the keys of a mapping: without this, `__getitem__` would make it look as if they were.
    __iter__ = None


def _one(method: str, name: Any, key: Any) -> Any:
    """The key, which may be given under either name."""
    if key is _ABSENT:
        if name is _ABSENT:
            raise TypeError(f'{method}: the key is missing')
        return name
    if name is not _ABSENT:
        raise TypeError(f'{method}: the key is given twice; give it as `key`, or first')
    return key


def _times(expiry: Any) -> tuple[int | None, int | None]:
    """Seconds or milliseconds, if there is an end."""
    seconds = expiry.total_seconds() if isinstance(expiry, timedelta) else expiry
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f'expiry is a number of seconds, not {type(expiry).__name__}')
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f'expiry is a number of seconds and not negative: {seconds}')
    if seconds == int(seconds):
        return int(seconds) or None, None
    return None, max(1, round(seconds * 1000))


def _no_details(method: str, details: bool) -> None:
    if details:
        raise TypeError(f'{method}: Redis keeps no details of entries; self.cache.default does')
