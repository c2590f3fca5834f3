"""`sys.stdout`, `sys.stderr` and `logging`, all of which end in the host's log."""

from __future__ import annotations

import io
import logging
import sys
from typing import Any

import _caisson

__all__ = ['HostHandler', 'LogStream']


class LogStream(io.TextIOBase):
    """A text stream whose lines are records of the host's log."""

    encoding = 'utf-8'
    errors = 'backslashreplace'

    def __init__(self, number: int, name: str) -> None:
        self._number = number
        self.name = name
        self.mode = 'w'

    def write(self, text: str) -> int:
        """Adds text; every line that it completes is logged."""
        _caisson.print_to(self._number, text)
        return len(text)

    def writable(self) -> bool:
        """Always true."""
        return True

    def isatty(self) -> bool:
        """Never."""
        return False

    def flush(self) -> None:
        """Does nothing: a line is logged when it is complete, or when the request ends."""

    def close(self) -> None:
        """Does nothing: the stream belongs to the interpreter."""

    @property
    def buffer(self) -> io.RawIOBase:
        """The same stream for bytes."""
        return _BytesStream(self)


class _BytesStream(io.RawIOBase):
    def __init__(self, text: LogStream) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._text.write(bytes(data).decode('utf-8', 'replace'))
        return len(data)


class HostHandler(logging.Handler):
    """Hands the records of `logging` to the host's log, which adds time, correlation id and service."""

    def __init__(self) -> None:
        super().__init__()
        self._exceptions = logging.Formatter()

    def handle(self, record: logging.LogRecord) -> Any:
        """As in the base class, but without a lock: there is one thread."""
        if self.filters:
            passed = self.filter(record)
            if not passed:
                return False
            if isinstance(passed, logging.LogRecord):
                record = passed
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record; the text of an exception follows the message."""
        try:
            if self.formatter is not None:
                message = self.formatter.format(record)
            else:
                message = record.getMessage()
                if record.exc_info or record.exc_text or record.stack_info:
                    message = self._with_exception(message, record)
            _caisson.log(record.levelno, record.name, message)
        except Exception:
            self.handleError(record)

    def _with_exception(self, message: str, record: logging.LogRecord) -> str:
        parts = [message]
        if record.exc_info:
            parts.append(self._exceptions.formatException(record.exc_info))
        elif record.exc_text:
            parts.append(record.exc_text)
        if record.stack_info:
            parts.append(str(record.stack_info))
        return '\n'.join(parts)


def _install() -> None:
    streams: Any = sys
    streams.stdout = streams.__stdout__ = LogStream(1, '<stdout>')
    streams.stderr = streams.__stderr__ = LogStream(2, '<stderr>')
    streams.stdin = streams.__stdin__ = io.StringIO()
    # Facts that no record needs, each of which costs time in every record.
    logging.logThreads = False
    logging.logProcesses = False
    logging.logMultiprocessing = False
    logging.logAsyncioTasks = False  # type: ignore[attr-defined]  # since 3.12
    logging._srcfile = None
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(HostHandler())


if not getattr(_caisson, 'STANDIN', False):
    # Under CPython the streams and the log belong to whoever runs the program.
    _install()
