"""Types of the native module `_caisson_cache`. All answer `(True, value)` or `(False, kind, message, retryable, code)`."""

from collections.abc import Iterable
from typing import Any

def get(cache: str, kind: str, texts: Iterable[str], limit: int, parts: int, /) -> tuple[Any, ...]:
    """Entries."""

def put(
    cache: str, kind: str, texts: Iterable[str], limit: int, value: bytes, expiry_ms: int, condition: int, parts: int, /,
) -> tuple[Any, ...]:
    """The entries as they were before."""

def delete(cache: str, kind: str, texts: Iterable[str], limit: int, parts: int, /) -> tuple[Any, ...]:
    """The entries that went."""

def expire(cache: str, kind: str, texts: Iterable[str], limit: int, expiry_ms: int, parts: int, /) -> tuple[Any, ...]:
    """The entries that are meant."""

def count(cache: str, /) -> tuple[Any, ...]:
    """How many entries there are."""

def granted(connection: str, /) -> bool:
    """Whether this service may do anything with a connection."""
