"""Fake connections of the type `sql`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from caisson.sql import _given, _told
from caisson.testing._expect import Fake, Rule, matches

__all__ = ['SQLCall', 'SQLConnection', 'SQLTransaction', 'native']


class SQLTransaction:
    """A transaction that a service has begun."""

    def __init__(self, isolation: str | None, read_only: bool) -> None:
        self.isolation = isolation
        """`serializable` and so on, or `None` for the database's own."""
        self.read_only = read_only
        """Whether the service said that it only reads."""
        self.state = 'open'
        """`open`, `committed` or `rolled back`."""

    def __repr__(self) -> str:
        return f'<SQLTransaction {self.state}>'


@dataclass
class SQLCall:
    """A statement that a service has run."""

    text: str
    """The statement as it was given."""
    params: Any
    """Values by position (a list) or by name (a dict); of a batch, a list of these; `None` when there were none."""
    how: str
    """`query`, `execute`, `batch` or `stream`."""
    transaction: SQLTransaction | None
    """The transaction that it was part of, if any."""

    def __str__(self) -> str:
        return f'{self.how} {normal(self.text)}' + (f'  {self.params!r}' if self.params else '')


class SQLConnection(Fake[SQLCall]):
    """Stands for a connection of the type `sql`; in tests, `app.sql[NAME]`."""

    kind = 'sql connection'

    def __init__(self, name: str, unexpected: Any = None) -> None:
        super().__init__(name, unexpected)
        self.transactions: list[SQLTransaction] = []
        """All that were begun, in their order."""

    def answers(
        self, text: str | re.Pattern[str], rows: Iterable[Mapping[str, Any] | Sequence[Any]] = (), *,
        columns: Sequence[str] | None = None, affected: int = 1, last_insert_id: int | None = None, params: Any = None,
        by: Callable[[SQLCall], Iterable[Any]] | None = None, times: int | None = None,
    ) -> SQLConnection:
        """Records what a statement answers, and returns the connection so that more can follow.

        `text` is compared without regard to case, spaces and a final semicolon; with `...` at its end, only the beginning counts; it may
        be a pattern of `re`. `params` says for which values (a list or a dict) this is the answer. A query gets `rows`, each a dict, or
        a sequence in the order of `columns`; `by` makes them from the call. A change gets `affected` and `last_insert_id`.
        """
        def answer(call: SQLCall) -> Any:
            if call.how in ('execute', 'batch'):
                return True, (affected, last_insert_id)
            return True, _rows(by(call) if by is not None else rows, columns)

        self._record(Rule(_shown(text, params), _fits(text, params), answer, times))
        return self

    def fails(
        self, text: str | re.Pattern[str], *, kind: str = 'unavailable', message: str = 'the database failed',
        code: str | None = None, retryable: bool = False, times: int | None = None,
    ) -> SQLConnection:
        """Records a failure: a `CapabilityError` of this kind, with the database's own `code` (an SQLSTATE)."""
        self._record(Rule(_shown(text, None), _fits(text, None), lambda _call: (False, kind, message, retryable, code), times))
        return self

    def assert_called_once_with(self, text: str, params: Any = None) -> None:
        """Exactly one statement was run, and it was this one. Case and spaces do not matter."""
        self.assert_called_once()
        self.assert_called_with(text, params)

    def assert_called_with(self, text: str, params: Any = None) -> None:
        """Some statement was this one."""
        self.assert_called()
        if not any(_fits(text, params)(call) for call in self.calls):
            calls = '\n'.join(f'    {call}' for call in self.calls)
            raise AssertionError(f'{self.kind} {self.name!r} never ran {_shown(text, params)}; it ran:\n{calls}')

    def _run(self, how: str, text: str, params: Any, transaction: SQLTransaction | None) -> Any:
        given = [_plain(one) for one in params] if how == 'batch' else _plain(params)
        call = SQLCall(text, given, how, transaction)
        what = 'affected=1' if how in ('execute', 'batch') else 'rows=[{...}]'
        return self._answer(call, f'app.sql[{self.name!r}].answers({normal(text)!r}, {what})')

    def _begin(self, isolation: str | None, read_only: bool) -> Any:
        transaction = SQLTransaction(isolation, read_only)
        self.transactions.append(transaction)
        return True, _Transaction(self, transaction)


class _Transaction:
    """What the native module gives for a transaction."""

    def __init__(self, connection: SQLConnection, facts: SQLTransaction) -> None:
        self._connection = connection
        self._facts = facts

    def query(self, text: str, params: Any, _timeout: int | None) -> Any:
        return self._connection._run('query', text, params, self._facts)

    def execute(self, text: str, params: Any, _timeout: int | None) -> Any:
        return self._connection._run('execute', text, params, self._facts)

    def batch(self, text: str, sets: list[Any]) -> Any:
        return self._connection._run('batch', text, sets, self._facts)

    def commit(self) -> Any:
        self._facts.state = 'committed'
        return True, None

    def rollback(self) -> Any:
        self._facts.state = 'rolled back'
        return True, None

    def close(self) -> None:
        if self._facts.state == 'open':
            self._facts.state = 'rolled back'


class _Cursor:
    """What the native module gives for rows that come in batches."""

    def __init__(self, columns: list[tuple[str, str]], rows: list[Any]) -> None:
        self._columns, self._left = columns, rows

    def columns(self) -> list[tuple[str, str]]:
        return self._columns

    def fetch(self, most: int) -> Any:
        rows, self._left = self._left[:most], self._left[most:]
        return True, rows

    def close(self) -> None:
        self._left = []


def normal(text: str) -> str:
    """A statement with single spaces and without a final semicolon."""
    return ' '.join(text.split()).rstrip('; ')


def _plain(params: Any) -> Any:
    if isinstance(params, dict):
        return {name: _told(value) for name, value in params.items()}
    return None if params is None else [_told(value) for value in params]


def _fits(text: str | re.Pattern[str], params: Any) -> Callable[[SQLCall], bool]:
    wanted = list(params) if isinstance(params, tuple) else params

    def fits(call: SQLCall) -> bool:
        given = normal(call.text)
        if isinstance(text, str):
            pattern = normal(text).lower()
            same = given.lower().startswith(pattern[:-3].rstrip()) if pattern.endswith('...') else given.lower() == pattern
        else:
            same = matches(text, given)
        return same and (wanted is None or matches(wanted, call.params))

    return fits


def _shown(text: str | re.Pattern[str], params: Any) -> str:
    return (normal(text) if isinstance(text, str) else f'/{text.pattern}/') + (f'  {params!r}' if params else '')


def _rows(rows: Iterable[Any], columns: Sequence[str] | None) -> tuple[list[tuple[str, str]], list[tuple[Any, ...]]]:
    given = list(rows)
    names = list(columns) if columns is not None else list(given[0]) if given and isinstance(given[0], Mapping) else []
    if given and not names:
        raise ValueError('rows that are no dicts need columns=[...]')
    made = []
    for row in given:
        if isinstance(row, Mapping):
            wrong = set(row) ^ set(names)
            if wrong:
                raise ValueError(f'all rows have the same columns; these differ: {", ".join(sorted(map(str, wrong)))}')
            row = [row[name] for name in names]
        made.append(tuple(_given(value) for value in row))
    return [(name, 'text') for name in names], made


def native(connections: Mapping[str, SQLConnection]) -> dict[str, Callable[..., Any]]:
    """The functions of `_caisson_sql`, answered by fakes."""
    def run(how: str) -> Callable[..., Any]:
        return lambda name, text, params, _timeout=None: connections[name]._run(how, text, params, None)

    def stream(name: str, text: str, params: Any, _timeout: int | None) -> Any:
        answer = connections[name]._run('stream', text, params, None)
        return (True, _Cursor(*answer[1])) if answer[0] else answer

    def begin(name: str, isolation: str | None, read_only: bool) -> Any:
        return connections[name]._begin(isolation, read_only)

    return {'query': run('query'), 'execute': run('execute'), 'batch': run('batch'), 'open': stream, 'begin': begin}
