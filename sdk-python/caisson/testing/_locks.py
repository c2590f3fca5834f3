"""Locks in memory, in place of the server's (`_caisson_lock`)."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from caisson.testing._time import Clock

__all__ = ['LockFakes', 'native_lock']

_LONGEST_NAME = 256
_MOST = 32

_GRACE_SECS = 1.0
"""How much longer than the deadline of its message the server keeps a lock at most."""


@dataclass
class _Lock:
    name: str
    ends: float


@dataclass
class _Invocation:
    """Who holds locks: one message to one service."""

    deadline: float
    locks: dict[int, _Lock] = field(default_factory=dict)


class LockFakes:
    """Locks; in tests, `app.locks`. A lock is free unless a service holds it, or the test says that somebody does.

    They are taken, refused, lost and given back as in the server: a message holds its locks until it is answered, no longer than their
    `ttl`, and none of them twice. Nobody waits in a test: it is as if the time had passed, and a clock that `app.freeze` has stopped
    moves on by it.
    """

    def __init__(self, clock: Callable[[], Clock | None] = lambda: None) -> None:
        self.taken: list[str] = []
        """Names of the locks that were taken, in their order."""
        self._clock = clock
        self._busy: set[str] = set()
        self._tokens = itertools.count(1)
        # The first one is the test itself.
        self._invocations = [_Invocation(math.inf)]

    @property
    def held(self) -> list[str]:
        """Names of the locks that are held now."""
        now = self._now()
        return sorted({*self._busy, *(lock.name for lock in self._all() if lock.ends > now)})

    def busy(self, *names: str) -> None:
        """Somebody else holds these locks."""
        self._busy.update(names)

    def free(self, *names: str) -> None:
        """Nobody holds these any more; without names, none at all."""
        self._busy.difference_update(names or set(self._busy))

    def _begin(self, deadline_secs: float) -> None:
        """A message comes in, which is to be answered within this time."""
        self._invocations.append(_Invocation(self._now() + deadline_secs))

    def _end(self) -> None:
        """It was answered: what it holds is free."""
        self._invocations.pop()

    def _acquire(self, name: str, ttl_ms: int, block_ms: int) -> tuple[Any, ...]:
        own = self._invocations[-1]
        refused = _refused(name, ttl_ms, own)
        if refused is not None:
            return refused
        if not self._waited(name, min(block_ms / 1000, max(own.deadline - self._now(), 0))):
            return True, None
        now, token = self._now(), next(self._tokens)
        own.locks[token] = _Lock(name, min(now + ttl_ms / 1000, own.deadline + _GRACE_SECS))
        self.taken.append(name)
        return True, token

    def _waited(self, name: str, most: float) -> bool:
        """Whether a lock is free within so many seconds, after as many of them as that takes."""
        now = self._now()
        holders = [lock for lock in self._all() if lock.name == name and lock.ends > now]
        left = math.inf if name in self._busy else max((lock.ends - now for lock in holders), default=0.0)
        clock = self._clock()
        if clock is not None:
            clock.move(min(left, most))
        if left > most:
            return False
        for lock in holders:
            lock.ends = now
        return True

    def _release(self, token: int) -> tuple[Any, ...]:
        lock = self._invocations[-1].locks.pop(token, None)
        if lock is None:
            return _error('invalid-input', 'this invocation holds no such lock: it was released already, or never taken')
        return True, lock.ends > self._now()

    def _all(self) -> list[_Lock]:
        return [lock for invocation in self._invocations for lock in invocation.locks.values()]

    def _now(self) -> float:
        clock = self._clock()
        return time.monotonic() if clock is None else clock.now.timestamp()


def _refused(name: str, ttl_ms: int, own: _Invocation) -> tuple[Any, ...] | None:
    """Why a lock can never be had so, in the words of the server."""
    size = len(name.encode())
    if not 1 <= size <= _LONGEST_NAME:
        return _error('invalid-input', f'the name of a lock has 1 to {_LONGEST_NAME} bytes, this one has {size}')
    if ttl_ms == 0:
        return _error('invalid-input', 'a lock that is held for no time excludes nobody: give a ttl of at least 1 ms')
    if len(own.locks) >= _MOST:
        return _error('quota-exceeded', f'more than {_MOST} locks in one invocation (limit locks): release some first')
    if any(lock.name == name for lock in own.locks.values()):
        return _error('conflict', f'this invocation has the lock `{name}` already, or waits for it: it would wait for itself')
    return None


def _error(kind: str, message: str) -> tuple[Any, ...]:
    return False, kind, message, False, None


def native_lock(locks: LockFakes) -> dict[str, Callable[..., Any]]:
    """The functions of `_caisson_lock`."""
    return {'acquire': locks._acquire, 'release': locks._release}
