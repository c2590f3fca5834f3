"""Mends what the standard library expects of an operating system and the sandbox does not have."""

from __future__ import annotations

import io
import os
import time
from typing import Any, cast

import _caisson

__all__ = ['apply']


def apply() -> None:
    """Applies all of them. Called once, at boot."""
    _imports()
    _time()
    _modules()
    _json()
    _tables_and_trees()
    _signals()
    _zoneinfo()
    _uuid()
    _enum()
    _formats()
    _asyncio()


def _time() -> None:
    """The sandbox lives in UTC."""
    for name, value in {'tzname': ('UTC', 'UTC'), 'timezone': 0, 'altzone': 0, 'daylight': 0}.items():
        if not hasattr(time, name):
            setattr(time, name, value)
    from caisson import _strftime

    time.tzset = lambda: None
    time.strftime = _strftime.strftime
    time.gmtime = time.localtime = _gmtime(time.gmtime)
    # It asks the two what dates look like, once.
    import _strptime

    # Asked for by the warning about days without a year.
    _strptime.__file__ = '_strptime.py'
    for name in ('process_time', 'thread_time'):
        # The host measures processor time, and does not tell.
        setattr(time, name, time.perf_counter)
        setattr(time, f'{name}_ns', time.perf_counter_ns)


def _gmtime(original: Any) -> Any:
    """The interpreter counts the days of a week from Sunday, and Python from Monday."""
    if original(0).tm_wday == 3:
        return original

    def gmtime(secs: float | None = None, /) -> time.struct_time:
        when = tuple(original(secs))
        return time.struct_time((*when[:6], (when[6] - 1) % 7, when[7], 0, 'UTC', 0))

    gmtime.__doc__ = original.__doc__
    return gmtime


def _modules() -> None:
    """Threads before whatever starts one; the parser of XML before whatever imports it."""
    from caisson import _expat, _outside, _threads

    _threads.install()
    _expat.install()
    _outside.install()


def _json() -> None:
    """Plain calls of `loads` and `dumps` are answered by the interpreter itself; all others go to the original functions."""
    import json

    import caisson._runtime  # noqa: F401  (keeps the originals before they are replaced)

    json.loads, json.dumps = _caisson.loads, _caisson.dumps


def _tables_and_trees() -> None:
    """Rows of CSV and XML documents are made by the interpreter itself."""
    from caisson import _csv_rows, _etree

    _csv_rows.install()
    _etree.install()


def _signals() -> None:
    """There are no signals, but `asyncio.run` asks which handler SIGINT has."""
    import signal

    def default_int_handler(signum: int, frame: Any) -> None:
        raise KeyboardInterrupt

    for name, value in {'SIGINT': 2, 'SIGTERM': 15, 'default_int_handler': default_int_handler}.items():
        if not hasattr(signal, name):
            setattr(signal, name, value)


def _imports() -> None:
    """There is no file system to import from, and asking the host for files that cannot be there costs time; no arguments either. Packages
    that are in use elsewhere import `__main__` and a number of errors that WASI has not.
    """
    import errno
    import sys
    import types

    sys.modules.setdefault('__main__', types.ModuleType('__main__'))
    if not hasattr(errno, 'ESHUTDOWN'):
        setattr(errno, 'ESHUTDOWN', 108)
        cast('dict[int, str]', errno.errorcode)[108] = 'ESHUTDOWN'
    sys.path[:] = []
    # `argparse` names a program after it.
    sys.argv[:] = sys.argv or ['']
    sys.path_importer_cache.clear()
    sys.meta_path[:] = [finder for finder in sys.meta_path if getattr(finder, '__name__', '') != 'PathFinder']


def _zoneinfo() -> None:
    """Time zones come from the interpreter's own copy of the tz database."""
    import zoneinfo
    from zoneinfo import _common, _tzpath

    def load_tzdata(key: str) -> io.BytesIO:
        data = _caisson.tzdata(key)
        if data is None:
            raise zoneinfo.ZoneInfoNotFoundError(f'No time zone found with key {key}')
        return io.BytesIO(data)

    def available_timezones() -> set[str]:
        return set(_caisson.tznames())

    _common.load_tzdata = load_tzdata  # type: ignore[assignment]  # a stream is a stream
    _tzpath.available_timezones = zoneinfo.available_timezones = available_timezones


def _uuid() -> None:
    """`uuid1` keeps a node id for the life of a process; here it is drawn anew at every call, so that no two requests share it."""
    import uuid

    original = uuid.uuid1

    def uuid1(node: int | None = None, clock_seq: int | None = None) -> uuid.UUID:
        if node is None:
            # The bit that marks a node id as random (RFC 9562, 6.10).
            node = int.from_bytes(os.urandom(6), 'big') | (1 << 40)
        return original(node, clock_seq)

    uuid1.__doc__ = original.__doc__
    uuid.uuid1 = uuid1
    uuid.getnode = lambda: int.from_bytes(os.urandom(6), 'big') | (1 << 40)


def _enum() -> None:
    """Members are made by the constructor of their class, which the interpreter's `from_bytes` passes over."""
    import enum

    def from_bytes(cls: Any, bytes: Any, byteorder: Any = 'big', *, signed: bool = False) -> Any:
        return cls(int.from_bytes(bytes, byteorder, signed=signed))

    from_bytes.__doc__ = int.from_bytes.__doc__
    for kind in (enum.IntEnum, enum.IntFlag):
        setattr(kind, 'from_bytes', classmethod(from_bytes))


def _formats() -> None:
    """Addresses that are written as they came in, and compressed data."""
    from caisson import _compressed, _mail

    _mail.install()
    _compressed.install()


def _asyncio() -> None:
    """`asyncio` without sockets and threads."""
    try:
        from caisson import _event_loop, _tasks
    except ImportError:
        return
    _event_loop.install()
    _tasks.install()
