"""Caches: both dialects, against a host that keeps entries in a dict."""

from __future__ import annotations

import datetime
import decimal
import re
import sys
import types
import unittest
import uuid
from typing import Any

from tests import _stub

_stub.install()

from caisson._cache import Cache, Caches  # noqa: E402
from caisson._cache_values import decode, encode  # noqa: E402
from caisson._capability import CapabilityError  # noqa: E402

_TESTS: dict[str, Any] = {
    'all': lambda key, texts: True,
    'prefix': lambda key, texts: key.startswith(texts[0]),
    'suffix': lambda key, texts: key.endswith(texts[0]),
    'contains': lambda key, texts: texts[0] in key,
    'not_contains': lambda key, texts: texts[0] not in key,
    'contains_all': lambda key, texts: all(text in key for text in texts),
    'contains_any': lambda key, texts: any(text in key for text in texts),
    'regex': lambda key, texts: re.match(texts[0], key),
}


class Native(types.ModuleType):
    """Stands for the native module."""

    def __init__(self) -> None:
        super().__init__('_caisson_cache')
        self.caches: dict[str, dict[str, tuple[bytes, int]]] = {}
        self.grants: set[str] = set()
        self.expiries: list[int] = []
        self.full = False

    def _chosen(self, cache: str, kind: str, texts: list[str], limit: int) -> list[str]:
        entries = self.caches.setdefault(cache, {})
        keys = [key for key in texts if key in entries] if kind == 'keys' else [
            key for key in entries if _TESTS[kind](key, texts)]
        return keys[:limit or None]

    def _told(self, cache: str, keys: list[str], parts: int) -> list[tuple[Any, ...]]:
        entries = self.caches[cache]
        values = [(key, entries[key][0] if parts else b'') for key in keys]
        if parts < 2:
            return values
        return [(key, value, 0, 3, entries[key][1], 2_500, 1, 0, 1_000, 0) for key, value in values]

    def get(self, cache: str, kind: str, texts: list[str], limit: int, parts: int) -> tuple[Any, ...]:
        if self.full and kind == 'all' and parts:
            return False, 'quota-exceeded', 'too large', False, None
        return True, self._told(cache, self._chosen(cache, kind, texts, limit), parts)

    def put(self, cache: str, kind: str, texts: list[str], limit: int, value: bytes, expiry_ms: int, condition: int,
            parts: int) -> tuple[Any, ...]:
        present = self._chosen(cache, kind, texts, limit)
        before = self._told(cache, present, parts)
        self.expiries.append(expiry_ms)
        for key in texts if kind == 'keys' else present:
            there = key in self.caches[cache]
            if condition == 0 or there == (condition == 2):
                self.caches[cache][key] = (value, expiry_ms)
        return True, before

    def delete(self, cache: str, kind: str, texts: list[str], limit: int, parts: int) -> tuple[Any, ...]:
        keys = self._chosen(cache, kind, texts, limit)
        gone = self._told(cache, keys, parts)
        for key in keys:
            del self.caches[cache][key]
        return True, gone

    def expire(self, cache: str, kind: str, texts: list[str], limit: int, expiry_ms: int, parts: int) -> tuple[Any, ...]:
        self.expiries.append(expiry_ms)
        return True, self._told(cache, self._chosen(cache, kind, texts, limit), parts)

    def count(self, cache: str) -> tuple[Any, ...]:
        return True, len(self.caches.get(cache, {}))

    def granted(self, connection: str) -> bool:
        return connection in self.grants


class Test(unittest.TestCase):
    """`self.cache`."""

    def setUp(self) -> None:
        self.native = sys.modules['_caisson_cache'] = Native()
        self.cache = Caches()

    def test_values_come_back_as_what_they_were(self) -> None:
        zone = datetime.timezone(datetime.timedelta(hours=2))
        for value in [
            None, True, 7, 10**30, -1.5, 'text', 'ż\ud800', '', b'', b'\xff', bytearray(b'x'), [], {}, [1, 'a', None],
            {'a': {'b': [1]}}, {'$': 1}, {1: 'a', (2, 3): b'b'}, (1, (2,)), {1, 2}, frozenset((1,)),
            datetime.datetime(2026, 1, 2, 3, 4, 5, 6, zone), datetime.datetime(2026, 1, 2), datetime.date(2026, 1, 2),
            datetime.time(1, 2), datetime.timedelta(-1, 2, 3), decimal.Decimal('1.10'), uuid.UUID(int=7), [(b'a', {'x': 1})],
            {'$': 'date', 'v': 'not a date'},
        ]:
            with self.subTest(value=value):
                back = decode(encode(value))
                self.assertEqual(back, value)
                self.assertIs(type(back), type(value))
        self.assertEqual(repr(decode(encode([float('inf'), float('nan')]))), '[inf, nan]')

    def test_values_that_cannot_be_kept_are_refused_with_what_to_do(self) -> None:
        circular: list[Any] = []
        circular.append(circular)
        with self.assertRaisesRegex(ValueError, 'within itself'):
            encode(circular)

        class Model:
            def to_dict(self) -> None:
                """Stands for a model's."""

        for value, advice in [(object(), 'give a dict'), (Model(), 'to_dict'), ([lambda: 0], 'give a dict')]:
            with self.assertRaisesRegex(TypeError, advice):
                encode(value)

    def test_a_cache_of_zato_3(self) -> None:
        cache = self.cache.default
        self.assertIsNone(cache.set('a', 1))
        self.assertEqual(cache.set('a', 2, expiry=0.0001), 1)
        self.assertEqual(self.native.expiries, [0, 1])
        self.assertEqual((cache.get('a'), cache.get('b'), cache.get('b', 'x')), (2, None, 'x'))
        entry = cache.get('a', details=True)
        self.assertEqual((entry.key, entry.value, entry.hits, entry.expiry, entry.expires_at, entry.last_write),
                         ('a', 2, 3, 0.001, 2.5, 1.0))
        cache['b'] = [1]
        self.assertEqual((cache['b'], 'b' in cache, 'c' in cache, 7 in cache, len(cache)), ([1], True, False, False, 2))
        self.assertEqual((sorted(cache), sorted(cache.keys()), dict(cache.items())), (['a', 'b'], ['a', 'b'], {'a': 2, 'b': [1]}))
        self.assertEqual(cache.get_many(['a', 'c']), {'a': 2})
        self.assertEqual((cache.pop('a'), cache.pop('a', 5), cache.delete('c')), (2, 5, None))
        with self.assertRaises(KeyError):
            cache['a']
        with self.assertRaises(KeyError):
            del cache['a']
        self.assertEqual((cache.expire('b', 5), cache.expire('a', 5), self.native.expiries[-1]), (True, False, 5_000))
        self.assertEqual((cache.add('b', 1), cache.add('d', 1)), (False, True))
        self.assertEqual((cache.replace('e', 1), cache.replace('d', 2)), (False, True))
        self.assertEqual((cache.clear(), len(cache)), (2, 0))

    def test_entries_are_chosen_by_what_their_keys_look_like(self) -> None:
        cache = self.cache.get_cache('builtin', 'customers')
        for suffix, text, keys in [
            ('by_prefix', 'a.', {'a.1', 'a.2'}), ('by_suffix', '1', {'a.1', 'b.1'}), ('by_regex', '^[ab].1$', {'a.1', 'b.1'}),
            ('contains', '.', {'a.1', 'a.2', 'b.1'}), ('not_contains', 'a', {'b.1'}), ('contains_all', ['a', '2'], {'a.2'}),
            ('contains_any', ('b', '2'), {'a.2', 'b.1'}),
        ]:
            with self.subTest(suffix):
                cache.set_many({'a.1': 1, 'a.2': 2, 'b.1': 3})
                self.assertEqual(set(getattr(cache, f'get_{suffix}')(text)), keys)
                self.assertEqual(getattr(cache, f'expire_{suffix}')(text, 5), len(keys))
                before = getattr(cache, f'set_{suffix}')(text, 'new', return_found=True)
                self.assertEqual((set(before), 'new' in before.values()), (keys, False))
                self.assertEqual(list(getattr(cache, f'get_{suffix}')(text, limit=1).values()), ['new'])
                self.assertEqual(getattr(cache, f'delete_{suffix}')(text), len(keys))
                self.assertEqual(set(cache.keys()), {'a.1', 'a.2', 'b.1'} - keys)
        self.assertEqual(len(self.cache.default), 0)
        self.assertEqual(len(self.cache.builtin['customers']), 1)

    def test_arguments_have_the_names_and_the_order_of_zato(self) -> None:
        cache = self.cache.default
        cache.set_many({'a.1': 1, 'a.2': 2, 'b.1': 3})
        for suffix, key in [
            ('by_prefix', 'a'), ('by_suffix', '.1'), ('by_regex', 'a'), ('contains', 'a'), ('not_contains', 'b'), ('contains_all', ['a']),
            ('contains_any', ['a']),
        ]:
            with self.subTest(suffix):
                get, put, end, delete = (getattr(cache, f'{verb}_{suffix}') for verb in ('get', 'set', 'expire', 'delete'))
                self.assertEqual([entry.expiry for entry in get(key, True, 1).values()], [0.0])
                self.assertEqual((len(get(key=key)), end(key, 5, 1), len(put(key, 0, 5, True, False, 1))), (2, 1, 1))
                self.assertEqual([entry.expiry for entry in put(key, 0, 0, True, True, 1).values()], [5.0])
                self.assertEqual(len(delete(key, True, 1)), 1)
                cache.set_many({'a.1': 1, 'a.2': 2, 'b.1': 3})
        self.assertIsNone(cache.delete('c', raise_key_error=False))

    def test_what_makes_no_sense_is_refused_here(self) -> None:
        cache = Cache('default')
        for wrong, says in [
            (lambda: cache.set(7, 'x'), 'write str'), (lambda: cache.get(None), 'are str'),
            (lambda: cache.set('a', 'x', expiry='5'), 'seconds'),
        ]:
            with self.assertRaisesRegex(TypeError, says):
                wrong()
        for expiry in (-1, float('nan')):
            with self.assertRaises(ValueError):
                cache.set('a', 'x', expiry=expiry)
        with self.assertRaisesRegex(ValueError, 'memcached'):
            self.cache.get_cache('memcached', 'a')

    def test_values_that_are_too_large_for_one_answer_come_in_parts(self) -> None:
        self.cache.default.set_many({str(number): number for number in range(40)})
        self.native.full = True
        self.assertEqual(sorted(self.cache.default.values()), list(range(40)))
        with self.assertRaises(CapabilityError):
            self.cache.default._get('all', [], 0)

    def test_without_a_grant_the_built_in_cache_answers_as_redis_would(self) -> None:
        cache = self.cache
        self.assertIs(cache.set('a', '1', ex=5), True)
        self.assertEqual(self.native.expiries[-1], 5_000)
        self.assertEqual((cache.set('a', '2', nx=True), cache.set('b', '2', nx=True)), (None, True))
        self.assertIsNone(cache.set('c', '2', xx=True))
        cache.set('a', '1', px=1_500)
        self.assertEqual((self.native.expiries[-1], cache.ttl('c'), cache.ttl('b')), (1_500, -2, 0))
        cache.setex('s', datetime.timedelta(seconds=2), 'x')
        self.assertEqual(self.native.expiries[-1], 2_000)
        self.assertEqual((cache.get('a'), cache.get('z'), cache.mget(['a', 'z'], 'b')), ('1', None, ['1', None, '2']))
        self.assertEqual((cache.exists('a', 'z'), cache.expire('a', 5), cache.expire('z', 5)), (1, True, False))
        self.assertEqual((sorted(cache.keys('[ab]')), cache.delete('a', 'b', 'z'), cache.keys()), (['a', 'b'], 2, ['s']))
        cache['k'] = {'a': 1}
        self.assertEqual((cache['k'], 'k' in cache, len(cache), cache.get_by_prefix('k')), ({'a': 1}, True, 2, {'k': {'a': 1}}))
        for name, says in [('zadd', 'connection of type redis'), ('memcached', 'no Memcached')]:
            with self.assertRaisesRegex(AttributeError, says):
                getattr(cache, name)

    def test_with_a_grant_redis_answers_and_the_built_in_cache_what_redis_does_not_know(self) -> None:
        self.native.grants.add('default')
        asked: list[object] = []
        redis = types.ModuleType('_caisson_redis')
        answer = (True, 'OK')
        vars(redis)['run'] = lambda connection, command: asked.append((connection, b' '.join(command))) or answer
        before = sys.modules.get('_caisson_redis')
        sys.modules['_caisson_redis'] = redis
        try:
            import caisson.redis
            kept, caisson.redis._caisson_redis = getattr(caisson.redis, '_caisson_redis', redis), redis
            self.assertTrue(self.cache.set('a', 1, ex=5))
            caisson.redis._caisson_redis = kept
        finally:
            if before is not None:
                sys.modules['_caisson_redis'] = before
        self.assertEqual(asked, [('default', b'SET a 1 EX 5')])
        self.cache.default.set('x', 1)
        self.assertEqual(self.cache.get_by_prefix('x'), {'x': 1})
