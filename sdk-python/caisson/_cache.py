"""`self.cache`: values in the server's memory that outlive requests.

    cache = self.cache.default                          # or self.cache.get_cache('builtin', 'customers')
    cache.set('customer.1', {'name': 'Jane'}, expiry=60)
    cache.get('customer.1')                             # {'name': 'Jane'}
    cache.delete_by_prefix('customer.')

A server forgets all of it when it restarts, other servers have their own, and any entry may be gone at any time. Keys are `str`;
for values see `caisson._cache_values`. Names of caches belong to the package unless the operator shares them
(`serve --shared-names`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from caisson._cache_matching import Matching
from caisson._capability import CapabilityError

__all__ = ['Cache', 'Caches', 'make']

_DEFAULT = 'default'
# So many values of any size are not too many for one answer of the host.
_FEW = 15


class Cache(Matching):
    """A built-in cache, by its name: made when it is used first, of at most 10,000 entries."""

    def get(self, key: str, default: Any = None, details: bool = False) -> Any:
        """The value of a key, or `default`. With `details` an Entry."""
        found = self._get('keys', [key], 0, details)
        return found[key] if found else default

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Values of those of the keys that are there."""
        return self._get('keys', list(keys), 0)

    def set(self, key: str, value: Any, expiry: float = 0.0, details: bool = False) -> Any:
        """Sets a key, for `expiry` seconds (0: without end). What was there before, or None; with `details` as an Entry."""
        return self._put('keys', [key], value, expiry, 0, details).get(key)

    def set_many(self, values: Mapping[str, Any], expiry: float = 0.0) -> None:
        """Sets several keys."""
        for key, value in values.items():
            self._put('keys', [key], value, expiry, 0, None)

    def add(self, key: str, value: Any, expiry: float = 0.0) -> bool:
        """Sets a key if it is not there; whether it was set. Of several who try at the same time, one succeeds."""
        return not self._put('keys', [key], value, expiry, 0, None, condition=1)

    def replace(self, key: str, value: Any, expiry: float = 0.0) -> bool:
        """Sets a key if it is there; whether it was set."""
        return bool(self._put('keys', [key], value, expiry, 0, None, condition=2))

    def delete(self, key: str, raise_key_error: bool = True, details: bool = False) -> Any:
        """Deletes a key. Its value, or None if it was not there; with `details` an Entry. `raise_key_error` is taken and changes
        nothing, as in Zato."""
        return self._delete('keys', [key], 0, details).get(key)

    def delete_many(self, keys: Iterable[str]) -> int:
        """Deletes keys; how many there were."""
        return len(self._delete('keys', list(keys), 0, None))

    def pop(self, key: str, default: Any = None) -> Any:
        """Deletes a key. Its value, or `default`."""
        return self._delete('keys', [key], 0).get(key, default)

    def expire(self, key: str, expiry: float = 0.0, details: bool = False) -> Any:
        """Lets a key end after `expiry` seconds from now (0: never). Whether it is there; with `details` an Entry or None."""
        found = self._expire('keys', [key], expiry, 0, details or None)
        return found.get(key) if details else bool(found)

    def clear(self) -> int:
        """Deletes everything; how much there was."""
        return len(self._delete('all', [], 0, None))

    def keys(self) -> list[str]:
        """All keys, most recently used first."""
        return list(self._get('all', [], 0, None))

    def items(self, details: bool = False) -> list[tuple[str, Any]]:
        """All keys with their values, most recently used first; with `details` Entries."""
        try:
            return list(self._get('all', [], 0, details).items())
        except CapabilityError as error:
            if error.kind != 'quota-exceeded':
                raise
        keys = self.keys()
        parts = [keys[start:start + _FEW] for start in range(0, len(keys), _FEW)]
        return [pair for part in parts for pair in self._get('keys', part, 0, details).items()]

    def values(self, details: bool = False) -> list[Any]:
        """All values, most recently used first; with `details` Entries."""
        return [value for _, value in self.items(details)]

    def iterkeys(self) -> Iterator[str]:
        """As `keys`."""
        return iter(self.keys())

    def itervalues(self, details: bool = False) -> Iterator[Any]:
        """As `values`."""
        return iter(self.values(details))

    def iteritems(self, details: bool = False) -> Iterator[tuple[str, Any]]:
        """As `items`."""
        return iter(self.items(details))

    def __getitem__(self, key: str) -> Any:
        found = self._get('keys', [key], 0)
        if key not in found:
            raise KeyError(key)
        return found[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._put('keys', [key], value, 0, 0, None)

    def __delitem__(self, key: str) -> None:
        if not self._delete('keys', [key], 0, None):
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and bool(self._get('keys', [key], 0, None))

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return self._count()

    def __bool__(self) -> bool:
        return True


class Builtin:
    """`self.cache.builtin`: caches by their names."""

    def __getitem__(self, name: str) -> Cache:
        return Cache(name)

    get = __getitem__


class Caches:
    """`self.cache`, in both dialects.

    Of Zato 3.2: `default`, `builtin[name]`, `get_cache('builtin', name)`. Of Zato 4.1: the methods of a Redis client, here on the
    object itself. They go to the Redis connection `default` if this service may use it, with the names of Zato 3.2 too (`key`,
    `expiry`, `default`); otherwise to the built-in cache `default`, which knows the common ones. Methods that Redis does not have
    (`get_by_prefix`, ...) go to the built-in cache.
    """

    def __init__(self) -> None:
        self._made: Any = None

    @property
    def default(self) -> Cache:
        """The built-in cache `default`."""
        return Cache(_DEFAULT)

    @property
    def builtin(self) -> Builtin:
        """Built-in caches by their names."""
        return Builtin()

    def get_cache(self, cache_type: str, name: str) -> Cache:
        """A cache by its type, which is `builtin`, and its name."""
        if cache_type != 'builtin':
            raise ValueError(f'there are no caches of type {cache_type!r}; there is builtin, and Redis as self.redis')
        return Cache(name)

    def get_builtin_cache(self, name: str) -> Cache:
        """A built-in cache by its name."""
        return Cache(name)

    @property
    def _client(self) -> Any:
        """What answers calls on this object itself; decided once for each message."""
        if self._made is None:
            import _caisson_cache

            if _caisson_cache.granted(_DEFAULT):
                from caisson._cache_over_redis import RedisCache
                self._made = RedisCache(_DEFAULT)
            else:
                from caisson._cache_redis import RedisLike
                self._made = RedisLike(_DEFAULT)
        return self._made

    def __getattr__(self, name: str) -> Any:
        if name.startswith('_'):
            raise AttributeError(name)
        for holder in (self._client, self.default):
            if hasattr(holder, name):
                return getattr(holder, name)
        from caisson._cache_redis import explain
        raise AttributeError(explain(name))

    def __getitem__(self, key: str) -> Any:
        return self._client[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._client[key] = value

    def __delitem__(self, key: str) -> None:
        del self._client[key]

    def __contains__(self, key: object) -> bool:
        return key in self._client

    def __iter__(self) -> Iterator[str]:
        return iter(self.default)

    def __len__(self) -> int:
        return len(self.default)

    def __bool__(self) -> bool:
        return True


def make(_service: Any) -> Caches:
    """`self.cache`."""
    return Caches()
