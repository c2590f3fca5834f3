"""`self.lock`: at most one holder at a time among all servers.

    with self.lock('orders'):
        ...

The host keeps the lock for the message that is answered: when that ends, however it ends, the lock is free.
"""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any

from caisson._capability import unwrap
from caisson._errors import ServiceError

__all__ = ['Lock', 'LockTimeout', 'lock']

# The most milliseconds that the host is asked for: about 49 days.
_MOST = (1 << 32) - 1


class LockTimeout(ServiceError):
    """A lock could not be had in time: 503 for the caller, who may try again later. `name` is the lock's."""

    status = 503
    default_msg = 'A lock could not be had in time'
    retryable = True

    def __init__(self, *args: Any, name: str = '', **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name

    def public_message(self) -> str:
        return self.default_msg


class Lock:
    """A lock, held or not. A context manager, or `acquire` and `release`; it may be taken again after it was given back.

    `name` is its name, `ttl` how many seconds it is held at most, `block` how many seconds it is waited for.
    """

    def __init__(self, name: str, ttl: float, block: float, logger: logging.Logger | None = None) -> None:
        if not isinstance(name, str):
            raise TypeError(f'the name of a lock is a str, not {type(name).__name__}')
        self.name = name
        self.ttl = ttl
        self.block = block
        self._ttl_ms = _millis('ttl', ttl)
        self._block_ms = _MOST if block is True else _millis('block', block)
        self._logger = logger or logging.getLogger('caisson')
        self._token: int | None = None

    @property
    def is_acquired(self) -> bool:
        """Whether it was acquired and not released since. Its time may be over all the same: `release` tells."""
        return self._token is not None

    @property
    def acquired(self) -> bool:
        """The same as `is_acquired`, under the name that services of Zato know."""
        return self.is_acquired

    def acquire(self) -> Lock:
        """Takes the lock. Raises LockTimeout if it cannot be had in time, CapabilityError if it can never be had here."""
        import _caisson_lock

        token = unwrap(_caisson_lock.acquire(self.name, self._ttl_ms, self._block_ms))
        if token is None:
            raise LockTimeout(f'the lock {self.name!r} could not be had within {self.block} s', name=self.name)
        self._token = token
        return self

    def release(self) -> bool:
        """Gives the lock back. False if its time was over before, so that somebody else may have held it meanwhile.

        Does nothing and is False when the lock is not held.
        """
        import _caisson_lock

        token, self._token = self._token, None
        if token is None:
            return False
        held = bool(unwrap(_caisson_lock.release(token)))
        if not held:
            self._logger.warning(
                'the lock %r was held for longer than its ttl of %s s: others may have held it meanwhile; give it a longer ttl',
                self.name, self.ttl)
        return held

    def __enter__(self) -> Lock:
        return self.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def __bool__(self) -> bool:
        return self.is_acquired

    def __repr__(self) -> str:
        return f'<Lock {self.name!r}{" acquired" if self.is_acquired else ""}>'


def _millis(what: str, seconds: float) -> int:
    """Milliseconds, rounded up, for the host."""
    if not isinstance(seconds, (int, float)):
        raise TypeError(f'{what} is a number of seconds, not {type(seconds).__name__}')
    if not seconds >= 0:
        raise ValueError(f'{what} is a number of seconds and not negative: {seconds}')
    return min(-int(-min(seconds, _MOST) * 1000 // 1), _MOST)


def lock(
    self: Any, name: str | None = None, ttl: float = 20, block: float = 10, expires: float | None = None,
    timeout: float | None = None,
) -> Lock:
    """A lock among all servers, by default of the service's own name: `with self.lock('orders', ttl=20, block=10): ...`.

    It is held for at most `ttl` seconds, and no longer than this message is answered; `block` is how many seconds it is waited
    for (False: not at all, True: until the deadline). Raises LockTimeout when it could not be had. `expires` and `timeout` are
    other names of `ttl` and `block`. Names belong to the package unless the operator shares them (`serve --shared-names`).
    """
    ttl = ttl if expires is None else expires
    block = block if timeout is None else timeout
    return Lock(name or self.name, ttl, block, self.logger)
