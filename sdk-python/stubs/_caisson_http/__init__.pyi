"""Types of the native module `_caisson_http`. All answer `(True, value)` or `(False, kind, message, retryable, code)`."""

from typing import Any

_Fields = list[tuple[str, str]]

def send(
    connection: str, method: str, path: str, params: _Fields, headers: _Fields, body: bytes | None, timeout_ms: int | None, /,
) -> tuple[Any, ...]:
    """`(status, headers, body)`."""

def open(
    connection: str, method: str, path: str, params: _Fields, headers: _Fields, body: bytes | None, timeout_ms: int | None, /,
) -> tuple[Any, ...]:
    """`(status, headers, Body)`."""

def begin(
    connection: str, method: str, path: str, params: _Fields, headers: _Fields, body: bytes | None, timeout_ms: int | None, /,
) -> tuple[Any, ...]:
    """An `Upload`."""
