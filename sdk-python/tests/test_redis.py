"""Redis: what is sent, and what becomes of the answers."""

from __future__ import annotations

import types
import unittest

from tests import _stub

_stub.install()


class Native(types.ModuleType):
    """Stands for the native module: remembers what was asked, and answers what it was told."""

    def __init__(self) -> None:
        super().__init__('_caisson_redis')
        self.asked: list[object] = []
        self.answers: list[object] = []

    def _answer(self, *asked: object) -> object:
        self.asked.append(asked)
        answer = self.answers.pop(0)
        return answer if isinstance(answer, tuple) else (True, answer)

    def run(self, connection: str, command: list[bytes]) -> object:
        return self._answer(connection, b' '.join(command).decode())

    def pipeline(self, connection: str, commands: list[list[bytes]], atomic: bool) -> object:
        return self._answer(connection, [b' '.join(command).decode() for command in commands], atomic)

    def script(self, connection: str, source: str, keys: list[bytes], arguments: list[bytes]) -> object:
        return self._answer(connection, source, keys, arguments)


native = Native()

import _caisson_redis  # noqa: E402

for function in ('run', 'pipeline', 'script'):
    setattr(_caisson_redis, function, getattr(native, function))

from caisson import redis  # noqa: E402
from caisson._capability import CapabilityError  # noqa: E402
from caisson._errors import ServiceError  # noqa: E402
from caisson._zato_redis import KVDB, OutRedis, Redis  # noqa: E402


class Test(unittest.TestCase):
    """Both faces of the one native module."""

    def setUp(self) -> None:
        native.asked.clear()
        native.answers.clear()

    def test_methods_send_what_redis_py_would_and_answer_as_it_does(self) -> None:
        for call, sent, answer, expected in [
            (lambda r: r.get('a'), 'GET a', b'x', 'x'),
            (lambda r: r.get('a'), 'GET a', b'\xff', b'\xff'),
            (lambda r: r.set('a', 1, ex=5, nx=True), 'SET a 1 EX 5 NX', 'OK', True),
            (lambda r: r.set('a', 'NX'), 'SET a NX', None, None),
            (lambda r: r.set('a', 1, get=True), 'SET a 1 GET', b'old', 'old'),
            (lambda r: r.setnx('a', 1), 'SETNX a 1', 1, True),
            (lambda r: r.setex('a', 5, 'x'), 'SETEX a 5 x', 'OK', True),
            (lambda r: r.incr('a'), 'INCRBY a 1', 1, 1),
            (lambda r: r.incr('a', amount=3), 'INCRBY a 3', 4, 4),
            (lambda r: r.incrbyfloat('a', 0.5), 'INCRBYFLOAT a 0.5', b'1.5', 1.5),
            (lambda r: r.mget(['a', 'b'], 'c'), 'MGET a b c', [b'1', None, b'2'], ['1', None, '2']),
            (lambda r: r.mset({'a': 1, 'b': 2}), 'MSET a 1 b 2', 'OK', True),
            (lambda r: r.delete('a', 'b'), 'DEL a b', 2, 2),
            (lambda r: r.expire('a', 5), 'EXPIRE a 5', 0, False),
            (lambda r: r.type('a'), 'TYPE a', 'zset', 'zset'),
            (lambda r: r.hset('h', 'f', 'v'), 'HSET h f v', 1, 1),
            (lambda r: r.hset('h', mapping={'f': 1}), 'HSET h f 1', 1, 1),
            (lambda r: r.hgetall('h'), 'HGETALL h', {b'f': b'v'}, {'f': 'v'}),
            (lambda r: r.hmget('h', ['f', 'g']), 'HMGET h f g', [b'v', None], ['v', None]),
            (lambda r: r.hexists('h', 'f'), 'HEXISTS h f', 1, True),
            (lambda r: r.lpop('l', 2), 'LPOP l 2', [b'a'], ['a']),
            (lambda r: r.rpush('l', 'a', 'b'), 'RPUSH l a b', 2, 2),
            (lambda r: r.ltrim('l', 0, 1), 'LTRIM l 0 1', 'OK', True),
            (lambda r: r.smembers('s'), 'SMEMBERS s', [b'a', b'b'], {'a', 'b'}),
            (lambda r: r.sinter(['s', 't']), 'SINTER s t', [], set()),
            (lambda r: r.zadd('z', {'m': 1.5}, nx=True), 'ZADD z NX 1.5 m', 1, 1),
            (lambda r: r.zscore('z', 'm'), 'ZSCORE z m', 1.5, 1.5),
            (lambda r: r.zscore('z', 'm'), 'ZSCORE z m', None, None),
            (lambda r: r.zrange('z', 0, -1, withscores=True), 'ZRANGE z 0 -1 WITHSCORES', [[b'm', 1.5]], [('m', 1.5)]),
            (lambda r: r.zrangebyscore('z', '-inf', 5, start=0, num=1), 'ZRANGEBYSCORE z -inf 5 LIMIT 0 1', [b'm'], ['m']),
            (lambda r: r.zpopmin('z'), 'ZPOPMIN z', [b'm', 1.5], [('m', 1.5)]),
            (lambda r: r.zunionstore('t', {'a': 1, 'b': 2}), 'ZUNIONSTORE t 2 a b WEIGHTS 1 2', 2, 2),
            (lambda r: r.xadd('x', {'f': 'v'}, maxlen=9), 'XADD x MAXLEN ~ 9 * f v', b'1-0', '1-0'),
            (lambda r: r.xrange('x'), 'XRANGE x - +', [[b'1-0', [b'f', b'v']]], [('1-0', {'f': 'v'})]),
            (lambda r: r.xread({'x': '0'}, count=1), 'XREAD COUNT 1 STREAMS x 0', {b'x': [[b'1-0', [b'f', b'v']]]},
             [['x', [('1-0', {'f': 'v'})]]]),
            (lambda r: r.xread({'x': '0'}), 'XREAD STREAMS x 0', None, []),
            (lambda r: r.xgroup_create('x', 'g', mkstream=True), 'XGROUP CREATE x g $ MKSTREAM', 'OK', True),
            (lambda r: r.scan(match='a*', count=5, _type='hash'), 'SCAN 0 MATCH a* COUNT 5 TYPE hash', [b'7', [b'a']], (7, ['a'])),
            (lambda r: r.hscan('h'), 'HSCAN h 0', [b'0', [b'f', b'v']], (0, {'f': 'v'})),
            (lambda r: r.info(), 'INFO', b'# Server\r\nport:1\r\nversion:7.0.1\r\ndb0:keys=1,expires=0\r\n',
             {'port': 1, 'version': '7.0.1', 'db0': {'keys': 1, 'expires': 0}}),
            (lambda r: r.eval('return 1', 1, 'k', 'a'), 'EVAL return 1 1 k a', 1, 1),
            (lambda r: r.publish('c', 'm'), 'PUBLISH c m', 0, 0),
            (lambda r: r.ping(), 'PING', 'PONG', True),
            (lambda r: r.execute_command('OBJECT ENCODING', 'a'), 'OBJECT ENCODING a', b'raw', 'raw'),
        ]:
            with self.subTest(sent):
                native.answers.append(answer)
                self.assertEqual(call(Redis()), expected)
                self.assertEqual(native.asked.pop(), ('default', sent))

    def test_a_pipeline_keeps_commands_until_it_is_run_and_raises_the_first_error(self) -> None:
        with Redis('other').pipeline() as pipe:
            pipe.set('a', 1).incr('a').smembers('s')
            native.answers.append(['OK', ('WRONGTYPE no',), [b'm']])
            with self.assertRaises(CapabilityError) as raised:
                pipe.execute()
            self.assertEqual(raised.exception.code, 'WRONGTYPE')
            self.assertEqual(native.asked, [('other', ['SET a 1', 'INCRBY a 1', 'SMEMBERS s'], True)])
            self.assertEqual(pipe.execute(), [])
            native.answers.append([('ERR x',), {b'f': b'v'}])
            answers = pipe.get('a').hgetall('h').execute(raise_on_error=False)
            self.assertIsInstance(answers[0], CapabilityError)
            self.assertEqual(answers[1], {'f': 'v'})

    def test_what_iterates_asks_until_the_cursor_is_at_its_end(self) -> None:
        native.answers.extend([[b'5', [b'a']], [b'0', [b'b']]])
        self.assertEqual(list(Redis().scan_iter(match='*')), ['a', 'b'])
        self.assertEqual(native.asked[1], ('default', 'SCAN 5 MATCH *'))

    def test_names_of_zato_lead_to_connections(self) -> None:
        native.answers.extend([b'x', b'y', b'z'])
        self.assertEqual((KVDB().conn.get('a'), KVDB().get('a'), OutRedis()['sessions'].conn.get('a')), ('x', 'y', 'z'))
        self.assertEqual([asked[0] for asked in native.asked], ['default', 'default', 'sessions'])

    def test_errors_are_raised_with_kind_and_code(self) -> None:
        native.answers.append((False, 'access-denied', 'no grant', False, None))
        with self.assertRaises(ServiceError) as raised:
            redis.connect().get('a')
        self.assertIsInstance(raised.exception, CapabilityError)
        self.assertEqual((raised.exception.kind, raised.exception.message, raised.exception.status), ('access-denied', 'no grant', 500))

    def test_the_small_module_sends_commands(self) -> None:
        client = redis.connect('c', decode=False)
        for call, sent, answer, expected in [
            (lambda: client.set('a', b'1', ex=1.5, nx=True), 'SET a 1 PX 1500 NX', None, False),
            (lambda: client.get('a'), 'GET a', b'x', b'x'),
            (lambda: client.expire('a', 2), 'PEXPIRE a 2000', 1, True),
            (lambda: client.hset('h', {'f': 1}), 'HSET h f 1', 1, 1),
            (lambda: client.add('x', {'f': 1}, maxlen=5), 'XADD x MAXLEN ~ 5 * f 1', b'1-0', b'1-0'),
        ]:
            with self.subTest(sent):
                native.answers.append(answer)
                self.assertEqual(call(), expected)
                self.assertEqual(native.asked.pop(), ('c', sent))
        native.answers.append(3)
        self.assertEqual(client.script('return 3', ['k'], [1]), 3)
        self.assertEqual(native.asked.pop(), ('c', 'return 3', [b'k'], [b'1']))
        for wrong in (None, True, [1]):
            with self.assertRaises(TypeError):
                client.set('a', wrong)


if __name__ == '__main__':
    unittest.main()
