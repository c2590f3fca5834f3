"""`self.metrics`: figures of a service, as records of its log.

The server's own metrics know services by name, calls, outcomes and times. What a service counts itself is written to the log,
a record for each figure, from which a collector makes metrics: `metric {"name": "orders", "kind": "counter", "value": 1}`,
logger `caisson.metrics`.
"""

from __future__ import annotations

import json
import logging
import time
from types import TracebackType
from typing import Any

__all__ = ['Metrics', 'Timer']

_log = logging.getLogger('caisson.metrics')


class Metrics:
    """Figures under a name; further keywords are labels."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def push(self, event: str, value: float = 1, **labels: Any) -> None:
        """A value at this moment, e.g. the length of a queue."""
        self._write(event, 'gauge', value, labels)

    def incr(self, event: str, n: float = 1, **labels: Any) -> None:
        """So many more of something."""
        self._write(event, 'counter', n, labels)

    def timer(self, event: str, **labels: Any) -> Timer:
        """A `with` block whose duration is written, in seconds."""
        return Timer(self, event, labels)

    def _write(self, event: str, kind: str, value: float, labels: dict[str, Any]) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f'self.metrics: the value of `{event}` must be a number, not {type(value).__name__}')
        facts = {'name': str(event), 'kind': kind, 'value': value, 'service': self._service.get_name(), **labels}
        _log.info('metric %s', json.dumps(facts, default=str))


class Timer:
    """Measures a block; `seconds` is its duration when it has ended."""

    def __init__(self, metrics: Metrics, event: str, labels: dict[str, Any]) -> None:
        self._metrics = metrics
        self._event = event
        self._labels = labels
        self._began = 0.0
        self.seconds = 0.0

    def __enter__(self) -> Timer:
        self._began = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.seconds = time.perf_counter() - self._began
        self._metrics._write(self._event, 'timer', self.seconds, self._labels)
