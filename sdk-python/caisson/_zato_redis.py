"""The Redis of Zato: `self.kvdb.conn`, `self.redis`, `self.cache`, `self.out.redis`, with the methods and answers of redis-py.

Texts come back as `str`; what is no UTF-8 stays `bytes`. What blocks or subscribes is refused by the host: there is no `pubsub`,
`lock`, `blpop`, `brpop`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from caisson import redis as _redis
from caisson._zato_redis_answers import (
    done, entries, flag, flags, floating, info, mapping, members, pairs, read_streams, scanned,
)

__all__ = ['KVDB', 'OutRedis', 'Pipeline', 'Redis', 'Script']

Convert = Callable[[Any], Any]

# Methods whose arguments are the words of the command: name, words in front, what becomes of the answer.
_PLAIN: dict[str, tuple[tuple[str, ...], Convert | None]] = {
    name.lower(): ((name,), None) for name in (
        'APPEND STRLEN GET GETSET GETDEL GETRANGE SETRANGE EXISTS DELETE UNLINK TOUCH TTL PTTL TYPE DUMP RANDOMKEY DBSIZE ECHO '
        'SETBIT GETBIT BITCOUNT BITPOS PFADD PFCOUNT HGET HDEL HKEYS HVALS HLEN HSETNX HSTRLEN LPUSH RPUSH LPUSHX RPUSHX '
        'LLEN LRANGE LINDEX LREM LINSERT RPOPLPUSH SADD SREM SCARD SRANDMEMBER SINTERSTORE SUNIONSTORE SDIFFSTORE ZREM ZCARD '
        'ZCOUNT ZLEXCOUNT ZRANK ZREVRANK ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX XLEN XDEL XACK PUBLISH EVAL EVALSHA '
        'GEODIST GEOHASH LASTSAVE EXPIRETIME PEXPIRETIME'
    ).split()
}
_PLAIN['delete'] = (('DEL',), None)
_PLAIN.update({name.lower(): ((name,), convert) for names, convert in (
    ('SETNX MSETNX EXPIRE EXPIREAT PEXPIRE PEXPIREAT PERSIST RENAMENX HEXISTS SISMEMBER SMOVE COPY MOVE', flag),
    ('RENAME PFMERGE LSET LTRIM FLUSHDB FLUSHALL PING RESTORE', done),
    ('SMEMBERS SINTER SUNION SDIFF', members),
    ('ZSCORE', floating),
    ('HGETALL', mapping),
    ('ZPOPMIN ZPOPMAX', pairs),
    ('SMISMEMBER', list),
) for name in names.split()})
_PLAIN['script_load'] = (('SCRIPT', 'LOAD'), None)
_PLAIN['script_exists'] = (('SCRIPT', 'EXISTS'), flags)
_PLAIN['xgroup_destroy'] = (('XGROUP', 'DESTROY'), None)
_PLAIN['xgroup_delconsumer'] = (('XGROUP', 'DELCONSUMER'), None)
_PLAIN['object'] = (('OBJECT',), None)


def _flat(arguments: Iterable[Any]) -> Iterator[Any]:
    """Arguments, with lists taken apart and times in seconds."""
    for one in arguments:
        if isinstance(one, (list, tuple, set, frozenset)):
            yield from _flat(one)
        elif isinstance(one, timedelta):
            yield int(one.total_seconds())
        elif isinstance(one, datetime):
            yield int(one.timestamp())
        else:
            yield one


def _items(fields: Mapping[Any, Any]) -> list[Any]:
    return [one for pair in fields.items() for one in pair]


def _given(**options: Any) -> list[Any]:
    """Options with their names in front, but for those that are None or False; of those that are True, the name alone."""
    words: list[Any] = []
    for name, value in options.items():
        if value is not None and value is not False:
            words.append(name.rstrip('_').upper())
            if value is not True:
                words.append(value)
    return words


def _millis(value: Any) -> Any:
    return int(value.total_seconds() * 1000) if isinstance(value, timedelta) else value


class Commands:
    """The commands, by the names of redis-py."""

    def _do(self, words: list[Any], convert: Convert | None = None) -> Any:
        """Runs a command, or keeps it."""
        raise NotImplementedError

    def execute_command(self, *words: Any) -> Any:
        """Any command, by its words."""
        head = str(words[0]).split() if words else []
        return self._do([*head, *_flat(words[1:])])

    def set(self, name: Any, value: Any, ex: Any = None, px: Any = None, nx: bool = False, xx: bool = False,
            keepttl: bool = False, get: bool = False, exat: Any = None, pxat: Any = None) -> Any:
        """SET: True, or None if `nx` or `xx` was against it; with `get` what was there."""
        times = _given(ex=ex, px=_millis(px), exat=exat, pxat=pxat)
        words = ['SET', name, value, *times, *_given(nx=nx, xx=xx, keepttl=keepttl, get=get)]
        return self._do(words, None if get else done)

    def setex(self, name: Any, time: Any, value: Any) -> Any:
        """SETEX."""
        return self._do(['SETEX', name, time, value], done)

    def psetex(self, name: Any, time_ms: Any, value: Any) -> Any:
        """PSETEX."""
        return self._do(['PSETEX', name, _millis(time_ms), value], done)

    def getex(self, name: Any, ex: Any = None, px: Any = None, persist: bool = False) -> Any:
        """GETEX."""
        return self._do(['GETEX', name, *_given(ex=ex, px=_millis(px), persist=persist)])

    def mget(self, keys: Any, *more: Any) -> Any:
        """MGET: a list."""
        return self._do(['MGET', *_flat([keys, *more])])

    def mset(self, mapping: Mapping[Any, Any]) -> Any:
        """MSET: True."""
        return self._do(['MSET', *_items(mapping)], done)

    def msetnx(self, mapping: Mapping[Any, Any]) -> Any:
        """MSETNX: whether they were set."""
        return self._do(['MSETNX', *_items(mapping)], flag)

    def incrby(self, name: Any, amount: int = 1) -> Any:
        """INCRBY."""
        return self._do(['INCRBY', name, amount])

    incr = incrby

    def decrby(self, name: Any, amount: int = 1) -> Any:
        """DECRBY."""
        return self._do(['DECRBY', name, amount])

    decr = decrby

    def incrbyfloat(self, name: Any, amount: float = 1.0) -> Any:
        """INCRBYFLOAT: a float."""
        return self._do(['INCRBYFLOAT', name, amount], floating)

    def keys(self, pattern: Any = '*') -> Any:
        """KEYS: a list."""
        return self._do(['KEYS', pattern])

    def info(self, section: Any = None) -> Any:
        """INFO: a dict."""
        return self._do(['INFO', *([section] if section else [])], info)

    def time(self) -> Any:
        """TIME: seconds and microseconds."""
        return self._do(['TIME'], lambda value: tuple(int(one) for one in value))

    def hset(self, name: Any, key: Any = None, value: Any = None, mapping: Mapping[Any, Any] | None = None,
             items: Iterable[Any] | None = None) -> Any:
        """HSET: how many fields are new."""
        words = [*(items or []), *([] if key is None else [key, value]), *_items(mapping or {})]
        if not words:
            raise ValueError('hset: give a key and a value, or a mapping that is not empty')
        return self._do(['HSET', name, *words])

    def hmset(self, name: Any, mapping: Mapping[Any, Any]) -> Any:
        """HMSET: True."""
        return self._do(['HMSET', name, *_items(mapping)], done)

    def hmget(self, name: Any, keys: Any, *more: Any) -> Any:
        """HMGET: a list."""
        return self._do(['HMGET', name, *_flat([keys, *more])])

    def hincrby(self, name: Any, key: Any, amount: int = 1) -> Any:
        """HINCRBY."""
        return self._do(['HINCRBY', name, key, amount])

    def hincrbyfloat(self, name: Any, key: Any, amount: float = 1.0) -> Any:
        """HINCRBYFLOAT: a float."""
        return self._do(['HINCRBYFLOAT', name, key, amount], floating)

    def lpop(self, name: Any, count: int | None = None) -> Any:
        """LPOP: a value, or a list of as many as `count`."""
        return self._do(['LPOP', name, *([] if count is None else [count])])

    def rpop(self, name: Any, count: int | None = None) -> Any:
        """RPOP."""
        return self._do(['RPOP', name, *([] if count is None else [count])])

    def lmove(self, first_list: Any, second_list: Any, src: str = 'LEFT', dest: str = 'RIGHT') -> Any:
        """LMOVE."""
        return self._do(['LMOVE', first_list, second_list, src, dest])

    def lpos(self, name: Any, value: Any, rank: Any = None, count: Any = None, maxlen: Any = None) -> Any:
        """LPOS."""
        return self._do(['LPOS', name, value, *_given(rank=rank, count=count, maxlen=maxlen)])

    def sort(self, name: Any, start: Any = None, num: Any = None, by: Any = None, get: Any = None, desc: bool = False,
             alpha: bool = False, store: Any = None) -> Any:
        """SORT."""
        limit = [] if start is None or num is None else ['LIMIT', start, num]
        gets = [word for one in _flat([[] if get is None else get]) for word in ('GET', one)]
        return self._do(['SORT', name, *_given(by=by), *limit, *gets, *_given(desc=desc, alpha=alpha, store=store)])

    def spop(self, name: Any, count: int | None = None) -> Any:
        """SPOP."""
        return self._do(['SPOP', name, *([] if count is None else [count])])

    def zadd(self, name: Any, mapping: Mapping[Any, Any], nx: bool = False, xx: bool = False, ch: bool = False,
             incr: bool = False, gt: bool = False, lt: bool = False) -> Any:
        """ZADD of members to scores: how many are new; with `incr` the score."""
        words = [one for member, score in mapping.items() for one in (score, member)]
        return self._do(['ZADD', name, *_given(nx=nx, xx=xx, gt=gt, lt=lt, ch=ch, incr=incr), *words],
                            floating if incr else None)

    def zincrby(self, name: Any, amount: float, value: Any) -> Any:
        """ZINCRBY: a float."""
        return self._do(['ZINCRBY', name, amount, value], floating)

    def zrange(self, name: Any, start: Any, end: Any, desc: bool = False, withscores: bool = False, byscore: bool = False,
               bylex: bool = False, offset: Any = None, num: Any = None) -> Any:
        """ZRANGE: members, with their scores as tuples if `withscores`."""
        limit = [] if offset is None or num is None else ['LIMIT', offset, num]
        words = ['ZRANGE', name, start, end, *_given(byscore=byscore, bylex=bylex, rev=desc), *limit, *_given(withscores=withscores)]
        return self._do(words, pairs if withscores else None)

    def zrevrange(self, name: Any, start: Any, end: Any, withscores: bool = False) -> Any:
        """ZREVRANGE."""
        return self._do(['ZREVRANGE', name, start, end, *_given(withscores=withscores)], pairs if withscores else None)

    def zrangebyscore(self, name: Any, min: Any, max: Any, start: Any = None, num: Any = None, withscores: bool = False) -> Any:
        """ZRANGEBYSCORE."""
        limit = [] if start is None or num is None else ['LIMIT', start, num]
        return self._do(['ZRANGEBYSCORE', name, min, max, *_given(withscores=withscores), *limit],
                            pairs if withscores else None)

    def zrevrangebyscore(self, name: Any, max: Any, min: Any, start: Any = None, num: Any = None,
                         withscores: bool = False) -> Any:
        """ZREVRANGEBYSCORE."""
        limit = [] if start is None or num is None else ['LIMIT', start, num]
        return self._do(['ZREVRANGEBYSCORE', name, max, min, *_given(withscores=withscores), *limit],
                            pairs if withscores else None)

    def zunionstore(self, dest: Any, keys: Any, aggregate: Any = None) -> Any:
        """ZUNIONSTORE of keys, or of keys to weights."""
        return self._stored('ZUNIONSTORE', dest, keys, aggregate)

    def zinterstore(self, dest: Any, keys: Any, aggregate: Any = None) -> Any:
        """ZINTERSTORE of keys, or of keys to weights."""
        return self._stored('ZINTERSTORE', dest, keys, aggregate)

    def _stored(self, name: str, dest: Any, keys: Any, aggregate: Any) -> Any:
        weights = ['WEIGHTS', *keys.values()] if isinstance(keys, Mapping) else []
        keys = list(keys)
        return self._do([name, dest, len(keys), *keys, *weights, *_given(aggregate=aggregate)])

    def xadd(self, name: Any, fields: Mapping[Any, Any], id: Any = '*', maxlen: Any = None, approximate: bool = True,
             nomkstream: bool = False) -> Any:
        """XADD: the id."""
        limit = [] if maxlen is None else ['MAXLEN', *(['~'] if approximate else []), maxlen]
        return self._do(['XADD', name, *_given(nomkstream=nomkstream), *limit, id, *_items(fields)])

    def xtrim(self, name: Any, maxlen: Any, approximate: bool = True) -> Any:
        """XTRIM."""
        return self._do(['XTRIM', name, 'MAXLEN', *(['~'] if approximate else []), maxlen])

    def xrange(self, name: Any, min: Any = '-', max: Any = '+', count: Any = None) -> Any:
        """XRANGE: ids with their fields."""
        return self._do(['XRANGE', name, min, max, *_given(count=count)], entries)

    def xrevrange(self, name: Any, max: Any = '+', min: Any = '-', count: Any = None) -> Any:
        """XREVRANGE."""
        return self._do(['XREVRANGE', name, max, min, *_given(count=count)], entries)

    def xread(self, streams: Mapping[Any, Any], count: Any = None) -> Any:
        """XREAD, without waiting: streams with their entries."""
        return self._do(['XREAD', *_given(count=count), 'STREAMS', *streams, *streams.values()], read_streams)

    def xreadgroup(self, groupname: Any, consumername: Any, streams: Mapping[Any, Any], count: Any = None,
                   noack: bool = False) -> Any:
        """XREADGROUP, without waiting."""
        words = ['XREADGROUP', 'GROUP', groupname, consumername, *_given(count=count, noack=noack)]
        return self._do([*words, 'STREAMS', *streams, *streams.values()], read_streams)

    def xgroup_create(self, name: Any, groupname: Any, id: Any = '$', mkstream: bool = False) -> Any:
        """XGROUP CREATE: True."""
        return self._do(['XGROUP', 'CREATE', name, groupname, id, *_given(mkstream=mkstream)], done)

    def scan(self, cursor: Any = 0, match: Any = None, count: Any = None, _type: Any = None) -> Any:
        """SCAN: the next cursor and keys."""
        return self._do(['SCAN', cursor, *_given(match=match, count=count, type_=_type)], scanned(list))

    def sscan(self, name: Any, cursor: Any = 0, match: Any = None, count: Any = None) -> Any:
        """SSCAN."""
        return self._do(['SSCAN', name, cursor, *_given(match=match, count=count)], scanned(list))

    def hscan(self, name: Any, cursor: Any = 0, match: Any = None, count: Any = None) -> Any:
        """HSCAN: the next cursor and a dict."""
        return self._do(['HSCAN', name, cursor, *_given(match=match, count=count)], scanned(mapping))

    def zscan(self, name: Any, cursor: Any = 0, match: Any = None, count: Any = None) -> Any:
        """ZSCAN: the next cursor and members with scores."""
        return self._do(['ZSCAN', name, cursor, *_given(match=match, count=count)], scanned(pairs))

    def config_get(self, pattern: Any = '*') -> Any:
        """CONFIG GET: a dict."""
        return self._do(['CONFIG', 'GET', pattern], mapping)


def _plain(name: str, words: tuple[str, ...], convert: Convert | None) -> Callable[..., Any]:
    def method(self: Commands, *arguments: Any) -> Any:
        return self._do([*words, *_flat(arguments)], convert)
    method.__name__ = name
    method.__doc__ = f'{" ".join(words)}, with its arguments in their order.'
    return method


for _name, (_words, _convert) in _PLAIN.items():
    if not hasattr(Commands, _name):
        setattr(Commands, _name, _plain(_name, _words, _convert))


class Redis(Commands):
    """A connection, as redis-py's `Redis` with `decode_responses`."""

    def __init__(self, name: str = 'default') -> None:
        self._client = _redis.connect(name)

    def _do(self, words: list[Any], convert: Convert | None = None) -> Any:
        value = self._client.command(*words)
        return convert(value) if convert else value

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        """Commands that are kept until `execute`."""
        return Pipeline(self._client, transaction)

    def register_script(self, script: str) -> Script:
        """A script to be called with `keys` and `args`."""
        return Script(self._client, script)

    def scan_iter(self, match: Any = None, count: Any = None, _type: Any = None) -> Iterator[Any]:
        """All keys that SCAN finds."""
        return _all(lambda cursor: self.scan(cursor, match, count, _type))

    def sscan_iter(self, name: Any, match: Any = None, count: Any = None) -> Iterator[Any]:
        """All members that SSCAN finds."""
        return _all(lambda cursor: self.sscan(name, cursor, match, count))

    def hscan_iter(self, name: Any, match: Any = None, count: Any = None) -> Iterator[Any]:
        """All fields with their values that HSCAN finds."""
        return _all(lambda cursor: self.hscan(name, cursor, match, count))

    def zscan_iter(self, name: Any, match: Any = None, count: Any = None) -> Iterator[Any]:
        """All members with their scores that ZSCAN finds."""
        return _all(lambda cursor: self.zscan(name, cursor, match, count))

    def close(self) -> None:
        """Nothing: the host has the connection."""


def _all(scan: Callable[[Any], tuple[Any, Any]]) -> Iterator[Any]:
    cursor = 0
    while True:
        cursor, found = scan(cursor)
        yield from found.items() if isinstance(found, dict) else found
        if not cursor:
            return


class Pipeline(Commands):
    """Commands that are run in one go by `execute`; as a transaction unless told otherwise."""

    def __init__(self, client: _redis.Client, transaction: bool) -> None:
        self._client, self._atomic = client, transaction
        self._kept: list[tuple[list[Any], Convert | None]] = []

    def _do(self, words: list[Any], convert: Convert | None = None) -> Pipeline:
        self._kept.append((words, convert))
        return self

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Runs what was kept, and answers a list. The first error is raised, unless `raise_on_error` is false."""
        kept, self._kept = self._kept, []
        if not kept:
            return []
        answers = []
        replies = self._client.pipeline([words for words, _ in kept], self._atomic)
        for (_, convert), reply in zip(kept, replies):
            if not isinstance(reply, Exception):
                answers.append(convert(reply) if convert else reply)
            elif raise_on_error:
                raise reply
            else:
                answers.append(reply)
        return answers

    def reset(self) -> None:
        """Forgets what was kept."""
        self._kept = []

    def __len__(self) -> int:
        return len(self._kept)

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.reset()


class Script:
    """A script that Redis is sent once."""

    def __init__(self, client: _redis.Client, source: str) -> None:
        self._client, self.script = client, source

    def __call__(self, keys: Iterable[Any] = (), args: Iterable[Any] = ()) -> Any:
        return self._client.script(self.script, list(keys), list(args))


class KVDB(Redis):
    """`self.kvdb`, whose `conn` is the connection; it is one itself, as of Zato 4."""

    @property
    def conn(self) -> Redis:
        """The connection."""
        return self


class OutRedis:
    """`self.out.redis`: connections by their names."""

    def __getitem__(self, name: str) -> KVDB:
        return KVDB(name)

    get = __getitem__
