"""Tests of `caisson.sql` and of Zato's side of it, on a native module that notes what it is given."""

from __future__ import annotations

import datetime
import decimal
import unittest
import uuid
from typing import Any

from tests import _stub

_stub.install()


class Native:
    """Answers what it is told to, and notes each call."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.answers: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any) -> Any:
            self.calls.append((name, *args))
            return self.answers.pop(0) if self.answers else (True, None)
        return call


NATIVE = Native()
import _caisson_sql as module  # noqa: E402

for function in ('query', 'open', 'execute', 'batch', 'begin'):
    setattr(module, function, lambda *args, _name=function: getattr(NATIVE, _name)(*args))

from caisson import sql  # noqa: E402
from caisson._zato_sql import SQL  # noqa: E402

UTC = datetime.timezone.utc


class Values(unittest.TestCase):
    """What Python's values become, and what comes back."""

    def setUp(self) -> None:
        NATIVE.calls.clear()
        NATIVE.answers.clear()

    def given(self, value: Any) -> Any:
        NATIVE.answers.append((True, (1, None)))
        sql.connect('db').execute('x ?', value)
        return NATIVE.calls[-1][3][0]

    def told(self, value: Any) -> Any:
        NATIVE.answers.append((True, ([('v', 'x')], [(value,)])))
        return sql.connect('db').query('x')[0]['v']

    def test_values_go_and_come_back_as_they_were(self) -> None:
        for value, native in [
            (None, None), (True, True), (-5, -5), (1 << 63, 1 << 63), (0.5, 0.5), ("'; drop", "'; drop"), (b'\0', b'\0'),
            (decimal.Decimal('12.340'), ('decimal', '12.340')),
            (decimal.Decimal('NaN'), ('decimal', 'NaN')),
            (datetime.date(2026, 11, 24), ('date', '2026-11-24')),
            (datetime.time(17, 30, 0, 5), ('time', '17:30:00.000005')),
            (datetime.datetime(2026, 11, 24, 17, 30), ('timestamp', '2026-11-24T17:30:00')),
            (datetime.datetime(2026, 11, 24, 17, 30, tzinfo=UTC), ('timestamp-tz', '2026-11-24T17:30:00+00:00')),
            (datetime.timedelta(days=-1, seconds=5, microseconds=7), ('interval', 'P-1DT5.000007S')),
            (uuid.UUID(int=7), ('uuid', '00000000-0000-0000-0000-000000000007')),
            ({'a': [1, None]}, ('json', '{"a": [1, null]}')),
            (sql.Other('10.0.0.1/8'), ('other', '10.0.0.1/8')),
            (sql.Interval('P1Y2M'), ('interval', 'P1Y2M')),
            ([1, None], ('array', '', [2], [1, None])),
            ([[1, 2, 3], [4, 5, 6]], ('array', '', [2, 3], [1, 2, 3, 4, 5, 6])),
            ([], ('array', '', [], [])),
            ([decimal.Decimal('1.5')], ('array', '', [1], [('decimal', '1.5')])),
        ]:
            with self.subTest(value=value):
                self.assertEqual(self.given(value), native)
                back = self.told(native)
                if value == value:
                    self.assertEqual(back, value)
                self.assertIs(type(back), type(value))

    def test_forms_that_only_go(self) -> None:
        self.assertEqual(self.given(1 << 64), ('decimal', str(1 << 64)))
        self.assertEqual(self.given(decimal.Decimal('1E+3')), ('decimal', '1000'))
        self.assertEqual(self.given(bytearray(b'x')), b'x')
        self.assertEqual(self.given(sql.Json([1])), ('json', '[1]'))
        for value in (object(), [[1], 2], [[1], [2, 3]]):
            with self.assertRaises((TypeError, ValueError)):
                self.given(value)

    def test_what_python_cannot_hold_stays_a_text(self) -> None:
        self.assertEqual(self.told(('date', 'infinity')), sql.Other('infinity'))
        self.assertEqual(self.told(('interval', 'P1MT1S')), sql.Interval('P1MT1S'))
        self.assertEqual(self.told(('interval', 'PT-1H-2M-3.5S')), datetime.timedelta(hours=-1, minutes=-2, seconds=-3.5))


class Calls(unittest.TestCase):
    """What is asked of the native module."""

    def setUp(self) -> None:
        NATIVE.calls.clear()
        NATIVE.answers.clear()

    def test_values_are_given_by_position_or_by_name(self) -> None:
        NATIVE.answers.extend([(True, ([], []))] * 3)
        db = sql.connect('db', timeout=1.5)
        db.query('a ?', 1)
        db.query('a :text', text=2)
        db.query('a')
        self.assertEqual([call[3:] for call in NATIVE.calls], [([1], 1500), ({'text': 2}, 1500), (None, 1500)])
        with self.assertRaises(TypeError):
            db.query('a', 1, b=2)

    def test_an_error_says_kind_and_code(self) -> None:
        NATIVE.answers.append((False, 'conflict', 'duplicate key', False, '23505'))
        with self.assertRaises(sql.CapabilityError) as raised:
            sql.connect('db').execute('a')
        self.assertEqual((raised.exception.kind, raised.exception.code), ('conflict', '23505'))

    def test_a_transaction_is_committed_or_rolled_back(self) -> None:
        for error, ending in [(None, ['commit', 'close']), (RuntimeError, ['close'])]:
            own = Native()
            own.answers.append((True, (1, None)))
            NATIVE.answers.append((True, own))
            try:
                with sql.connect('db').transaction('serializable') as transaction:
                    self.assertEqual(transaction.execute('a').affected, 1)
                    if error:
                        raise error
            except RuntimeError:
                pass
            self.assertEqual([call[0] for call in own.calls], ['execute', *ending])

    def test_a_stream_ends_with_its_reader(self) -> None:
        cursor = Native()
        cursor.answers.extend([[('n', 'int4')], (True, [(1,), (2,)])])
        NATIVE.answers.append((True, cursor))
        stream = sql.connect('db').stream('a')
        self.assertEqual(next(stream), {'n': 1})
        stream.close()
        self.assertEqual([call[0] for call in cursor.calls], ['columns', 'fetch', 'close'])


class Zato(unittest.TestCase):
    """`self.out.sql`."""

    def setUp(self) -> None:
        NATIVE.calls.clear()
        NATIVE.answers.clear()

    def test_reading_and_changing_are_told_apart(self) -> None:
        for query, native in [
            (' select 1', 'query'), ('-- x\nSELECT 1', 'query'), ('/* x */ with a as (select 1) select 1', 'query'),
            ('insert into t values (1)', 'execute'), ('insert into t values (1) returning i', 'query'), ('selected', 'execute'),
        ]:
            NATIVE.answers.append((True, ([], [])) if native == 'query' else (True, (1, None)))
            self.assertEqual(SQL()['CRM'].execute(query), [])
            self.assertEqual(NATIVE.calls[-1][:2], (native, 'CRM'), query)

    def test_one_is_a_row_none_or_an_error(self) -> None:
        conn = SQL()['CRM']
        for rows, expected in [([], None), ([(1,)], {'a': 1})]:
            NATIVE.answers.append((True, ([('a', 'int4')], rows)))
            self.assertEqual(conn.one_or_none('select a from t where a = :a', {'a': 1, 'unused': 2}), expected)
            self.assertEqual(NATIVE.calls[-1][3], {'a': 1})
        NATIVE.answers.append((True, ([('a', 'int4')], [(1,), (2,)])))
        with self.assertRaises(Exception):
            conn.one('select a from t')

    def test_a_session_is_one_transaction_until_it_is_committed(self) -> None:
        first, second = Native(), Native()
        first.answers.append((True, (1, None)))
        second.answers.append((True, (1, None)))
        NATIVE.answers.extend([(True, first), (True, second)])
        with SQL()['CRM'].session() as session:
            session.execute('delete from t')
            session.commit()
            session.execute('delete from t')
        self.assertEqual([call[0] for call in first.calls], ['execute', 'commit', 'close'])
        self.assertEqual([call[0] for call in second.calls], ['execute', 'close'])


if __name__ == '__main__':
    unittest.main()
