"""What services written for Zato have as `self.out.sql`.

`SQL()` is that object: `self.out.sql['CRM'].execute('select ... where id = :id', {'id': 1})`.
"""

from __future__ import annotations

import re
from typing import Any

from caisson import sql

__all__ = ['SQL', 'SQLConnection', 'SQLSession']

# What is sent as a query. Anything else, unless it returns rows, is a change.
_READING = re.compile(r'(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(?:select|with|values|table|show|explain|describe|desc)\b', re.I | re.S)
_RETURNING = re.compile(r'\breturning\b', re.I)


class SQL:
    """Connections by name."""

    def __getitem__(self, name: str) -> SQLConnection:
        return SQLConnection(name)

    get = __getitem__


class SQLConnection:
    """A database."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._database = sql.connect(name)

    def execute(self, query: str, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Runs a statement; returns its rows, of which a change has none."""
        return _run(self._database, query, params)

    def one(self, query: str, params: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """The only row, or None; several are an error."""
        rows = self.execute(query, params)
        if len(rows) > 1:
            raise Exception(f'Multiple rows returned, {len(rows)}, for a query that expects at most one')
        return rows[0] if rows else None

    one_or_none = one

    def ping(self) -> None:
        """Asks the database for an answer; raises if there is none."""
        self._database.query('select 1')

    def session(self) -> SQLSession:
        """Statements that are committed together."""
        return SQLSession(self._database)


class SQLSession:
    """A small part of a session of SQLAlchemy: text statements, `commit`, `rollback`, `close`. There are no mapped classes, and
    `execute` returns a list of dicts."""

    def __init__(self, database: sql.Database) -> None:
        self._database = database
        self._transaction: sql.Transaction | None = None

    def execute(self, query: Any, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Runs a statement in the session's transaction, which begins with the first one."""
        if self._transaction is None:
            self._transaction = self._database.transaction()
        return _run(self._transaction, str(query), params)

    def commit(self) -> None:
        """Keeps what was done; the next statement begins anew."""
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            transaction.commit()

    def rollback(self) -> None:
        """Undoes what was done; the next statement begins anew."""
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            transaction.rollback()

    def close(self) -> None:
        """Undoes what was not committed."""
        self.rollback()

    def __enter__(self) -> SQLSession:
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            transaction.__exit__(kind or Exception, error, traceback)


def _run(target: Any, query: str, params: dict[str, Any] | None) -> list[dict[str, Any]]:
    # Names that the statement does not have are left out, as they always were.
    named = {name: value for name, value in (params or {}).items() if re.search(rf':{re.escape(name)}\b', query)}
    if _READING.match(query) or _RETURNING.search(query):
        return list(target.query(query, **named))
    target.execute(query, **named)
    return []
