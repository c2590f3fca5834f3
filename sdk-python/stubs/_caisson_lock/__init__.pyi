"""Types of the native module `_caisson_lock`. Both answer `(True, value)` or `(False, kind, message, retryable, code)`."""

from typing import Any

def acquire(name: str, ttl_ms: int, block_ms: int, /) -> tuple[Any, ...]:
    """The token, or `None` if the lock could not be had in time."""

def release(token: int, /) -> tuple[Any, ...]:
    """Whether it was held until now."""
