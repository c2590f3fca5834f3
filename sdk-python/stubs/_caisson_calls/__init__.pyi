"""Types of the native module `_caisson_calls`."""

from collections.abc import Iterable
from typing import Any

def invoke_all(calls: Iterable[tuple[str, str | None, bytes, int | None, str | None]], /) -> list[tuple[Any, ...]]:
    """Calls several services at once; each answer is as that of `_caisson.invoke`."""

def find(name: str, /) -> str | None:
    """The name of a service that is deployed, given its name, or its module and class."""

def enqueue(task: dict[str, Any], /) -> tuple[Any, ...]:
    """Takes in a call that nobody waits for: `(True, id, cid)`."""

def enqueue_group(
    pattern: str, tasks: Iterable[dict[str, Any]], on_target: Iterable[str], on_final: Iterable[str], cid: str | None, /,
) -> tuple[Any, ...]:
    """Takes in calls that belong together."""
