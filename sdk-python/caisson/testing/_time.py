"""Time that stands still, and moves when the test or the service says so."""

from __future__ import annotations

import datetime as _datetime
import sys
import time as _time
from typing import Any

__all__ = ['Clock']

_REAL_DATETIME, _REAL_DATE = _datetime.datetime, _datetime.date
_UTC = _datetime.timezone.utc
_BUILTIN = type(_time.time)


class Clock:
    """A clock that shows the same time until it is moved. `time.sleep` moves it, and does not wait."""

    def __init__(self, start: str | float | _datetime.datetime) -> None:
        self._now = _seconds(start)
        self._began = self._now
        self._undo: list[tuple[Any, str, Any]] = []

    @property
    def now(self) -> _datetime.datetime:
        """What it shows, in UTC."""
        return _REAL_DATETIME.fromtimestamp(self._now, _UTC)

    def move(self, seconds: float) -> None:
        """Moves it on by so many seconds."""
        self._now += seconds

    def set(self, when: str | float | _datetime.datetime) -> None:
        """Sets it to a point in time: ISO 8601 (UTC unless it says otherwise), a datetime, or seconds since 1970."""
        self._now = _seconds(when)

    def start(self) -> None:
        """Puts it in place of the machine's clock, also in modules that have imported `datetime` or `time` by name."""
        own_datetime, own_date = _frozen(self)
        functions = {
            _time.time: lambda: self._now, _time.time_ns: lambda: round(self._now * 1e9), _time.sleep: self.move,
            _time.monotonic: lambda: self._now - self._began, _time.monotonic_ns: lambda: round((self._now - self._began) * 1e9),
        }
        for name, module in list(sys.modules.items()):
            if module is None or name.startswith(('caisson.testing', '_pydatetime', '_datetime', '_strptime')):
                continue
            for attribute, value in list(getattr(module, '__dict__', {}).items()):
                if value is _REAL_DATETIME or value is _REAL_DATE:
                    self._put(module, attribute, own_datetime if value is _REAL_DATETIME else own_date)
                elif type(value) is _BUILTIN and value in functions and _may(name):
                    self._put(module, attribute, functions[value])

    def stop(self) -> None:
        """Gives the machine's clock back."""
        while self._undo:
            module, attribute, value = self._undo.pop()
            setattr(module, attribute, value)

    def _put(self, module: Any, attribute: str, value: Any) -> None:
        self._undo.append((module, attribute, getattr(module, attribute)))
        setattr(module, attribute, value)


def _may(module: str) -> bool:
    """Test runners and threads keep their own time."""
    return module.split('.', 1)[0] not in ('threading', 'queue', 'selectors', 'unittest', 'pytest', '_pytest', 'pluggy', 'concurrent')


def _seconds(when: str | float | _datetime.datetime) -> float:
    if isinstance(when, (int, float)):
        return float(when)
    made = _REAL_DATETIME.fromisoformat(when) if isinstance(when, str) else when
    return (made if made.tzinfo is not None else made.replace(tzinfo=_UTC)).timestamp()


class _Stands(type):
    """Makes `isinstance(x, datetime)` true of real ones."""

    _real: type

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls._real)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls._real)


def _frozen(clock: Clock) -> tuple[type, type]:
    """`datetime` and `date` whose present is the clock's. What they make are real ones."""
    class datetime(_datetime.datetime, metaclass=_Stands):
        _real = _REAL_DATETIME

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return _REAL_DATETIME(*args, **kwargs)

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return clock.now.astimezone(tz) if tz is not None else _REAL_DATETIME.fromtimestamp(clock._now)

        @classmethod
        def utcnow(cls) -> Any:
            return clock.now.replace(tzinfo=None)

        @classmethod
        def today(cls) -> Any:
            return _REAL_DATETIME.fromtimestamp(clock._now)

    class date(_datetime.date, metaclass=_Stands):
        _real = _REAL_DATE

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return _REAL_DATE(*args, **kwargs)

        @classmethod
        def today(cls) -> Any:
            return _REAL_DATE.fromtimestamp(clock._now)

    return datetime, date
