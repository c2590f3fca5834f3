"""Types of the native module `_caisson_redis`. All answer `(True, value)` or `(False, kind, message, retryable, code)`."""

from collections.abc import Iterable
from typing import Any

def run(connection: str, command: Iterable[bytes], /) -> tuple[Any, ...]:
    """One command."""

def pipeline(connection: str, commands: Iterable[Iterable[bytes]], atomic: bool, /) -> tuple[Any, ...]:
    """Commands in one go."""

def script(connection: str, source: str, keys: Iterable[bytes], arguments: Iterable[bytes], /) -> tuple[Any, ...]:
    """A script in Lua."""
