"""`time.strftime` as in the C locale, from what a `struct_time` says.

The interpreter's own computes the day of the week from the date instead of taking it, which `strptime` relies on for `%c`, and has
other forms of some directives.
"""

from __future__ import annotations

import calendar
import re
import time
from typing import Any, Callable

__all__ = ['strftime']

_DAYS = ('Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday')
_MONTHS = ('January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December')
# Flag, width, modifier and letter; a flag or a width is an extension of glibc that `strftime` has nearly everywhere.
_DIRECTIVE = re.compile(r'%([-_0^#]?)(\d{0,3})[EO]?(.)', re.DOTALL)
# C17, 7.27.3.5: what these are short for in the "C" locale.
_FORMS = {
    'c': '%a %b %e %H:%M:%S %Y', 'x': '%m/%d/%y', 'X': '%H:%M:%S', 'r': '%I:%M:%S %p', 'D': '%m/%d/%y', 'F': '%Y-%m-%d', 'R': '%H:%M',
    'T': '%H:%M:%S',
}
# Letter, its number, and how wide it is; negative for blanks in front.
_NUMBERS: dict[str, tuple[Callable[[Any], int], int]] = {
    'C': (lambda t: t[0] // 100, 2), 'd': (lambda t: t[2], 2), 'e': (lambda t: t[2], -2), 'g': (lambda t: _iso(t)[0] % 100, 2),
    'G': (lambda t: _iso(t)[0], 1), 'H': (lambda t: t[3], 2), 'I': (lambda t: t[3] % 12 or 12, 2), 'j': (lambda t: t[7], 3),
    'k': (lambda t: t[3], -2), 'l': (lambda t: t[3] % 12 or 12, -2), 'm': (lambda t: t[1], 2), 'M': (lambda t: t[4], 2),
    's': (lambda t: calendar.timegm(t), 1), 'S': (lambda t: t[5], 2), 'u': (lambda t: t[6] + 1, 1), 'U': (lambda t: (t[7] + 6 - (t[6] + 1) % 7) // 7, 2),
    'V': (lambda t: _iso(t)[1], 2), 'w': (lambda t: (t[6] + 1) % 7, 1), 'W': (lambda t: (t[7] + 6 - t[6]) // 7, 2), 'y': (lambda t: t[0] % 100, 2),
    'Y': (lambda t: t[0], 1),
}
_TEXTS: dict[str, Callable[[Any], str]] = {
    'a': lambda t: _DAYS[t[6]][:3], 'A': lambda t: _DAYS[t[6]], 'b': lambda t: _MONTHS[t[1] - 1][:3], 'h': lambda t: _MONTHS[t[1] - 1][:3],
    'B': lambda t: _MONTHS[t[1] - 1], 'n': lambda t: '\n', 't': lambda t: '\t', 'p': lambda t: 'PM' if t[3] >= 12 else 'AM',
    'P': lambda t: 'pm' if t[3] >= 12 else 'am', 'Z': lambda t: 'UTC', 'z': lambda t: '+0000', '%': lambda t: '%',
}
_BOUNDS = ((1, 'month', 1, 12), (2, 'day of month', 1, 31), (3, 'hour', 0, 23), (4, 'minute', 0, 59), (5, 'seconds', 0, 61),
           (7, 'day of year', 1, 366))


def strftime(format: str, t: Any = None, /) -> str:
    """strftime(format[, tuple]) -> string

    Text from a time: that of now, or a tuple of nine integers. Directives that C does not know stay as they are. Raises
    `ValueError` for a tuple whose numbers are out of range.
    """
    if not isinstance(format, str):
        raise TypeError(f'strftime() argument 1 must be str, not {type(format).__name__}')
    when = _checked(time.gmtime() if t is None else t)

    def directive(found: re.Match[str]) -> str:
        return _directive(found, when)

    return _DIRECTIVE.sub(directive, format)


def _directive(found: re.Match[str], when: list[int]) -> str:
    flag, width, letter = found.groups()
    if letter in _NUMBERS:
        number, places = _NUMBERS[letter]
        blank = '' if flag == '-' else ' ' if flag == '_' or (places < 0 and flag != '0') else '0'
        text, least = str(number(when)), int(width) if width else abs(places)
        if not blank:
            return text
        return text.zfill(least) if blank == '0' else text.rjust(least)
    if letter in _FORMS:
        text = _DIRECTIVE.sub(lambda inner: _directive(inner, when), _FORMS[letter])
    elif letter in _TEXTS:
        text = _TEXTS[letter](when)
    else:
        return found[0]
    return (text.upper() if flag == '^' else text).rjust(int(width or 0))


def _checked(t: Any) -> list[int]:
    """The nine numbers; a month, a day and a day of the year may be 0, which is the first."""
    if not isinstance(t, tuple) or len(t) < 9:
        raise TypeError('Tuple or struct_time argument required' if not isinstance(t, tuple) else 'strftime(): illegal time tuple argument')
    when = [int(part) for part in tuple(t)[:9]]
    for place in (1, 2, 7):
        when[place] = when[place] or 1
    for place, name, least, most in _BOUNDS:
        if not least <= when[place] <= most:
            raise ValueError(f'{name} out of range')
    if when[6] < -1:
        raise ValueError('day of week out of range')
    when[6] %= 7
    return when


def _iso(t: Any) -> tuple[int, int]:
    """Year and week of ISO 8601."""
    year, week = t[0], (t[7] - (t[6] + 1) + 10) // 7
    if week < 1:
        return year - 1, _weeks(year - 1)
    return (year + 1, 1) if week > _weeks(year) else (year, week)


def _weeks(year: int) -> int:
    def last_day(of: int) -> int:
        return (of + of // 4 - of // 100 + of // 400) % 7

    return 53 if last_day(year) == 4 or last_day(year - 1) == 3 else 52
