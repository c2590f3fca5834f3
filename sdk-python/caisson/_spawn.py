"""`self.spawn`, `self.run_in_thread`, `self.sleep`: what Zato does with greenlets.

There is one thread in a sandbox: a function that is spawned runs at once, and is done when `spawn` returns. What is to run at the
same time, or to go on after the answer, is `self.patterns` and `self.invoke_async`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

__all__ = ['Spawned', 'run_in_thread', 'sleep', 'spawn']


class Spawned:
    """What has become of a function, with the methods of a greenlet: `value`, or `exception` if it has raised one."""

    started = True
    dead = True

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.value: Any = None
        self.exception: Exception | None = None
        try:
            self.value = function(*args, **kwargs)
        except Exception as error:
            self.exception = error

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """What the function returned; raises what it raised."""
        if self.exception is not None:
            raise self.exception
        return self.value

    def join(self, timeout: float | None = None) -> None:
        """Returns at once: it is done."""

    wait = join

    def kill(self, *args: Any, **kwargs: Any) -> None:
        """Does nothing: it is done."""

    def ready(self) -> bool:
        """True."""
        return True

    def successful(self) -> bool:
        """Whether it raised nothing."""
        return self.exception is None

    @property
    def exc_info(self) -> tuple[Any, Any, Any]:
        """Type, value and traceback of what it raised, or three times None."""
        error = self.exception
        return (None, None, None) if error is None else (type(error), error, error.__traceback__)

    def link(self, callback: Callable[[Spawned], Any]) -> None:
        """Calls `callback` with this object, at once."""
        callback(self)

    def link_value(self, callback: Callable[[Spawned], Any]) -> None:
        """As `link`, if it raised nothing."""
        if self.exception is None:
            callback(self)

    def link_exception(self, callback: Callable[[Spawned], Any]) -> None:
        """As `link`, if it raised something."""
        if self.exception is not None:
            callback(self)

    def __bool__(self) -> bool:
        return False


def spawn(self: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Spawned:
    """Runs a function, at once, and answers an object with `get()`, `value`, `ready()`, `exception`.

    What the function raises is logged and does not stop the service; `get()` raises it.
    """
    if not callable(function):
        raise TypeError(f'spawn needs a function, not {type(function).__name__}')
    done = Spawned(function, args, kwargs)
    if done.exception is not None:
        name = getattr(function, '__qualname__', repr(function))
        self.logger.error('%s, which was spawned, has failed', name, exc_info=done.exception)
    return done


def run_in_thread(self: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Spawned:
    """The same as `spawn`."""
    return spawn(self, function, *args, **kwargs)


def sleep(self: Any, timeout: float = 1) -> None:
    """Waits for so many seconds, 1 unless given. It costs no processor time, counts against the time limit of the service and ends
    with it."""
    if timeout > 0:
        time.sleep(timeout)
