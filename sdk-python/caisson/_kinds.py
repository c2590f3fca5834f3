"""What a single value of an input may be, and what it becomes.

| kind | accepts | becomes |
|---|---|---|
| any | everything | itself |
| text (in models) | text | itself |
| text (`Text`, names in the dialect of 3.2) | text, numbers | text |
| integer | integers, numbers without a fraction up to 2**53, text of digits | `int` |
| number | finite numbers, text of one | `float` |
| boolean | true, false, 1, 0, and the texts true/false, yes/no, y/n, t/f, on/off, 1/0 in any case | `bool` |
| decimal | finite numbers, text of one, at most 1,000 digits and within 10**6144 | `decimal.Decimal` |
| date | `2024-01-31` | `datetime.date` |
| time | `13:30`, `13:30:15.5` | `datetime.time` |
| date-time | ISO 8601; a date alone is its midnight, a zone is kept, none stays none | `datetime.datetime` |
| UTC | as date-time; without a zone it is taken as UTC, else converted | `datetime.datetime` in UTC |
| UUID | text, with or without dashes | `uuid.UUID` |
| CSV | a line of values, or a list | `list` of text |

Text with a lone surrogate is refused everywhere, as it could never be sent on. A boolean is no number, and a number that is no 1 or
0 is no boolean. What is already of the Python type (in `from_dict`) is accepted as it is.
"""

from __future__ import annotations

import decimal
import re
from typing import Any

from caisson._problems import BAD, Problems

__all__ = ['NUMBER', 'AnyKind', 'BoolKind', 'FloatKind', 'IntKind', 'Kind', 'OpaqueKind', 'Refused', 'StrKind', 'TextKind']

_DIGITS = re.compile(r'[+-]?[0-9]{1,4000}')
NUMBER = re.compile(r'[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?')
_EXACT_FLOAT = 2 ** 53
_TRUE = frozenset(('true', 't', 'yes', 'y', 'on', '1'))
_FALSE = frozenset(('false', 'f', 'no', 'n', 'off', '0'))


class Refused(ValueError):
    """A value is not what it should be; the text says why, if there is more to say than what is wanted."""


class Kind:
    """What a value may be."""

    wanted = 'a value'
    """What an error says is wanted."""
    zero: Any = None
    """What an optional element without a value and without a default becomes in a model."""
    takes_null = False
    takes_empty = False
    """Whether an empty text is a value; where it is none, it counts as missing for an optional element."""

    def convert(self, value: Any) -> Any:
        """The value as the service sees it. Raises ValueError, TypeError or ArithmeticError."""
        return value

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        """The value as the service sees it, or BAD when there are new problems."""
        try:
            return self.convert(value)
        except Refused as error:
            return problems.wrong(path, self.wanted, value, str(error))
        except (ValueError, TypeError, ArithmeticError):
            return problems.wrong(path, self.wanted, value)

    def dump(self, value: Any) -> Any:
        """The value as an output has it. What does not fit stays as it is: the service knows better what it means to say."""
        return value

    def schema(self, document: Any) -> dict[str, Any]:
        """Its JSON Schema."""
        return {}

    def native(self) -> Any:
        """What the native reader is told: a code, or None where it has to ask `convert`."""
        return None

    def native_text(self) -> tuple[Any, ...] | None:
        """For a value that is a text in JSON: what the native reader calls its usual spelling, and what makes the value of it. Other
        spellings are `convert`'s.
        """
        return None


class AnyKind(Kind):
    """Any value but null: an element of which no more is known than its name."""

    takes_empty = True

    def native(self) -> Any:
        return 'any'


class OpaqueKind(AnyKind):
    """Any value, null as well."""

    takes_null = True


class StrKind(Kind):
    """Text and nothing else."""

    wanted = 'text'
    zero = ''
    takes_empty = True

    def convert(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise Refused
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise Refused('half of a surrogate pair') from None
        return value

    def schema(self, document: Any) -> dict[str, Any]:
        return {'type': 'string'}

    def native(self) -> Any:
        return 'str'


class TextKind(StrKind):
    """Text; a number becomes its text."""

    def convert(self, value: Any) -> Any:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if value != value or value in (float('inf'), float('-inf')):
                raise Refused('no finite number')
            return repr(value)
        return super().convert(value)

    def dump(self, value: Any) -> Any:
        return repr(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


class IntKind(Kind):
    """A whole number."""

    wanted = 'an integer'
    zero = 0

    def convert(self, value: Any) -> Any:
        if isinstance(value, bool):
            raise Refused
        if isinstance(value, int):
            return value
        if isinstance(value, float):
            if value != value or abs(value) > _EXACT_FLOAT or value != int(value):
                raise Refused
            return int(value)
        if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
            return int(value)
        raise Refused

    def dump(self, value: Any) -> Any:
        return _or_as_it_is(self, value)

    def schema(self, document: Any) -> dict[str, Any]:
        return {'type': 'integer'}

    def native(self) -> Any:
        return 'int'


class FloatKind(Kind):
    """A finite number."""

    wanted = 'a number'
    zero = 0.0

    def convert(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float, str, decimal.Decimal)):
            raise Refused
        if isinstance(value, str) and not NUMBER.fullmatch(value.strip()):
            raise Refused
        number = float(value)
        if number != number or number in (float('inf'), float('-inf')):
            raise Refused('no finite number')
        return number

    def dump(self, value: Any) -> Any:
        return _or_as_it_is(self, value) if isinstance(value, str) else value

    def schema(self, document: Any) -> dict[str, Any]:
        return {'type': 'number'}

    def native(self) -> Any:
        return 'float'


class BoolKind(Kind):
    """True or false."""

    wanted = 'a boolean'
    zero = False

    def convert(self, value: Any) -> Any:
        if isinstance(value, bool):
            return value
        if isinstance(value, (int, float)) and value in (0, 1):
            return bool(value)
        if isinstance(value, str):
            text = value.strip().lower()
            if text in _TRUE or text in _FALSE:
                return text in _TRUE
        raise Refused

    def dump(self, value: Any) -> Any:
        return _or_as_it_is(self, value)

    def schema(self, document: Any) -> dict[str, Any]:
        return {'type': 'boolean'}

    def native(self) -> Any:
        return 'bool'


def _or_as_it_is(kind: Kind, value: Any) -> Any:
    if value is None:
        return None
    read = kind.read(value, '', Problems())
    return value if read is BAD else read
