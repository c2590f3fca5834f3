"""Relational databases: PostgreSQL, MySQL and MariaDB, SQLite.

    from caisson import sql

    db = sql.connect('crm-db')
    for order in db.query('select * from orders where customer = :customer', customer=17):
        ...
    with db.transaction() as transaction:
        transaction.execute('update orders set state = ? where id = ?', 'sent', 4)

Values are given by position (`?` or `$1`) or by name (`:name`), and come back as they are in the database: `Decimal`, `date`, `time` and
`datetime` with their zones, `timedelta`, `UUID`, `bytes`, dicts and lists of JSON, lists for arrays. What Python has no type for is an
`Interval` (with months) or an `Other`. Errors are `CapabilityError`, whose `code` is the database's own.
"""

from __future__ import annotations

import _caisson_sql
from collections.abc import Iterable, Iterator
from typing import Any

from caisson._capability import CapabilityError, unwrap

__all__ = ['CapabilityError', 'Database', 'Interval', 'Json', 'Other', 'Outcome', 'Rows', 'Transaction', 'connect']


class Other(str):
    """A value of a type that has no form of its own, as the database writes it: an address, bits."""


class Interval(str):
    """A span of time with months, which have no fixed length: `P1Y2M3DT4H5M6.789S`."""


class Json:
    """A value for a column of JSON. Dicts are taken for JSON without it; lists would be arrays."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Rows(list[dict[str, Any]]):
    """Rows, each a dict. `columns` has the name and the database's type of each column, even if there are no rows."""

    columns: list[tuple[str, str]]


class Outcome:
    """What a statement changed: `affected` rows, and `last_insert_id` where the database tells it."""

    def __init__(self, affected: int, last_insert_id: int | None) -> None:
        self.affected = affected
        self.last_insert_id = last_insert_id

    def __repr__(self) -> str:
        return f'Outcome(affected={self.affected}, last_insert_id={self.last_insert_id})'


def connect(name: str, timeout: float | None = None) -> Database:
    """The database behind a connection. `timeout` is a shorter limit for each statement, in seconds. Nothing is opened yet."""
    return Database(name, timeout)


class _Statements:
    """What databases and transactions have in common."""

    def __init__(self, timeout: float | None) -> None:
        self._timeout_ms = None if timeout is None else max(1, int(timeout * 1000))

    def _query(self, text: str, params: Any) -> tuple[Any, ...]:
        raise NotImplementedError

    def _execute(self, text: str, params: Any) -> tuple[Any, ...]:
        raise NotImplementedError

    def _batch(self, text: str, sets: list[Any]) -> tuple[Any, ...]:
        raise NotImplementedError

    def query(self, text: str, /, *args: Any, **named: Any) -> Rows:
        """All rows of a statement. More than the connection allows are an error."""
        columns, found = unwrap(self._query(text, _params(args, named)))
        rows = Rows(_dicts(columns, found))
        rows.columns = columns
        return rows

    def one(self, text: str, /, *args: Any, **named: Any) -> dict[str, Any] | None:
        """The only row, or None. Several are a ValueError."""
        rows = self.query(text, *args, **named)
        if len(rows) > 1:
            raise ValueError(f'one row was expected, and there are {len(rows)}')
        return rows[0] if rows else None

    def execute(self, text: str, /, *args: Any, **named: Any) -> Outcome:
        """A change."""
        return Outcome(*unwrap(self._execute(text, _params(args, named))))

    def batch(self, text: str, sets: Iterable[Any]) -> Outcome:
        """One statement with many sets of values, each a sequence or a dict. Outside of a transaction: all of them or none."""
        given = [_params((), one) if isinstance(one, dict) else _params(tuple(one), {}) for one in sets]
        return Outcome(*unwrap(self._batch(text, given)))


class Database(_Statements):
    """A database, as `connect` gives it."""

    def __init__(self, name: str, timeout: float | None = None) -> None:
        super().__init__(timeout)
        self.name = name

    def _query(self, text: str, params: Any) -> tuple[Any, ...]:
        return _caisson_sql.query(self.name, text, params, self._timeout_ms)

    def _execute(self, text: str, params: Any) -> tuple[Any, ...]:
        return _caisson_sql.execute(self.name, text, params, self._timeout_ms)

    def _batch(self, text: str, sets: list[Any]) -> tuple[Any, ...]:
        return _caisson_sql.batch(self.name, text, sets)

    def stream(self, text: str, /, *args: Any, **named: Any) -> Iterator[dict[str, Any]]:
        """The rows of a statement, one by one, however many there are. Whoever stops reading ends the statement."""
        cursor = unwrap(_caisson_sql.open(self.name, text, _params(args, named), self._timeout_ms))
        return _streamed(cursor)

    def transaction(self, isolation: str | None = None, read_only: bool = False) -> Transaction:
        """A transaction, for `with`: committed at its end, rolled back if an exception leaves it.

        `isolation` is `read-uncommitted`, `read-committed`, `repeatable-read` or `serializable`.
        """
        return Transaction(unwrap(_caisson_sql.begin(self.name, isolation, read_only)), self._timeout_ms)


class Transaction(_Statements):
    """A transaction. Dropped without an end, it is rolled back."""

    def __init__(self, native: Any, timeout_ms: int | None) -> None:
        super().__init__(None)
        self._timeout_ms = timeout_ms
        self._native = native
        self._ended = False

    def _query(self, text: str, params: Any) -> Any:
        return self._native.query(text, params, self._timeout_ms)

    def _execute(self, text: str, params: Any) -> Any:
        return self._native.execute(text, params, self._timeout_ms)

    def _batch(self, text: str, sets: list[Any]) -> Any:
        return self._native.batch(text, sets)

    def commit(self) -> None:
        """Ends it, and keeps what was done."""
        self._ended = True
        unwrap(self._native.commit())
        self._native.close()

    def rollback(self) -> None:
        """Ends it, as if it had not been."""
        self._ended = True
        unwrap(self._native.rollback())
        self._native.close()

    def __enter__(self) -> Transaction:
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if self._ended:
            return
        if kind is None:
            self.commit()
        else:
            # Closing rolls back as well, and cannot hide the error that is on its way.
            self._ended = True
            self._native.close()


_BATCH = 500


def _streamed(cursor: Any) -> Iterator[dict[str, Any]]:
    try:
        columns = cursor.columns()
        while rows := unwrap(cursor.fetch(_BATCH)):
            yield from _dicts(columns, rows)
    finally:
        cursor.close()


def _dicts(columns: list[tuple[str, str]], rows: list[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    names = [name for name, _ in columns]
    return (dict(zip(names, map(_told, row))) for row in rows)


def _params(args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    if args and named:
        raise TypeError('values are given by position or by name, not both')
    if named:
        return {name: _given(value) for name, value in named.items()}
    return [_given(value) for value in args] if args else None


_PLAIN = (bool, float, bytes)


def _given(value: Any) -> Any:
    """A value as the native module takes it."""
    if isinstance(value, list | tuple):
        return _array(value)
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, int):
        return int(value) if -(1 << 63) <= value < 1 << 64 else ('decimal', str(int(value)))
    if isinstance(value, str):
        kind = 'other' if isinstance(value, Other) else 'interval' if isinstance(value, Interval) else None
        return (kind, str(value)) if kind else str(value)
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, dict | Json):
        import json
        return ('json', json.dumps(value.value if isinstance(value, Json) else value))
    return _rarer(value)


def _rarer(value: Any) -> Any:
    # Imported by whoever has such values: a service that has none does not pay for the modules.
    import datetime
    import decimal
    import uuid
    if isinstance(value, decimal.Decimal):
        return ('decimal', format(value, 'f') if value.is_finite() else str(value))
    if isinstance(value, datetime.datetime):
        return ('timestamp' if value.tzinfo is None else 'timestamp-tz', value.isoformat())
    if isinstance(value, datetime.date):
        return ('date', value.isoformat())
    if isinstance(value, datetime.time):
        return ('time', value.isoformat())
    if isinstance(value, datetime.timedelta):
        fraction = f'.{value.microseconds:06}' if value.microseconds else ''
        return ('interval', f'P{value.days}DT{value.seconds}{fraction}S')
    if isinstance(value, uuid.UUID):
        return ('uuid', str(value))
    raise TypeError(f'a {type(value).__name__} is no value for a database: give its parts, or its text')


def _array(value: list[Any] | tuple[Any, ...]) -> tuple[str, str, list[int], list[Any]]:
    dimensions: list[int] = []
    items: list[Any] = list(value)
    while True:
        dimensions.append(len(items) if not dimensions else len(items) // _product(dimensions))
        nested = [isinstance(item, list | tuple) for item in items]
        if not any(nested):
            break
        if not all(nested) or len({len(item) for item in items}) != 1:
            raise ValueError('the lists of an array have one length and depth')
        items = [inner for item in items for inner in item]
    if not items:
        dimensions = []
    return ('array', '', dimensions, [_scalar(item) for item in items])


def _product(numbers: list[int]) -> int:
    product = 1
    for number in numbers:
        product *= number
    return product


def _told(value: Any) -> Any:
    """A value of the native module as Python's own."""
    if not isinstance(value, tuple):
        return value
    if value[0] == 'array':
        return _nested(value[2], [_told(item) for item in value[3]])
    kind, text = value
    if kind == 'other':
        return Other(text)
    if kind == 'json':
        import json
        return json.loads(text)
    if kind == 'decimal':
        import decimal
        return decimal.Decimal(text)
    if kind == 'uuid':
        import uuid
        return uuid.UUID(text)
    return _moment(kind, text)


def _moment(kind: str, text: str) -> Any:
    import datetime
    if kind == 'interval':
        return _interval(text)
    types: dict[str, Any] = {'date': datetime.date, 'time': datetime.time, 'timestamp': datetime.datetime, 'timestamp-tz': datetime.datetime}
    try:
        return types[kind].fromisoformat(text)
    except ValueError:
        # `infinity`, or a year that Python's calendar does not have.
        return Other(text)


def _interval(text: str) -> Any:
    import datetime
    import re
    found = re.fullmatch(r'P(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?)(\d+)(?:\.(\d+))?S)?)?', text)
    if not found:
        return Interval(text)
    days, hours, minutes, sign, seconds, fraction = found.groups()
    micros = int(seconds or 0) * 1_000_000 + int((fraction or '0').ljust(6, '0'))
    try:
        return datetime.timedelta(days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0),
                                  microseconds=-micros if sign else micros)
    except OverflowError:
        return Interval(text)


def _nested(dimensions: list[int], items: list[Any]) -> list[Any]:
    for size in reversed(dimensions[1:]):
        items = [items[at:at + size] for at in range(0, len(items), size)]
    return items
