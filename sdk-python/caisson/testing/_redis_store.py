"""A small Redis in memory: the commands that services use most, with the answers of the real one."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Callable
from typing import Any

__all__ = ['Store']

_WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'


class _Failed(Exception):
    """What Redis answers with an error."""


class Store:
    """Keys and their values: `bytes` for strings, `dict` for hashes, `list` for lists, `set` for sets."""

    def __init__(self) -> None:
        self.values: dict[bytes, Any] = {}
        self.ends: dict[bytes, float] = {}

    def run(self, command: list[bytes]) -> Any:
        """The answer as the native module gives it, or `NotImplemented` for a command that is not known here."""
        name = command[0].decode('ascii', 'replace').upper()
        found: Callable[..., Any] | None = getattr(self, f'_{name.lower()}', None)
        if found is None or not name.isalpha():
            return NotImplemented
        for key in [key for key, end in self.ends.items() if end <= time.time()]:
            self._drop(key)
        try:
            return True, found(*command[1:])
        except _Failed as error:
            return False, 'invalid-input', str(error), False, str(error).split(' ', 1)[0]
        except TypeError:
            return False, 'invalid-input', f"ERR wrong number of arguments for '{name.lower()}' command", False, 'ERR'
        except ValueError:
            return False, 'invalid-input', 'ERR value is not an integer or out of range', False, 'ERR'

    def _drop(self, key: bytes) -> bool:
        self.ends.pop(key, None)
        return self.values.pop(key, None) is not None

    def _of(self, key: bytes, kind: type, make: bool = False) -> Any:
        value = self.values.get(key)
        if value is None:
            value = kind()
            if make:
                self.values[key] = value
        if not isinstance(value, kind):
            raise _Failed(_WRONG_TYPE)
        return value

    def _tidy(self, key: bytes) -> None:
        """A collection without anything in it is no key."""
        if not self.values.get(key) and not isinstance(self.values.get(key), bytes):
            self._drop(key)

    # Strings.

    def _get(self, key: bytes) -> Any:
        return self._of(key, bytes) if key in self.values else None

    def _set(self, key: bytes, value: bytes, *options: bytes) -> Any:
        words = [option.upper() for option in options]
        there, old = key in self.values, self.values.get(key)
        if b'NX' in words and there or b'XX' in words and not there:
            return old if b'GET' in words else None
        self.values[key] = value
        if b'KEEPTTL' not in words:
            self.ends.pop(key, None)
        for unit, scale in ((b'EX', 1.0), (b'PX', 0.001)):
            if unit in words:
                self.ends[key] = time.time() + int(options[words.index(unit) + 1]) * scale
        return old if b'GET' in words else 'OK'

    def _setex(self, key: bytes, seconds: bytes, value: bytes) -> Any:
        return self._set(key, value, b'EX', seconds)

    def _psetex(self, key: bytes, millis: bytes, value: bytes) -> Any:
        return self._set(key, value, b'PX', millis)

    def _setnx(self, key: bytes, value: bytes) -> int:
        return 1 if self._set(key, value, b'NX') else 0

    def _getset(self, key: bytes, value: bytes) -> Any:
        return self._set(key, value, b'GET')

    def _getdel(self, key: bytes) -> Any:
        value = self._get(key)
        self._drop(key)
        return value

    def _append(self, key: bytes, value: bytes) -> int:
        self.values[key] = self._of(key, bytes) + value
        return len(self.values[key])

    def _strlen(self, key: bytes) -> int:
        return len(self._of(key, bytes))

    def _mget(self, *keys: bytes) -> list[Any]:
        return [value if isinstance(value := self.values.get(key), bytes) else None for key in keys]

    def _mset(self, *pairs: bytes) -> str:
        for key, value in zip(pairs[::2], pairs[1::2]):
            self._set(key, value)
        return 'OK'

    def _incrby(self, key: bytes, amount: bytes) -> int:
        number = int(self._of(key, bytes) or b'0') + int(amount)
        self.values[key] = str(number).encode()
        return number

    def _incr(self, key: bytes) -> int:
        return self._incrby(key, b'1')

    def _decr(self, key: bytes) -> int:
        return self._incrby(key, b'-1')

    def _decrby(self, key: bytes, amount: bytes) -> int:
        return self._incrby(key, str(-int(amount)).encode())

    # Keys.

    def _del(self, *keys: bytes) -> int:
        return sum(self._drop(key) for key in keys)

    _unlink = _del

    def _exists(self, *keys: bytes) -> int:
        return sum(key in self.values for key in keys)

    def _keys(self, pattern: bytes) -> list[bytes]:
        return [key for key in self.values if fnmatch.fnmatchcase(key.decode('latin-1'), pattern.decode('latin-1'))]

    def _type(self, key: bytes) -> str:
        kinds: dict[type, str] = {bytes: 'string', dict: 'hash', list: 'list', set: 'set'}
        return kinds[type(self.values[key])] if key in self.values else 'none'

    def _pexpire(self, key: bytes, millis: bytes) -> int:
        if key not in self.values:
            return 0
        self.ends[key] = time.time() + int(millis) / 1000
        return 1

    def _expire(self, key: bytes, seconds: bytes) -> int:
        return self._pexpire(key, str(int(seconds) * 1000).encode())

    def _persist(self, key: bytes) -> int:
        return 0 if self.ends.pop(key, None) is None else 1

    def _pttl(self, key: bytes) -> int:
        if key not in self.values:
            return -2
        return round((self.ends[key] - time.time()) * 1000) if key in self.ends else -1

    def _ttl(self, key: bytes) -> int:
        left = self._pttl(key)
        return left if left < 0 else round(left / 1000)

    def _ping(self, *_message: bytes) -> str:
        return 'PONG'

    def _publish(self, _channel: bytes, _message: bytes) -> int:
        return 0

    # Hashes.

    def _hset(self, key: bytes, *pairs: bytes) -> int:
        found = self._of(key, dict, make=True)
        before = len(found)
        found.update(zip(pairs[::2], pairs[1::2]))
        return len(found) - before

    def _hmset(self, key: bytes, *pairs: bytes) -> str:
        self._hset(key, *pairs)
        return 'OK'

    def _hget(self, key: bytes, field: bytes) -> Any:
        return self._of(key, dict).get(field)

    def _hmget(self, key: bytes, *fields: bytes) -> list[Any]:
        return [self._of(key, dict).get(field) for field in fields]

    def _hgetall(self, key: bytes) -> dict[bytes, bytes]:
        return dict(self._of(key, dict))

    def _hexists(self, key: bytes, field: bytes) -> int:
        return int(field in self._of(key, dict))

    def _hkeys(self, key: bytes) -> list[bytes]:
        return list(self._of(key, dict))

    def _hvals(self, key: bytes) -> list[bytes]:
        return list(self._of(key, dict).values())

    def _hlen(self, key: bytes) -> int:
        return len(self._of(key, dict))

    def _hdel(self, key: bytes, *fields: bytes) -> int:
        gone = sum(self._of(key, dict).pop(field, None) is not None for field in fields)
        self._tidy(key)
        return gone

    def _hincrby(self, key: bytes, field: bytes, amount: bytes) -> int:
        found = self._of(key, dict, make=True)
        number = int(found.get(field, b'0')) + int(amount)
        found[field] = str(number).encode()
        return number

    # Lists.

    def _rpush(self, key: bytes, *values: bytes) -> int:
        found = self._of(key, list, make=True)
        found.extend(values)
        return len(found)

    def _lpush(self, key: bytes, *values: bytes) -> int:
        found = self._of(key, list, make=True)
        for value in values:
            found.insert(0, value)
        return len(found)

    def _pop(self, key: bytes, at: int, count: bytes | None) -> Any:
        found = self._of(key, list)
        taken = [found.pop(at) for _ in range(min(len(found), int(count or b'1')))]
        self._tidy(key)
        return (taken or None) if count is not None else taken[0] if taken else None

    def _lpop(self, key: bytes, count: bytes | None = None) -> Any:
        return self._pop(key, 0, count)

    def _rpop(self, key: bytes, count: bytes | None = None) -> Any:
        return self._pop(key, -1, count)

    def _llen(self, key: bytes) -> int:
        return len(self._of(key, list))

    def _lrange(self, key: bytes, first: bytes, last: bytes) -> list[bytes]:
        found, end = self._of(key, list), int(last)
        start = max(0, int(first) + len(found)) if int(first) < 0 else int(first)
        made: list[bytes] = found[start:(end if end >= 0 else len(found) + end) + 1]
        return made

    # Sets.

    def _sadd(self, key: bytes, *values: bytes) -> int:
        found = self._of(key, set, make=True)
        before = len(found)
        found.update(values)
        return len(found) - before

    def _srem(self, key: bytes, *values: bytes) -> int:
        found = self._of(key, set)
        before = len(found)
        found.difference_update(values)
        gone = before - len(found)
        self._tidy(key)
        return gone

    def _smembers(self, key: bytes) -> list[bytes]:
        return sorted(self._of(key, set))

    def _sismember(self, key: bytes, value: bytes) -> int:
        return int(value in self._of(key, set))

    def _scard(self, key: bytes) -> int:
        return len(self._of(key, set))
