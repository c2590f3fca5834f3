"""Redis for services.

    from caisson import redis

    db = redis.connect('sessions')
    db.set('crm:1', 'Jane', ex=60)
    db.get('crm:1')                         # 'Jane'
    db.command('HGETALL', 'crm:2')          # {'name': 'Jane'}
    db.pipeline([('INCR', 'crm:a'), ('GET', 'crm:b')], atomic=True)
    db.script('return redis.call("GET", KEYS[1])', keys=['crm:1'])

Texts come back as `str`; what is no UTF-8 stays `bytes`. With `connect(name, decode=False)` all are `bytes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import _caisson_redis

from caisson._capability import CapabilityError, unwrap

__all__ = ['CapabilityError', 'Client', 'connect']

Word = str | bytes | bytearray | int | float


def connect(name: str = 'default', decode: bool = True) -> Client:
    """The connection of this name. Nothing is opened until it is used."""
    return Client(name, decode)


def word(value: Word) -> bytes:
    """A word of a command as bytes."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode('utf-8')
    if isinstance(value, bool):
        raise TypeError('Redis has no True and False: write 1 and 0, or a text')
    if isinstance(value, (int, float)):
        return repr(value).encode('ascii')
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f'a word of a command is str, bytes, int or float, not {type(value).__name__}')


def text(value: Any) -> Any:
    """A value with its bytes as text, where they are text."""
    if isinstance(value, bytes):
        try:
            return value.decode('utf-8')
        except UnicodeDecodeError:
            return value
    if isinstance(value, list):
        return [text(one) for one in value]
    if isinstance(value, dict):
        return {text(name): text(one) for name, one in value.items()}
    return value


def failed(value: Any) -> CapabilityError | None:
    """The error that a reply of a pipeline is, if it is one."""
    if isinstance(value, tuple):
        return CapabilityError('invalid-input', value[0], False, value[0].split(' ', 1)[0])
    return None


class Client:
    """A connection to Redis, by its name."""

    def __init__(self, name: str, decode: bool = True) -> None:
        self.name = name
        self._read = text if decode else lambda value: value

    def command(self, *words: Word) -> Any:
        """Runs any command: its name and its arguments."""
        return self._read(unwrap(_caisson_redis.run(self.name, [word(one) for one in words])))

    def pipeline(self, commands: Iterable[Iterable[Word]], atomic: bool = False) -> list[Any]:
        """Runs commands in one go; with `atomic` as a transaction. A command that failed gives a `CapabilityError`, not raised."""
        lines = [[word(one) for one in command] for command in commands]
        replies = unwrap(_caisson_redis.pipeline(self.name, lines, atomic))
        return [failed(reply) or self._read(reply) for reply in replies]

    def script(self, source: str, keys: Iterable[Word] = (), arguments: Iterable[Word] = ()) -> Any:
        """Runs a script in Lua, which is sent only if Redis does not have it."""
        words = [word(one) for one in keys], [word(one) for one in arguments]
        return self._read(unwrap(_caisson_redis.script(self.name, source, *words)))

    def get(self, key: Word) -> Any:
        """The value of a key, or None."""
        return self.command('GET', key)

    def set(self, key: Word, value: Word, ex: float | None = None, nx: bool = False) -> bool:
        """Sets a key, for `ex` seconds if given, with `nx` only if it is not there. False if it was not set."""
        ttl = () if ex is None else ('PX', round(ex * 1000))
        return self.command('SET', key, value, *ttl, *(('NX',) if nx else ())) is not None

    def delete(self, *keys: Word) -> int:
        """Deletes keys; how many there were."""
        made: int = self.command('DEL', *keys)
        return made

    def exists(self, key: Word) -> bool:
        """Whether a key is there."""
        return bool(self.command('EXISTS', key) == 1)

    def expire(self, key: Word, seconds: float) -> bool:
        """Lets a key end after a time. False if it is not there."""
        return bool(self.command('PEXPIRE', key, round(seconds * 1000)) == 1)

    def incr(self, key: Word, by: int = 1) -> int:
        """Adds to a number; what it is then."""
        made: int = self.command('INCRBY', key, by)
        return made

    def hset(self, key: Word, fields: Mapping[Any, Word]) -> int:
        """Sets fields of a hash; how many are new."""
        made: int = self.command('HSET', key, *(one for pair in fields.items() for one in pair))
        return made

    def hget(self, key: Word, field: Word) -> Any:
        """A field of a hash, or None."""
        return self.command('HGET', key, field)

    def hgetall(self, key: Word) -> dict[Any, Any]:
        """All fields of a hash."""
        made: dict[Any, Any] = self.command('HGETALL', key)
        return made

    def push(self, key: Word, *values: Word) -> int:
        """Adds to the end of a list; how long it is then."""
        made: int = self.command('RPUSH', key, *values)
        return made

    def pop(self, key: Word) -> Any:
        """Takes the first of a list, or None."""
        return self.command('LPOP', key)

    def range(self, key: Word, first: int = 0, last: int = -1) -> list[Any]:
        """Values of a list."""
        made: list[Any] = self.command('LRANGE', key, first, last)
        return made

    def publish(self, channel: Word, message: Word) -> int:
        """Publishes a message; how many heard it on the server that it was published on."""
        made: int = self.command('PUBLISH', channel, message)
        return made

    def add(self, stream: Word, fields: Mapping[Any, Word], maxlen: int | None = None) -> Any:
        """Adds an entry to a stream; its id. With `maxlen`, about so many entries are kept."""
        limit = () if maxlen is None else ('MAXLEN', '~', maxlen)
        return self.command('XADD', stream, *limit, '*', *(one for pair in fields.items() for one in pair))
