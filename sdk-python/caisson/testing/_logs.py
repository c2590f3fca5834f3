"""What services log, for tests to look at."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from caisson.testing._expect import listed, matches

__all__ = ['LogRecord', 'Logs']


@dataclass(frozen=True)
class LogRecord:
    """One record."""

    level: str
    """`debug`, `info`, `warning`, `error` or `critical`."""
    logger: str
    """Name of the logger; `self.logger` of a service has the service's."""
    message: str
    """The text with its values filled in."""

    def __str__(self) -> str:
        return f'{self.level:<8} {self.logger}: {self.message}'


class Logs(logging.Handler):
    """All records since the app was made, from the level `info` up unless a logger says otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[LogRecord] = []
        """In their order."""
        self._level_before: int | None = None

    def __iter__(self) -> Iterator[LogRecord]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def text(self) -> str:
        """All records, a line each."""
        return '\n'.join(map(str, self.records))

    def assert_logged(self, message: Any, level: str | None = None) -> None:
        """Some record has this in its message: a text, or a pattern of `re`."""
        for record in self.records:
            found = message in record.message if isinstance(message, str) else matches(message, record.message)
            if found and level in (None, record.level):
                return
        shown = f' at the level {level}' if level else ''
        raise AssertionError(f'nothing was logged like {message!r}{shown}; the log has:\n{listed(self.records or ["(nothing)"])}')

    def note(self, level: int, logger: str, message: str) -> None:
        """Adds a record."""
        self.records.append(LogRecord(logging.getLevelName(level).lower(), logger, message))

    def emit(self, record: logging.LogRecord) -> None:
        """Part of `logging.Handler`."""
        self.note(record.levelno, record.name, record.getMessage())

    def start(self) -> None:
        """Listens to all loggers."""
        root = logging.getLogger()
        if root.level > logging.INFO:
            self._level_before = root.level
            root.setLevel(logging.INFO)
        root.addHandler(self)

    def stop(self) -> None:
        """Listens no more."""
        root = logging.getLogger()
        root.removeHandler(self)
        if self._level_before is not None:
            root.setLevel(self._level_before)
            self._level_before = None
