"""`self.schedule`: calls at a time that is given."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from caisson._invoke import Invoking

__all__ = ['Schedule']

_LONGEST_SECS = 10 * 366 * 24 * 3600


class Schedule:
    """Calls at a time that is given."""

    def __init__(self, service: Invoking) -> None:
        self._service = service

    def onetime(
        self, service: Any = None, target: Any = '', name: str = '', *, prefix: str = '', start_date: Any = '', after_seconds: float = 0,
        after_minutes: float = 0, data: Any = '',
    ) -> int:
        """Has a service called once, at `start_date` or after `after_seconds` or `after_minutes`. Returns the job's id, a number.

        Zato wants the service that asks as the first argument, `onetime(self, target, name)`; it may be left out, `onetime(target, name)`.

        `target` is a service by name or class; it sees the channel type `scheduler`, and the job's name as the channel's. The name
        is `name`, or `prefix` with a time added to it, or made from both services. `start_date` is a datetime or ISO 8601, in UTC
        unless it says otherwise; a time that has passed means at once. `data` is the payload. The job is on disk when this
        returns, and is carried out at least once.
        """
        if service is not None and not isinstance(service, Invoking):
            target, name = service, name or target
        if not target:
            raise TypeError('onetime needs the service that is to be called: its name or its class')
        task = self._service._task(target, data)
        task.update(
            scheduled=True, name=_name(name, prefix, self._service.name, task['service']), environ=self._service._environ(None),
            delay_ms=round(_delay(start_date, after_seconds, after_minutes) * 1000))
        return self._service._enqueue(task)[0]


def _name(name: str, prefix: str, source: str, target: str) -> str:
    if name:
        return name
    now = datetime.now(timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%f')
    return f'{prefix or f"{source} -> {target}"} {now}'[:200]


def _delay(start_date: Any, after_seconds: float, after_minutes: float) -> float:
    """Seconds until a job is due."""
    if start_date and (after_seconds or after_minutes):
        raise ValueError('give either start_date, or after_seconds and after_minutes')
    if start_date:
        start = datetime.fromisoformat(start_date) if isinstance(start_date, str) else start_date
        if not isinstance(start, datetime):
            raise TypeError(f'start_date has to be a datetime or a text like 2030-01-31T12:00:00, not {start_date!r}')
        if start.tzinfo is None:
            start = start.replace(tzinfo=timezone.utc)
        delay = max(0.0, (start - datetime.now(timezone.utc)).total_seconds())
    else:
        delay = after_seconds + after_minutes * 60
    if not 0 <= delay <= _LONGEST_SECS:
        raise ValueError(f'a job has to be due within ten years from now, and not {delay!r} seconds from now')
    return delay
