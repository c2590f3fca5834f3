"""What the sandbox mends of the standard library, as far as it can be seen under CPython."""

import datetime
import threading
import time
import types
import unittest

from tests import _stub

_stub.install()

from caisson import _outside, _strftime, _threads  # noqa: E402


def wrong(format: str, when: object) -> str:
    """Stands for the interpreter's function, whose forms of these are others."""
    for directive in '%c %x %X %r %Z %z'.split():
        if directive in format.replace('%%', ''):
            raise AssertionError(f'{directive} was not replaced')
    return time.strftime(format, when)  # type: ignore[arg-type]


class Strftime(unittest.TestCase):
    """Directives that depend on the locale."""

    def test_directives_are_those_of_the_c_locale(self) -> None:
        """Each beside CPython's, and beside text that only looks like one."""
        when = datetime.datetime(2026, 2, 3, 14, 5, 6).timetuple()
        mended = _strftime.mended(wrong)
        for format in ('%c', '%x', '%X', '%r', 'a %x b %% %Y', '100%%', '%%c %X', '%Y-%m-%d'):
            self.assertEqual(mended(format, when), time.strftime(format, when), format)
        self.assertEqual(mended('%Z%z %f %s', when), 'UTC+0000 %f 1770127506')
        self.assertEqual(mended('%%s %%Z %c', when), '%s %Z Tue Feb  3 14:05:06 2026')

    def test_a_format_is_text(self) -> None:
        """Bytes are refused as CPython refuses them."""
        with self.assertRaises(TypeError):
            _strftime.mended(time.strftime)(b'%Y')  # type: ignore[arg-type]


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
