"""Locks and spawned functions: what is asked of the host, and what becomes of the answers."""

from __future__ import annotations

import logging
import sys
import types
import unittest
from unittest import mock

from tests import _stub

_stub.install()

from caisson import LockTimeout, Service  # noqa: E402
from caisson._capability import CapabilityError  # noqa: E402
from caisson._lock import Lock  # noqa: E402


class Native(types.ModuleType):
    """Stands for the native module: remembers what was asked, and answers what it was told."""

    def __init__(self) -> None:
        super().__init__('_caisson_lock')
        self.asked: list[object] = []
        self.answers: list[object] = []

    def acquire(self, name: str, ttl_ms: int, block_ms: int) -> object:
        self.asked.append((name, ttl_ms, block_ms))
        return self.answers.pop(0)

    def release(self, token: int) -> object:
        self.asked.append(token)
        return self.answers.pop(0)


native = Native()


class Orders(Service):
    """A service."""

    name = 'orders'
    logger = logging.getLogger('orders')


class TestLock(unittest.TestCase):
    """`self.lock`."""

    def setUp(self) -> None:
        sys.modules['_caisson_lock'] = native
        native.asked.clear()
        native.answers.clear()

    def test_it_is_taken_and_given_back_also_when_the_block_raises(self) -> None:
        native.answers[:] = [(True, 7), (True, True)]
        with self.assertRaises(KeyError), Orders().lock() as lock:
            self.assertTrue(lock and lock.is_acquired and lock.acquired)
            raise KeyError
        self.assertEqual(native.asked, [('orders', 20_000, 10_000), 7])
        self.assertFalse(lock.release(), 'given back twice is no error, and tells')

    def test_times_are_seconds_under_both_names_and_rounded_up(self) -> None:
        for options, asked in [
            ({'name': 'a', 'ttl': 1.5, 'block': 0.0001}, ('a', 1_500, 1)),
            ({'name': 'a', 'expires': 5, 'timeout': False}, ('a', 5_000, 0)),
            ({'ttl': 1e20, 'block': True}, ('orders', 4_294_967_295, 4_294_967_295)),
        ]:
            native.answers[:] = [(True, 1)]
            Orders().lock(**options).acquire()
            self.assertEqual(native.asked.pop(), asked)
        for wrong in [{'ttl': -1}, {'block': float('nan')}]:
            with self.assertRaises(ValueError):
                Orders().lock(**wrong)
        with self.assertRaises(TypeError):
            Orders().lock(ttl='20')
        with self.assertRaises(TypeError):
            Orders().lock(7)

    def test_one_that_could_not_be_had_raises_and_the_caller_may_try_again(self) -> None:
        native.answers[:] = [(True, None)]
        with self.assertRaises(LockTimeout) as raised, Orders().lock('a'):
            self.fail('it is not held')
        error = raised.exception
        self.assertEqual((error.status, error.kind, error.retryable, error.name), (503, 'unavailable', True, 'a'))
        self.assertIn("'a'", str(error))
        self.assertNotIn("'a'", error.public_message())
        from zato.distlock import LockTimeout as Same
        self.assertIs(Same, LockTimeout)

    def test_a_refusal_is_an_error_of_its_own(self) -> None:
        native.answers[:] = [(False, 'conflict', 'it has it already', False, None)]
        with self.assertRaises(CapabilityError) as raised:
            Lock('a', 1, 1).acquire()
        self.assertEqual(raised.exception.kind, 'conflict')

    def test_one_whose_time_was_over_says_so_when_it_is_given_back(self) -> None:
        native.answers[:] = [(True, 7), (True, False)]
        with self.assertLogs('orders', 'WARNING') as logged, Orders().lock('a', ttl=0.5):
            pass
        self.assertIn("'a'", logged.output[0])
        self.assertIn('0.5 s', logged.output[0])


class TestSpawn(unittest.TestCase):
    """`self.spawn`, `self.run_in_thread`, `self.sleep`."""

    def test_a_function_has_run_when_spawn_returns(self) -> None:
        for spawn in (Orders().spawn, Orders().run_in_thread):
            done = spawn(lambda a, b: a + b, 1, b=2)
            self.assertEqual((done.get(timeout=1), done.value, done.exception), (3, 3, None))
            self.assertTrue(done.ready() and done.successful() and done.dead)
            seen: list[object] = []
            done.link(seen.append)
            done.link_value(seen.append)
            done.link_exception(seen.append)
            done.join(1)
            self.assertEqual(seen, [done, done])

    def test_what_it_raises_is_kept_logged_and_raised_by_get(self) -> None:
        with self.assertLogs('orders', 'ERROR') as logged:
            done = Orders().spawn(lambda: 1 / 0)
        self.assertIn('ZeroDivisionError', logged.output[0])
        self.assertFalse(done.successful())
        self.assertIs(done.exc_info[0], ZeroDivisionError)
        with self.assertRaises(ZeroDivisionError):
            done.get()
        with self.assertRaises(TypeError):
            Orders().spawn('no function')

    def test_sleep_takes_nothing_for_nothing(self) -> None:
        Orders().sleep(0)
        Orders().sleep(-1)
        Orders().sleep(timeout=0.001)

    def test_sleep_is_a_second_unless_it_is_told(self) -> None:
        with mock.patch('time.sleep') as sleep:
            Orders().sleep()
        sleep.assert_called_once_with(1)
