"""`self.patterns`: many services at once, and services that need more than one attempt."""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from caisson._errors import ServiceError

if TYPE_CHECKING:
    from caisson._invoke import Invoking

__all__ = ['Fanout', 'InvokeRetry', 'Parallel', 'Patterns']

_MOST_REPEATS = 10_000


class Patterns:
    """Ways of calling several services, or one several times."""

    def __init__(self, service: Invoking) -> None:
        self.fanout = Fanout(service)
        self.parallel = Parallel(service)
        self.invoke_retry = InvokeRetry(service)


class Fanout:
    """Calls services at the same time, in the background, and tells others of each answer and of all of them."""

    def __init__(self, service: Invoking) -> None:
        self._service = service

    def invoke(self, targets: Mapping[Any, Any], on_final: Any, on_target: Any = None, cid: str | None = None) -> str:
        """Calls the services that are the keys of `targets` with its values. Returns the correlation id that all calls have: `cid`, or
        one that begins with that of this message and a `~`, so that the log of this one finds them too.

        After each, the services `on_target` are called with a dict: `source`, `target`, `response`, `req_ts_utc`, `resp_ts_utc`
        (ISO 8601 without a zone), `ok`, `exception` (the text of an error, or `None`), `cid`, `phase='on-target'`, `on_target`,
        `on_final` (lists of names). After the last one, the services `on_final` are called, once, with a dict: `phase='on-final'`,
        `source`, `req_ts_utc`, `on_target`, `on_final`, and `data`, a list with a dict for each target in the order of `targets`:
        `source`, `target`, `response`, `req_ts_utc`, `resp_ts_utc`, `ok`, `exception`, `cid`.

        Services are given by name or class, callbacks also as lists of these. All of it is on disk when this returns. Answers are
        told of up to 6 MiB divided by the number of targets each; what is larger counts as failed.
        """
        return _together(self._service, 'fanout', targets, on_target, on_final, cid)


class Parallel:
    """Calls services at the same time, in the background, and tells others of each answer."""

    def __init__(self, service: Invoking) -> None:
        self._service = service

    def invoke(self, targets: Mapping[Any, Any], on_target: Any, cid: str | None = None) -> str:
        """Calls the services that are the keys of `targets` with its values, and after each the services `on_target`, with the same
        dict as those of `fanout`. Returns the correlation id that all calls have, as `fanout` does."""
        return _together(self._service, 'parallel', targets, on_target, None, cid)


def _together(service: Invoking, pattern: str, targets: Mapping[Any, Any], on_target: Any, on_final: Any, cid: str | None) -> str:
    if not isinstance(targets, Mapping) or not targets:
        raise ValueError('targets have to be a dict of services and their payloads, with at least one in it')
    environ = service._environ(None)
    tasks = [{**service._task(target, payload), 'environ': environ} for target, payload in targets.items()]
    told = [service._callbacks(one) if one else [] for one in (on_target, on_final)]
    calls = importlib.import_module('_caisson_calls')
    return service._ticket(calls.enqueue_group(pattern, tasks, *told, cid or None))[1]


class InvokeRetry:
    """Calls a service until it answers without an error."""

    def __init__(self, service: Invoking) -> None:
        self._service = service

    def invoke(
        self, target: Any, payload: Any = '', *, repeats: int = 1, seconds: float = 0, minutes: float = 0,
        async_fallback: bool = False, callback: Any = None, context: Any = None, **kwargs: Any,
    ) -> Any:
        """Calls a service; when that fails, waits `seconds` or `minutes` and calls it again, up to `repeats` times more.

        Returns its answer as soon as there is one, and raises the last error when there is none. With `async_fallback` only the
        first attempt is waited for: the others are made in the background, `callback` is told as by `invoke_async`, and what is
        returned is the correlation id of that call.
        """
        interval = _interval(repeats, seconds, minutes)
        for left in range(repeats, -1, -1):
            try:
                return self._service.invoke(target, payload, **kwargs)
            except ServiceError:
                if async_fallback and left:
                    return self._later(target, payload, left - 1, interval, repeats, callback, context, delay=interval)
                if not left:
                    raise
                time.sleep(interval)
        raise AssertionError('the last attempt answers or raises')

    def invoke_async(
        self, target: Any, payload: Any = '', *, repeats: int = 1, seconds: float = 0, minutes: float = 0, callback: Any = None,
        context: Any = None,
    ) -> str:
        """Has a service called in the background, up to `repeats` times more when it fails, with `seconds` or `minutes` between.

        Returns the correlation id of the call. `callback` (a service, or several, by name or class) is called when it has answered
        and also when the last attempt has failed, with a dict: `ok`, `orig_cid` (of this service), `call_cid`, `source`, `target`,
        `retry_seconds`, `retry_repeats`, `context` (what was given here), `req_ts_utc`, `resp_ts_utc`, `response`, `exception`.
        """
        interval = _interval(repeats, seconds, minutes)
        return self._later(target, payload, repeats, interval, repeats, callback, context)

    def _later(
        self, target: Any, payload: Any, left: int, interval: float, repeats: int, callback: Any, context: Any, delay: float = 0,
    ) -> str:
        from caisson._cids import branch
        from caisson._runtime import dumps

        service, cid = self._service, branch(self._service.cid)
        task = service._task(target, payload)
        report = {
            'orig_cid': service.cid, 'call_cid': cid, 'source': service.name, 'target': task['service'], 'retry_seconds': interval,
            'retry_repeats': repeats, 'context': context,
        }
        task.update(
            cid=cid, environ=service._environ(None), repeats=left, interval_ms=round(interval * 1000), delay_ms=round(delay * 1000),
            callback=service._callbacks(callback) if callback else [], report=dumps(report))
        return service._enqueue(task)[1]


def _interval(repeats: int, seconds: float, minutes: float) -> float:
    """Seconds between attempts."""
    if not isinstance(repeats, int) or not 0 <= repeats <= _MOST_REPEATS:
        raise ValueError(f'repeats has to be a number from 0 to {_MOST_REPEATS}, not {repeats!r}')
    if seconds and minutes:
        raise ValueError('give either seconds or minutes')
    interval = seconds or minutes * 60
    if interval < 0:
        raise ValueError(f'the time between attempts has to be 0 or more, not {interval!r} seconds')
    return interval
