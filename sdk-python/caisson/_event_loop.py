"""An event loop for `asyncio` that needs neither sockets nor threads: it runs callbacks and sleeps until the next timer."""

from __future__ import annotations

import asyncio
import errno
import time
from asyncio import base_events, events
from typing import Any

from caisson._outside import NO_PROCESSES

__all__ = ['SandboxLoop', 'install']


class _Selector:
    """What the base class waits with. No file can become ready here, so waiting is sleeping."""

    def __init__(self, loop: SandboxLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        """Sleeps; nothing is ever ready."""
        if timeout is None:
            raise RuntimeError('the event loop waits for something that cannot happen: no timer and no callback is left')
        if timeout > 0:
            time.sleep(timeout)
        return []

    def close(self) -> None:
        """Nothing to close."""


class SandboxLoop(base_events.BaseEventLoop):
    """Tasks, futures, timers, queues, locks and timeouts work; sockets, pipes, signals and processes raise."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Selector(self)

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]  # less is promised
        """Calls the function at once: there is no other thread that could do it."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    async def subprocess_exec(self, *args: Any, **kwargs: Any) -> Any:
        """Refused, as `subprocess` refuses it."""
        raise PermissionError(errno.EPERM, NO_PROCESSES)

    subprocess_shell = subprocess_exec

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """There is none."""


_Base: Any = getattr(events, '_BaseDefaultEventLoopPolicy', None) or events.BaseDefaultEventLoopPolicy


class _Policy(_Base):  # type: ignore[misc]  # whichever there is
    _loop_factory = SandboxLoop


def install() -> None:
    """Makes it the loop of `asyncio.run` and of everything else that asks for a new one."""
    setter = getattr(events, '_set_event_loop_policy', None) or events.set_event_loop_policy
    setter(_Policy())
    events.new_event_loop = asyncio.new_event_loop = SandboxLoop
    # Loops that are asked for by name, and the policy that comes back when another is taken away.
    library: Any = asyncio
    library.EventLoop = library.SelectorEventLoop = SandboxLoop
    library._DefaultEventLoopPolicy = _Policy
