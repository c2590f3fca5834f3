"""Types of the native module `_caisson_sql`. All answer `(True, value)` or `(False, kind, message, retryable, code)`."""

from typing import Any

def query(connection: str, text: str, params: Any, timeout_ms: int | None, /) -> tuple[Any, ...]:
    """`(columns, rows)`."""

def open(connection: str, text: str, params: Any, timeout_ms: int | None, /) -> tuple[Any, ...]:
    """A `Cursor`."""

def execute(connection: str, text: str, params: Any, timeout_ms: int | None, /) -> tuple[Any, ...]:
    """`(affected, last_insert_id)`."""

def batch(connection: str, text: str, sets: list[Any], /) -> tuple[Any, ...]:
    """`(affected, last_insert_id)`."""

def begin(connection: str, isolation: str | None, read_only: bool, /) -> tuple[Any, ...]:
    """A `Transaction`."""
