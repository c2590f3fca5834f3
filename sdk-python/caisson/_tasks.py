"""Mends of `asyncio`: a wait that is cancelled costs nobody a result, and what a shielded task raises is for those who ask it."""

from __future__ import annotations

import asyncio
import functools
from asyncio import tasks
from typing import Any

__all__ = ['install']

_original_shield = asyncio.shield


async def wait_for_one(self: Any, resolve: bool = False) -> Any:
    """Waits for the next task that `as_completed` was given; a wait that is cancelled leaves it to the one after."""
    try:
        found = await self._done.get()
    except asyncio.CancelledError:
        self._todo_left += 1
        raise
    if found is None:
        raise TimeoutError
    return found.result() if resolve else found


@functools.wraps(_original_shield)
def shield(arg: Any) -> Any:
    """Replaces that of `asyncio`, which reports an exception at once when its waiter was cancelled, even if somebody asks for it later."""
    inner = tasks.ensure_future(arg)
    outer = _original_shield(inner)
    report: Any = getattr(tasks, '_log_on_exception', None)
    if outer is not inner and report is not None:
        outer.add_done_callback(lambda _: inner.remove_done_callback(report))
    return outer


def install() -> None:
    """Called once, at boot."""
    library: Any = tasks
    library._AsCompletedIterator._wait_for_one = wait_for_one
    library.shield = asyncio.shield = shield
