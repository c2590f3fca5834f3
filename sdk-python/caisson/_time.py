"""`self.time`: points in time as text, with the formats of Zato (`YYYY-MM-DD HH:mm:ss`)."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Any

from caisson._absent import nearest

__all__ = ['Time', 'format_time', 'parse_time']

_TOKEN = re.compile(
    r'\[(?:\\.|[^\]])*\]|YYYY|YY|MMMM|MMM|MM|M|Do|DDDD|DDD|DD|D|dddd|ddd|d|HH|H|hh|h|mm|m|ss|s|S+|ZZZ|ZZ|Z|a|A|X|x|W'
)
_MONTHS = (
    'January',
    'February',
    'March',
    'April',
    'May',
    'June',
    'July',
    'August',
    'September',
    'October',
    'November',
    'December',
)
_DAYS = ('Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday')
_DATE_TIME = 'YYYY-MM-DD HH:mm:ss'
_DATE = 'YYYY-MM-DD'
_DELTAS = ('years', 'months', 'weeks', 'days', 'hours', 'minutes', 'seconds', 'microseconds')


class Time:
    """The time, now and relative to it. Zones are names (`Europe/Warsaw`), `local` and `UTC`; the sandbox lives in UTC, so
    these are the same.
    """

    def __init__(self, service: Any = None) -> None:
        self._service = service

    def now(self, format: str = _DATE_TIME, tz: Any = 'local', needs_format: bool = True, delta: Any = None) -> Any:
        """Now in a zone: text, or a datetime if `needs_format` is false. `delta` is a timedelta or a dict, `{'days': -1}`."""
        moment = datetime.now(_zone(tz))
        if delta is not None:
            moment = _shift(moment, delta)
        return format_time(moment, format) if needs_format else moment

    def utcnow(self, format: str = _DATE_TIME, needs_format: bool = True, delta: Any = None) -> Any:
        """Now in UTC."""
        return self.now(format, 'UTC', needs_format, delta)

    def today(self, format: str = _DATE, tz: Any = 'local', needs_format: bool = True) -> Any:
        """The date of today."""
        return self.now(format, tz, needs_format)

    def yesterday(self, format: str = _DATE, tz: Any = 'local', needs_format: bool = True) -> Any:
        """The date of yesterday."""
        return self.now(format, tz, needs_format, timedelta(days=-1))

    def tomorrow(self, format: str = _DATE, tz: Any = 'local', needs_format: bool = True) -> Any:
        """The date of tomorrow."""
        return self.now(format, tz, needs_format, timedelta(days=1))

    def isonow(self, tz: Any = 'local', needs_format: bool = True, delta: Any = None) -> Any:
        """Now in ISO 8601, without a zone."""
        moment = self.now(tz=tz, needs_format=False, delta=delta)
        return moment.replace(tzinfo=None).isoformat() if needs_format else moment

    def isoutcnow(self, needs_format: bool = True, delta: Any = None) -> Any:
        """Now in UTC in ISO 8601, without a zone."""
        return self.isonow('UTC', needs_format, delta)

    def utcnow_as_float(self) -> float:
        """Seconds since the Unix epoch."""
        return datetime.now(timezone.utc).timestamp()

    def one_day_from(self, date: Any, format: str = _DATE_TIME, needs_format: bool = True) -> Any:
        """A day after a datetime or its text."""
        return _later(date, timedelta(days=1), format, needs_format)

    def one_hour_from(self, date: Any, format: str = _DATE_TIME, needs_format: bool = True) -> Any:
        """An hour after a datetime or its text."""
        return _later(date, timedelta(hours=1), format, needs_format)

    def one_minute_from(self, date: Any, format: str = _DATE_TIME, needs_format: bool = True) -> Any:
        """A minute after a datetime or its text."""
        return _later(date, timedelta(minutes=1), format, needs_format)

    def reformat(self, value: str, from_: str, to: str) -> str:
        """Text of one format in another."""
        return format_time(parse_time(value, from_), to)


def _zone(tz: Any) -> tzinfo:
    if isinstance(tz, tzinfo):
        return tz
    if tz is None or tz in ('local', 'utc', 'UTC', 'Z'):
        return timezone.utc
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(tz)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, TypeError):
        raise ValueError(f'no time zone is named {tz!r}{nearest(str(tz), zoneinfo.available_timezones())}') from None


def _shift(moment: datetime, delta: Any) -> datetime:
    if isinstance(delta, timedelta):
        return moment + delta
    if not isinstance(delta, dict):
        raise TypeError(f'delta is a timedelta or a dict such as {{"days": 1}}, not {type(delta).__name__}')
    parts = dict(delta)
    for name in parts:
        if name not in _DELTAS:
            raise ValueError(f'delta has no `{name}`{nearest(name, _DELTAS)}')
    months = moment.month - 1 + 12 * parts.pop('years', 0) + parts.pop('months', 0)
    year, month = moment.year + months // 12, months % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return moment.replace(year=year, month=month, day=min(moment.day, last)) + timedelta(**parts)


def _later(value: Any, delta: timedelta, format: str, needs_format: bool) -> Any:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    moved = value + delta
    return format_time(moved, format) if needs_format else moved


def _offset(moment: datetime, between: str) -> str:
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    sign, minutes = '-' if seconds < 0 else '+', abs(seconds) // 60
    return f'{sign}{minutes // 60:02}{between}{minutes % 60:02}'


def _ordinal(day: int) -> str:
    ending = 'th' if 10 < day % 100 < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')
    return f'{day}{ending}'


def _token(token: str, moment: datetime) -> str:
    if token[0] == '[':
        return token[1:-1].replace('\\', '')
    if token[0] == 'S':
        return f'{moment.microsecond:06}'.ljust(len(token), '0')[: len(token)]
    hour = moment.hour % 12 or 12
    plain = {
        'YYYY': f'{moment.year:04}',
        'YY': f'{moment.year % 100:02}',
        'MMMM': _MONTHS[moment.month - 1],
        'MMM': _MONTHS[moment.month - 1][:3],
        'MM': f'{moment.month:02}',
        'M': str(moment.month),
        'DDDD': f'{moment.timetuple().tm_yday:03}',
        'DDD': str(moment.timetuple().tm_yday),
        'DD': f'{moment.day:02}',
        'D': str(moment.day),
        'Do': _ordinal(moment.day),
        'dddd': _DAYS[moment.weekday()],
        'ddd': _DAYS[moment.weekday()][:3],
        'd': str(moment.isoweekday()),
        'HH': f'{moment.hour:02}',
        'H': str(moment.hour),
        'hh': f'{hour:02}',
        'h': str(hour),
        'mm': f'{moment.minute:02}',
        'm': str(moment.minute),
        'ss': f'{moment.second:02}',
        's': str(moment.second),
        'ZZZ': moment.tzname() or '',
        'ZZ': _offset(moment, ':'),
        'Z': _offset(moment, ''),
        'a': 'am' if moment.hour < 12 else 'pm',
        'A': 'AM' if moment.hour < 12 else 'PM',
    }
    if token in plain:
        return plain[token]
    if token == 'W':
        year, week, day = moment.isocalendar()
        return f'{year}-W{week:02}-{day}'
    utc = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return str(int(utc.timestamp())) if token == 'X' else str(int(utc.timestamp() * 1_000_000))


def format_time(moment: datetime, format: str) -> str:
    """Text of a datetime; what is no token, or is in square brackets, stays."""
    # With a percent sign it is a format of `strftime`.
    return moment.strftime(format) if '%' in format else _TOKEN.sub(lambda match: _token(match[0], moment), format)


_READ = {
    'YYYY': r'(?P<year>\d{4})',
    'YY': r'(?P<short>\d\d)',
    'MM': r'(?P<month>\d\d)',
    'M': r'(?P<month>\d\d?)',
    'DD': r'(?P<day>\d\d)',
    'D': r'(?P<day>\d\d?)',
    'Do': r'(?P<day>\d\d?)(?:st|nd|rd|th)',
    'HH': r'(?P<hour>\d\d)',
    'H': r'(?P<hour>\d\d?)',
    'hh': r'(?P<hour>\d\d)',
    'h': r'(?P<hour>\d\d?)',
    'mm': r'(?P<minute>\d\d)',
    'm': r'(?P<minute>\d\d?)',
    'ss': r'(?P<second>\d\d)',
    's': r'(?P<second>\d\d?)',
    'ZZ': r'(?P<zone>Z|[+-]\d\d:?\d\d)',
    'Z': r'(?P<zone>Z|[+-]\d\d:?\d\d)',
    'a': r'(?P<half>[aApP][mM])',
    'A': r'(?P<half>[aApP][mM])',
    'X': r'(?P<epoch>\d+(?:\.\d+)?)',
    'dddd': r'[A-Za-z]+',
    'ddd': r'[A-Za-z]{3}',
    'MMMM': r'(?P<name>[A-Za-z]+)',
    'MMM': r'(?P<name>[A-Za-z]{3})',
}


def _pattern(format: str) -> str:
    parts, end = [], 0
    for match in _TOKEN.finditer(format):
        token = match[0]
        parts.append(re.escape(format[end : match.start()]))
        end = match.end()
        if token[0] == '[':
            parts.append(re.escape(token[1:-1].replace('\\', '')))
        elif token[0] == 'S':
            parts.append(r'(?P<fraction>\d+)')
        elif token in _READ:
            parts.append(_READ[token])
        else:
            raise ValueError(f'the token {token} cannot be read, only written')
    return ''.join(parts) + re.escape(format[end:])


def parse_time(value: str, format: str) -> datetime:
    """The datetime of a text; a ValueError names both if they do not fit."""
    if '%' in format:
        return datetime.strptime(value, format)
    found = re.fullmatch(_pattern(format), value.strip())
    if found is None:
        raise ValueError(f'{value!r} is no time of the format {format!r}')
    parts = {name: text for name, text in found.groupdict().items() if text is not None}
    if 'epoch' in parts:
        return datetime.fromtimestamp(float(parts['epoch']), timezone.utc)
    month = int(parts.get('month', 1))
    if 'name' in parts:
        names = [name.lower()[: len(parts['name'])] for name in _MONTHS]
        if parts['name'].lower() not in names:
            raise ValueError(f'{parts["name"]!r} is the name of no month')
        month = names.index(parts['name'].lower()) + 1
    hour = int(parts.get('hour', 0))
    if 'half' in parts:
        hour = hour % 12 + (12 if parts['half'].lower() == 'pm' else 0)
    year = int(parts.get('year', 1))
    if 'short' in parts:
        # As in POSIX: 69 to 99 are of the last century.
        year = int(parts['short']) + (1900 if int(parts['short']) > 68 else 2000)
    moment = datetime(
        year,
        month,
        int(parts.get('day', 1)),
        hour,
        int(parts.get('minute', 0)),
        int(parts.get('second', 0)),
        int(parts.get('fraction', '0').ljust(6, '0')[:6]),
    )
    zone = parts.get('zone')
    return moment if zone is None else moment.replace(tzinfo=_fixed(zone))


def _fixed(zone: str) -> timezone:
    if zone == 'Z':
        return timezone.utc
    digits = zone[1:].replace(':', '')
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if zone[0] == '-' else offset)
