"""What a single value of an input may be beyond JSON's own types: exact numbers, times, UUIDs, lines of values, one of several.

The table of them all is in `_kinds`.
"""

from __future__ import annotations

import datetime
import decimal
import re
import uuid
from typing import Any

from caisson._kinds import NUMBER, Kind, Refused, StrKind, TextKind

__all__ = [
    'CsvKind', 'DateKind', 'DateTimeKind', 'DecimalKind', 'EnumKind', 'InstanceKind', 'LiteralKind', 'TimeKind', 'UtcKind', 'UuidKind',
]

_DATE = re.compile(r'[0-9]{4}-[0-9]{2}-[0-9]{2}')
_TIME = re.compile(r'([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,6})?)?)[0-9]*(Z|z|[+-][0-9]{2}:?[0-9]{2})?')
_UUID = re.compile(r'[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{12}')
_MOST_DIGITS = 1_000
_LARGEST_EXPONENT = 6_144


class DecimalKind(Kind):
    """An exact number."""

    wanted = 'a decimal number'

    def convert(self, value: Any) -> Any:
        if isinstance(value, decimal.Decimal):
            number = value
        elif isinstance(value, str):
            text = value.strip()
            if len(text) > _MOST_DIGITS or not NUMBER.fullmatch(text):
                raise Refused
            number = decimal.Decimal(text)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            number = decimal.Decimal(repr(value))
        else:
            raise Refused
        if not number.is_finite():
            raise Refused('no finite number')
        if number and abs(number.adjusted()) > _LARGEST_EXPONENT or len(number.as_tuple().digits) > _MOST_DIGITS:
            raise Refused('out of range')
        return number

    def schema(self, document: Any) -> dict[str, Any]:
        return {'type': ['string', 'number'], 'format': 'decimal'}

    def native_text(self) -> tuple[Any, ...]:
        return 'decimal', decimal.Decimal


class DateKind(Kind):
    """A day."""

    wanted = 'a date such as 2024-01-31'

    def convert(self, value: Any) -> Any:
        if isinstance(value, datetime.datetime):
            raise Refused
        if isinstance(value, datetime.date):
            return value
        if isinstance(value, str) and _DATE.fullmatch(value.strip()):
            return datetime.date.fromisoformat(value.strip())
        raise Refused

    def schema(self, document: Any) -> dict[str, Any]:
        return {'type': 'string', 'format': 'date'}

    def native_text(self) -> tuple[Any, ...]:
        return 'date', datetime.date.fromisoformat


class TimeKind(Kind):
    """A time of day."""

    wanted = 'a time such as 13:30:15'

    def convert(self, value: Any) -> Any:
        if isinstance(value, datetime.time):
            return value
        if isinstance(value, str):
            return datetime.time.fromisoformat(_time(value.strip()))
        raise Refused

    def schema(self, document: Any) -> dict[str, Any]:
        return {'type': 'string', 'format': 'time'}

    def native_text(self) -> tuple[Any, ...]:
        return 'time', datetime.time.fromisoformat


class DateTimeKind(Kind):
    """A point in time."""

    wanted = 'a date-time such as 2024-01-31T13:30:15Z'

    def convert(self, value: Any) -> Any:
        if isinstance(value, datetime.datetime):
            return value
        if not isinstance(value, str):
            raise Refused
        text = value.strip()
        if not _DATE.match(text):
            raise Refused
        if len(text) == 10:
            return datetime.datetime.fromisoformat(text + 'T00:00:00')
        if text[10] not in 'Tt ':
            raise Refused
        return datetime.datetime.fromisoformat(f'{text[:10]}T{_time(text[11:])}')

    def schema(self, document: Any) -> dict[str, Any]:
        return {'type': 'string', 'format': 'date-time'}

    def native_text(self) -> tuple[Any, ...] | None:
        return 'date-time', datetime.datetime.fromisoformat


class UtcKind(DateTimeKind):
    """A point in time, in UTC."""

    def convert(self, value: Any) -> Any:
        moment = super().convert(value)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=datetime.timezone.utc)
        return moment.astimezone(datetime.timezone.utc)

    def native_text(self) -> tuple[Any, ...] | None:
        return None


class UuidKind(Kind):
    """A UUID."""

    wanted = 'a UUID'

    def convert(self, value: Any) -> Any:
        if isinstance(value, uuid.UUID):
            return value
        if isinstance(value, str) and _UUID.fullmatch(value.strip()):
            return uuid.UUID(value.strip())
        raise Refused

    def schema(self, document: Any) -> dict[str, Any]:
        return {'type': 'string', 'format': 'uuid'}

    def native_text(self) -> tuple[Any, ...]:
        return 'uuid', uuid.UUID, uuid.SafeUUID.unknown


class CsvKind(Kind):
    """A line of values. `settings` are arguments of `csv.reader`."""

    wanted = 'comma-separated values'

    def __init__(self, settings: dict[str, Any] | None = None) -> None:
        self._settings = settings or {}

    def convert(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [TextKind().convert(item) for item in value]
        if not isinstance(value, str) or '\n' in value or '\r' in value:
            raise Refused
        StrKind().convert(value)
        import csv
        try:
            return next(csv.reader([value], **self._settings), [])
        except csv.Error as error:
            raise Refused(str(error)) from None

    def dump(self, value: Any) -> Any:
        if not isinstance(value, (list, tuple, set, frozenset)):
            return value
        import csv
        import io
        line = io.StringIO()
        csv.writer(line, lineterminator='', **self._settings).writerow(value)
        return line.getvalue()

    def schema(self, document: Any) -> dict[str, Any]:
        return {'type': 'string', 'format': 'csv'}


class EnumKind(Kind):
    """A member of an enumeration, by its value."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls
        self._by_value = {_exactly(member.value): member for member in cls}
        self.wanted = 'one of ' + ', '.join(repr(member.value) for member in cls)

    def convert(self, value: Any) -> Any:
        if isinstance(value, self.cls):
            return value
        try:
            return self._by_value[_exactly(value)]
        except KeyError:
            raise Refused from None

    def dump(self, value: Any) -> Any:
        return value.value if isinstance(value, self.cls) else value

    def schema(self, document: Any) -> dict[str, Any]:
        return {'enum': [member.value for member in self.cls]}


class LiteralKind(Kind):
    """One of several values."""

    def __init__(self, values: tuple[Any, ...]) -> None:
        self._values = {_exactly(value) for value in values}
        self._all = values
        self.takes_null = None in values
        self.takes_empty = '' in values
        self.wanted = 'one of ' + ', '.join(repr(value) for value in values)

    def convert(self, value: Any) -> Any:
        if _exactly(value) not in self._values:
            raise Refused
        return value

    def schema(self, document: Any) -> dict[str, Any]:
        return {'enum': list(self._all)}


class InstanceKind(Kind):
    """An object of a class that no JSON can give; only code can set it."""

    def __init__(self, cls: type) -> None:
        self._cls = cls
        self.wanted = f'an object of {cls.__qualname__}'

    def convert(self, value: Any) -> Any:
        if isinstance(value, self._cls):
            return value
        raise Refused


def _time(text: str) -> str:
    """A time of ISO 8601 in the form that `fromisoformat` reads in every version of Python."""
    found = _TIME.fullmatch(text)
    if not found:
        raise Refused
    clock, _, fraction = found[1].replace(',', '.').partition('.')
    if fraction:
        clock = f'{clock}.{fraction:0<6}'
    zone = found[2] or ''
    if zone in ('Z', 'z'):
        zone = '+00:00'
    elif zone and ':' not in zone:
        zone = f'{zone[:3]}:{zone[3:]}'
    return clock + zone


def _exactly(value: Any) -> Any:
    """A key that tells True from 1 and 1 from 1.0."""
    try:
        hash(value)
    except TypeError:
        raise Refused from None
    return type(value), value
