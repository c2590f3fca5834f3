"""What the sandbox mends of the standard library, as far as it can be seen under CPython."""

import asyncio
import copy
import csv
import datetime
import email
import email.policy
import sys
import threading
import time
import types
import unittest
import zlib
from email.message import EmailMessage, MIMEPart
from typing import Any, cast
from unittest import mock

from tests import _stub

_stub.install()

_native: Any = types.ModuleType('_caisson_csv')
_native.DictRows, _native.row_of = object, None
sys.modules.setdefault('_caisson_csv', _native)

from caisson import _compressed, _csv_rows, _mail, _outside, _strftime, _tasks, _threads  # noqa: E402


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


class Tables(unittest.TestCase):
    """Functions of `csv`, whose dialect may be None."""

    def test_none_is_no_dialect(self) -> None:
        """By place and by name; whatever else is said is passed on."""
        told: list[Any] = []
        reader = _csv_rows.without_none(lambda *given, **named: told.append((given, named)))
        reader([], None)
        reader([], dialect=None, delimiter=';')
        reader([], 'excel', strict=True)
        reader([], dialect='excel')
        self.assertEqual(told, [(([],), {}), (([],), {'delimiter': ';'}), (([], 'excel'), {'strict': True}), (([],), {'dialect': 'excel'})])
        self.assertEqual(list(_csv_rows.without_none(csv.reader)(['a;b'], None, delimiter=';')), [['a', 'b']])

    def test_what_is_wrong_stays_wrong(self) -> None:
        """A dialect that is given twice, one that nobody knows, an option that does not exist, nothing at all."""
        reader = _csv_rows.without_none(csv.reader)
        for given, named in (([[], None], {'dialect': None}), ([[]], {'no_such': 1}), ([], {})):
            with self.assertRaises(TypeError, msg=str(named)):
                reader(*given, **named)
        with self.assertRaises(csv.Error):
            reader([], 'no such')


class Once:
    """A decompressor that takes a second flush for an error, as the interpreter's does."""

    def __init__(self, below: Any, flushed: bool = False) -> None:
        self.below, self.flushed = below, flushed

    def __getattr__(self, name: str) -> Any:
        return getattr(self.below, name)

    def copy(self) -> 'Once':
        return Once(self.below.copy(), self.flushed)

    def flush(self, length: int) -> Any:
        if self.flushed:
            raise zlib.error('Error -2: inconsistent stream state')
        rest = self.below.flush(length)
        self.flushed = self.below.eof
        return rest


class Length:
    """A length that is no int, but can be an index."""

    def __index__(self) -> int:
        return 7


class Compressed(unittest.TestCase):
    """`zlib.decompressobj`, beside CPython's."""

    def test_a_decompressor_may_be_flushed_again(self) -> None:
        """At its end and before it, after a part, and with more behind it."""
        data = zlib.compress(b'abc' * 100)
        for given, most in ((data, 0), (data[:5], 0), (data, 10), (data + b'rest', 0), (b'', 0)):
            ours, theirs = _compressed.Decompress(Once(zlib.decompressobj())), zlib.decompressobj()
            seen = []
            for one in (ours, theirs):
                told: Any = [one.decompress(given, most), one.unconsumed_tail, one.flush(), one.flush(7), one.flush(), one.eof, one.unused_data]
                seen.append(told)
            self.assertEqual(seen[0], seen[1], given)

    def test_copies_go_on_by_themselves(self) -> None:
        """Also those that `copy` makes; and a length has to be one."""
        data = zlib.compress(b'abc' * 100)
        first = _compressed.decompressobj()
        begun = first.decompress(data[:5])
        for again in (first.copy(), copy.copy(first), copy.deepcopy(first)):
            self.assertEqual(begun + again.decompress(data[5:]) + again.flush(), b'abc' * 100)
        self.assertFalse(first.eof)
        for length in (0, -1):
            with self.assertRaises(ValueError):
                first.flush(length)
        with self.assertRaises(TypeError):
            first.flush(1.5)  # type: ignore[arg-type]
        self.assertEqual(_compressed.decompressobj().flush(Length()), b'')
        with self.assertRaises(zlib.error):
            _compressed.decompressobj(-15).decompress(data)
        dictionary = zlib.compressobj(zdict=b'abc')
        packed = dictionary.compress(b'abcabc') + dictionary.flush()
        self.assertEqual(_compressed.decompressobj(zdict=b'abc').decompress(packed), b'abcabc')


class Tasks(unittest.TestCase):
    """`asyncio`, where a wait is cancelled."""

    def test_a_cancelled_wait_leaves_its_place_to_the_next(self) -> None:
        """And one that is not takes what is done, or its exception, or the end of the time."""

        async def failed() -> None:
            raise KeyError('mine')

        async def run() -> None:
            waits = types.SimpleNamespace(_done=asyncio.Queue(), _todo_left=0)
            first = asyncio.ensure_future(_tasks.wait_for_one(waits, True))
            await asyncio.sleep(0)
            first.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await first
            self.assertEqual(waits._todo_left, 1)
            done = asyncio.ensure_future(failed())
            await asyncio.wait([done])
            for found, error in ((done, KeyError), (None, TimeoutError)):
                waits._done.put_nowait(found)
                with self.assertRaises(error):
                    await _tasks.wait_for_one(waits, True)
            waits._done.put_nowait(done)
            self.assertIs(await _tasks.wait_for_one(waits), done)
            self.assertEqual(waits._todo_left, 1)

        asyncio.run(run())

    def test_a_shielded_task_reports_nothing_at_once_when_its_waiter_was_cancelled(self) -> None:
        """The report that the interpreter's `shield` leaves behind is taken away."""

        def report(task: Any) -> None:
            told.append(task)

        def leaves_a_report(inner: Any) -> Any:
            if inner.done():
                return inner
            outer = asyncio.get_running_loop().create_future()
            outer.add_done_callback(lambda _: inner.add_done_callback(report))
            return outer

        async def run() -> None:
            inner = asyncio.get_running_loop().create_future()
            waiter = _tasks.shield(inner)
            waiter.cancel()
            await asyncio.sleep(0)
            inner.set_exception(KeyError('mine'))
            await asyncio.sleep(0)
            self.assertEqual((told, type(inner.exception())), ([], KeyError))
            self.assertIs(_tasks.shield(waiter), waiter)

        told: list[Any] = []
        with mock.patch.object(asyncio.tasks, '_log_on_exception', report, create=True), mock.patch.object(_tasks, '_original_shield', leaves_a_report):
            asyncio.run(run())


class Mail(unittest.TestCase):
    """Messages as others send them."""

    def setUp(self) -> None:
        for owner, name in ((MIMEPart, '_find_body'), (_mail.parser, '_refold_parse_tree')):
            self.addCleanup(setattr, owner, name, getattr(owner, name))
        _mail.install()

    def parsed(self, source: str) -> EmailMessage:
        """A message with modern headers."""
        return cast(EmailMessage, email.message_from_string(source, policy=email.policy.default))

    def test_a_multipart_without_a_boundary_has_no_body(self) -> None:
        """Within another it is text, and was an error."""
        inner = 'Content-Type: multipart/related\n\nx\n'
        outer = 'Content-Type: multipart/mixed; boundary=b\n\n--b\n' + inner
        self.assertIsNone(self.parsed(outer + '--b--\n').get_body(('plain', 'html')))
        body = self.parsed(outer + '--b\nContent-Type: text/plain\n\nfound\n--b--\n').get_body(('plain', 'html'))
        assert body is not None
        self.assertEqual(body.get_payload(), 'found')

    def test_only_what_would_separate_addresses_is_taken_apart(self) -> None:
        """The words of a name that came in encoded; not a quoted one, and not a comment."""
        for source, opened in (
            ('To: =?utf-8?q?a=2C?= b <a@b.pl>', True), ('To: =?utf-8?q?a?= b <a@b.pl>', False), ('To: "a, b" <a@b.pl>', False),
            ('To: x <x@b.pl>, G: =?utf-8?q?a=40?= <a@b.pl>;', True), ('To: x (=?utf-8?q?a=2C?=) <a@b.pl>', False),
        ):
            name = source.partition(':')[0]
            tree = self.parsed(f'{source}\n\n')[name]._parse_tree
            parts = list(_mail._open(tree))
            self.assertEqual(parts != list(tree), opened, source)
            self.assertEqual(''.join(map(str, parts)), str(tree), source)


if __name__ == '__main__':
    unittest.main()
