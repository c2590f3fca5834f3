"""What the sandbox mends of the standard library, as far as it can be seen under CPython."""

import datetime
import threading
import time
import types
import unittest

from tests import _stub

_stub.install()

from caisson import _outside, _strftime, _threads  # noqa: E402


class Strftime(unittest.TestCase):
    """Text from times, beside CPython's."""

    def test_every_directive_is_that_of_the_c_locale(self) -> None:
        """On days at the ends of years, where weeks are hard."""
        letters = [f'%{letter}' for letter in 'aAbBcCdDeFgGhHIjmMnprRSTtuUVwWxXyY%']
        days = [datetime.datetime(year, month, day, 13 * (day % 2), 5, 6) for year in range(1999, 2030) for month, day in ((1, 1), (1, 3), (12, 31), (7, 20))]
        for format in [*letters, '%-d.%-m. %_H %^a %010Y', '100%%', '%%c %X', '%Y-%m-%d']:
            for day in days:
                when = day.timetuple()
                self.assertEqual(_strftime.strftime(format, when), time.strftime(format, when), (format, day))

    def test_the_day_of_the_week_is_taken_and_not_computed(self) -> None:
        """`strptime` finds out by that what `%c` looks like."""
        when = (1999, 3, 17, 22, 44, 55, 6, 76, 0)
        self.assertEqual(_strftime.strftime('%a %w', when), time.strftime('%a %w', when))

    def test_the_zone_is_utc_and_unknown_directives_stay(self) -> None:
        """As does what only looks like a directive."""
        when = datetime.datetime(2026, 2, 3, 14, 5, 6).timetuple()
        self.assertEqual(_strftime.strftime('%Z%z %f %s %Q %', when), 'UTC+0000 %f 1770127506 %Q %')

    def test_zeros_are_the_first_and_other_numbers_are_bounded(self) -> None:
        """As CPython has it."""
        self.assertEqual(_strftime.strftime('%Y %m %d %j', (2000,) + (0,) * 8), '2000 01 01 001')
        for place, number in ((1, 13), (2, 32), (3, 24), (4, 60), (5, 62), (6, -2), (7, 367)):
            when = [1999, 1, 1, 1, 1, 1, 1, 1, 0]
            when[place] = number
            with self.assertRaises(ValueError, msg=str(when)):
                _strftime.strftime('', tuple(when))
        with self.assertRaises(TypeError):
            _strftime.strftime(b'%Y')  # type: ignore[arg-type]


class Locks(unittest.TestCase):
    """Locks of one thread."""

    def test_a_lock_that_nobody_can_release_is_an_error_and_no_hang(self) -> None:
        """A second blocking acquire says why it is refused; with a timeout it returns."""
        lock = types.SimpleNamespace(locked_status=False)
        self.assertTrue(_threads.acquire(lock))
        self.assertFalse(_threads.acquire(lock, False))
        self.assertFalse(_threads.acquire(lock, True, 0.001))
        with self.assertRaisesRegex(RuntimeError, 'one thread'):
            _threads.acquire(lock)
        with self.assertRaises(ValueError):
            _threads.acquire(lock, False, 1)
        _threads.release(lock)
        with self.assertRaises(RuntimeError):
            _threads.release(lock)

    def test_locals_are_objects(self) -> None:
        """Class attributes, methods and arguments work, which the interpreter's own do not."""
        class Kept(_threads.local):
            shared = 1

            def __init__(self, own: int) -> None:
                self.own = own

        self.assertEqual((Kept(2).own, Kept.shared, vars(Kept(3))), (2, 1, {'own': 3}))
        with self.assertRaises(TypeError):
            _threads.local(1)


class Pools(unittest.TestCase):
    """`ThreadPoolExecutor` without threads."""

    def test_what_is_submitted_is_done(self) -> None:
        """In the caller's thread, at once; an exception is the future's."""
        pool = types.SimpleNamespace(
            _shutdown=False, _threads=set(), _create_worker_context=lambda: types.SimpleNamespace(initialize=lambda: begun.append(1)))
        begun: list[int] = []
        self.assertIs(_threads.submit(pool, threading.current_thread).result(0), threading.current_thread())
        self.assertIsInstance(_threads.submit(pool, int, 'x').exception(0), ValueError)
        self.assertEqual(begun, [1])
        _threads.shutdown(pool)
        with self.assertRaises(RuntimeError):
            _threads.submit(pool, int)


class Outside(unittest.TestCase):
    """What is not there."""

    def test_the_stand_in_for_ssl_can_be_imported_from_and_refuses_to_connect(self) -> None:
        """With a text that names what to use."""
        ssl = _outside._ssl()
        for name in ('SSLContext', 'create_default_context'):
            with self.assertRaisesRegex(PermissionError, 'caisson.http'):
                getattr(ssl, name)()
        self.assertTrue(issubclass(ssl.SSLCertVerificationError, ssl.SSLError))
        self.assertFalse(hasattr(ssl, 'no_such_name'))


if __name__ == '__main__':
    unittest.main()
