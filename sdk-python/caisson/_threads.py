"""Threads without threads: what is started runs at once, locks know who holds them, and nothing waits for ever.

The interpreter's `_thread` is written in Python and leaves out what `threading` and `concurrent.futures` rely on.
"""

from __future__ import annotations

import _thread
import concurrent.futures.thread as pool
import queue
import threading
import time
from typing import Any, Callable

__all__ = ['install']

WAITS_FOR_ITSELF = 'a service has one thread, and it would wait here for itself, for ever; give a timeout, or do not wait'


class local:
    """`threading.local`: with one thread, an object like any other."""

    def __new__(cls, /, *args: Any, **kwargs: Any) -> local:
        if (args or kwargs) and cls.__init__ is object.__init__:
            raise TypeError('Initialization arguments are not supported')
        return object.__new__(cls)


def install() -> None:
    """Puts everything in its place. Called once, at boot, before `asyncio` is imported."""
    _locks()
    _thread._local = threading.local = local  # type: ignore[attr-defined,misc]
    _threads()
    queue.SimpleQueue = queue._PySimpleQueue  # type: ignore[attr-defined,misc]
    executor = pool.ThreadPoolExecutor
    executor.submit, executor.shutdown = submit, shutdown  # type: ignore[assignment,method-assign]


def acquire(self: Any, blocking: bool = True, timeout: float = -1) -> bool:
    """`Lock.acquire`. Raises `RuntimeError` where it would never return."""
    if not blocking and timeout != -1:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout < 0 and timeout != -1:
        raise ValueError('timeout value must be a non-negative number')
    if not self.locked_status:
        self.locked_status = True
        return True
    if not blocking:
        return False
    if timeout == -1:
        raise RuntimeError(WAITS_FOR_ITSELF)
    time.sleep(timeout)
    return False


def release(self: Any) -> None:
    """`Lock.release`."""
    if not self.locked_status:
        raise RuntimeError('release unlocked lock')
    self.locked_status = False


def _locks() -> None:
    plain, reentrant = _thread.LockType, _thread.RLock
    plain.acquire = plain.__enter__ = acquire  # type: ignore[method-assign,assignment]
    plain.release = release  # type: ignore[method-assign]

    def release_save(self: Any) -> int:
        count: int = self.locked_count
        if not count:
            raise RuntimeError('cannot release un-acquired lock')
        self.locked_count = 0
        return count

    def release_one(self: Any) -> None:
        if not self.locked_count:
            raise RuntimeError('cannot release un-acquired lock')
        self.locked_count -= 1

    extra: dict[str, Callable[..., Any]] = {
        '_is_owned': lambda self: self.locked_count > 0, '_recursion_count': lambda self: self.locked_count,
        '_release_save': release_save, '_acquire_restore': lambda self, count: setattr(self, 'locked_count', count),
        'release': release_one,
    }
    for name, function in extra.items():
        setattr(reentrant, name, function)


def _threads() -> None:
    """While a thread runs it is the current one, and afterwards the one that started it is again."""
    inner = threading.Thread._bootstrap_inner  # type: ignore[attr-defined]

    def bootstrap_inner(self: threading.Thread) -> None:
        active, ident = threading._active, threading.get_ident()  # type: ignore[attr-defined]
        starter = active.get(ident)
        try:
            inner(self)
        finally:
            if starter is not None:
                active[ident] = starter

    threading.Thread._bootstrap_inner = bootstrap_inner  # type: ignore[attr-defined]


def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """`ThreadPoolExecutor.submit`: calls the function at once; the future is done."""
    if self._shutdown:
        raise RuntimeError('cannot schedule new futures after shutdown')
    future: Any = pool._base.Future()
    future.set_running_or_notify_cancel()
    try:
        _initialise(self)
        result = fn(*args, **kwargs)
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
    return future


def _initialise(executor: Any) -> None:
    """Calls the initializer once: there is one worker."""
    if not executor._threads:
        executor._threads.add(threading.current_thread())
        executor._create_worker_context().initialize()


def shutdown(self: Any, wait: bool = True, *, cancel_futures: bool = False) -> None:
    """`ThreadPoolExecutor.shutdown`: nothing is left to wait for."""
    self._shutdown = True
