"""`self.cache` with a grant for Redis: under the names of redis-py and of the caches of Zato 3.2."""

from __future__ import annotations

import datetime
import unittest
from typing import Any

from tests import _stub

_stub.install()

from caisson import Service  # noqa: E402
from caisson._cache import Caches  # noqa: E402
from caisson._cache_redis import RedisLike  # noqa: E402
from caisson._cache_over_redis import RedisCache  # noqa: E402
from caisson._zato_redis import Redis  # noqa: E402
from caisson.testing import App  # noqa: E402


class Recorded(RedisCache):
    """Says what it would send, and answers what it was told."""

    def __init__(self, answer: Any = 'OK') -> None:
        self.sent: list[str] = []
        self.answer = answer

    def _do(self, words: list[Any], convert: Any = None) -> Any:
        self.sent.append(' '.join(str(word) for word in words))
        return convert(self.answer) if convert else self.answer


class Uses(Service):
    """Uses its cache in both ways."""

    def handle(self) -> None:
        cache = self.cache
        cache.set('a', '1', expiry=60)
        cache.set('b', '2', ex=60)
        self.response.payload = [
            cache.get('a'), cache.get(key='z', default='none'), cache.delete('a', raise_key_error=False), 'a' in cache, cache['b']]


class Test(unittest.TestCase):
    """What is sent and what is refused."""

    def test_both_dialects_say_the_same(self) -> None:
        for call, sent in [
            (lambda c: c.set('a', 1, expiry=60), 'SET a 1 EX 60'),
            (lambda c: c.set('a', 1, ex=60), 'SET a 1 EX 60'),
            (lambda c: c.set('a', 1, 60), 'SET a 1 EX 60'),
            (lambda c: c.set(key='a', value=1, expiry=60.0), 'SET a 1 EX 60'),
            (lambda c: c.set('a', 1, expiry=1.5, nx=True), 'SET a 1 PX 1500 NX'),
            (lambda c: c.set('a', 1, expiry=0.0001), 'SET a 1 PX 1'),
            (lambda c: c.set('a', 1, expiry=datetime.timedelta(minutes=1)), 'SET a 1 EX 60'),
            (lambda c: c.set('a', 1, expiry=0, details=False), 'SET a 1'),
            (lambda c: c.set('a', 1, keepttl=True), 'SET a 1 KEEPTTL'),
            (lambda c: c.get('a', 'default'), 'GET a'),
            (lambda c: c.get(key='a'), 'GET a'),
            (lambda c: c.delete('a', 'b'), 'DEL a b'),
            (lambda c: c.delete(['a', 'b']), 'DEL a b'),
            (lambda c: c.delete(key='a', raise_key_error=False), 'DEL a'),
            (lambda c: c.expire('a', 60), 'EXPIRE a 60'),
            (lambda c: c.expire('a', time=datetime.timedelta(minutes=1)), 'EXPIRE a 60'),
            (lambda c: c.expire(key='a', expiry=60), 'EXPIRE a 60'),
            (lambda c: c.expire('a', expiry=1.5), 'PEXPIRE a 1500'),
            (lambda c: c.zadd('z', {'m': 1}), 'ZADD z 1 m'),
        ]:
            with self.subTest(sent):
                cache = Recorded()
                call(cache)
                self.assertEqual(cache.sent, [sent])
        cache = Recorded(1)
        self.assertTrue(cache.expire('a', expiry=0))
        self.assertEqual(cache.sent, ['PERSIST a', 'EXISTS a'])

    def test_answers_are_those_of_redis(self) -> None:
        self.assertIs(Recorded('OK').set('a', 1, expiry=60), True)
        self.assertIsNone(Recorded(None).set('a', 1, nx=True))
        self.assertEqual((Recorded(None).get('a', 'x'), Recorded('').get('a', 'x'), Recorded('1')['a']), ('x', '', '1'))
        self.assertEqual((Recorded(2).delete('a', 'b'), Recorded(0).expire('a', 5), 'a' in Recorded(0)), (2, False, False))
        with self.assertRaises(KeyError):
            Recorded(None)['a']
        with self.assertRaises(TypeError):
            iter(Recorded())  # type: ignore[call-overload]

    def test_what_could_mean_two_things_is_refused_with_what_to_do(self) -> None:
        for call, says in [
            (lambda c: c.set('a', 1, ex=60, expiry=60), '`expiry` and `ex` both say how long; give one of them'),
            (lambda c: c.set('a', 1, px=1, expiry=0), '`expiry` and `px`'),
            (lambda c: c.set('a', 1, keepttl=True, expiry=1), '`expiry` and `keepttl`'),
            (lambda c: c.expire('a', 5, expiry=5), '`expiry` and `time`'),
            (lambda c: c.set('a', 1, key='b'), 'give it as `key`, or first'),
            (lambda c: c.delete('a', key='b'), 'give it as `key`, or first'),
            (lambda c: c.set(value=1), 'the key is missing'),
            (lambda c: c.set('a'), 'the value is missing'),
            (lambda c: c.expire('a'), 'the time is missing'),
            (lambda c: c.get('a', details=True), 'Redis keeps no details of entries; self.cache.default does'),
            (lambda c: c.set('a', 1, expires=5), 'expires'),
            (lambda c: c.set('a', 1, expiry='60'), 'a number of seconds, not str'),
            (lambda c: c.set('a', 1, expiry=True), 'a number of seconds, not bool'),
        ]:
            with self.subTest(says), self.assertRaisesRegex(TypeError, says):
                call(Recorded())
        for expiry in (-1, float('nan'), float('inf')):
            with self.assertRaises(ValueError):
                Recorded().set('a', 1, expiry=expiry)
        with self.assertRaisesRegex(TypeError, '`expiry` and `ex`'):
            RedisLike('default').set('a', 1, ex=60, expiry=60)
        with self.assertRaises(TypeError):
            Redis.set(Recorded(), 'a', 1, expiry=60)  # type: ignore[call-arg]

    def test_services_have_it_with_a_grant_and_the_same_without(self) -> None:
        with_grant, without = App(), App()
        redis = with_grant.redis['default']
        self.assertEqual(with_grant.run(Uses).json(), ['1', 'none', 1, False, '2'])
        self.assertEqual(without.run(Uses).json(), ['1', 'none', 1, False, '2'])
        self.assertTrue(redis.calls)
        self.assertFalse(isinstance(Caches()._client, RedisCache))


if __name__ == '__main__':
    unittest.main()
