"""Puts the interpreter's own code for rows into `csv.DictReader` and `csv.DictWriter`, and mends the functions below them."""

from __future__ import annotations

# Functions of the standard library are replaced.
# pyright: reportAttributeAccessIssue=false

import csv
import functools
import types
from typing import Any, Iterable

import _caisson_csv

__all__ = ['install', 'without_none']

_original_row = csv.DictWriter._dict_to_list


class DictReader(_caisson_csv.DictRows):
    """Rows of a CSV file as dicts, as `csv.DictReader` of CPython gives them.

    `f`: an iterable of lines. `fieldnames`: names of the columns; taken from the first row when missing. `restkey`: the key for
    what a row has too many; `restval`: the value for what it has too few. All else goes to `csv.reader`.
    """

    def __init__(
        self, f: Iterable[str], fieldnames: Iterable[Any] | None = None, restkey: Any = None, restval: Any = None,
        dialect: Any = 'excel', *args: Any, **kwds: Any,
    ) -> None:
        if fieldnames is not None and iter(fieldnames) is fieldnames:
            fieldnames = list(fieldnames)
        self._fieldnames = fieldnames
        self.restkey = restkey
        self.restval = restval
        self.reader = csv.reader(f, dialect, *args, **kwds)
        self.dialect = dialect
        self.line_num = 0

    __class_getitem__: Any = classmethod(types.GenericAlias)


def _dict_to_list(self: csv.DictWriter[Any], rowdict: Any) -> Iterable[Any]:
    """The values of a row in the order of the columns; the original function has the last word on what is wrong with it."""
    row = _caisson_csv.row_of(rowdict, self.fieldnames, self.restval, self.extrasaction == 'raise')
    return _original_row(self, rowdict) if row is None else row


def without_none(function: Any) -> Any:
    """A function of `csv` for which `dialect=None` is the same as no dialect, as it is for CPython's."""

    @functools.wraps(function)
    def call(first: Any, /, *rest: Any, **options: Any) -> Any:
        if 'dialect' not in options:
            rest = rest[1:] if rest and rest[0] is None else rest
        elif options['dialect'] is None and not rest:
            del options['dialect']
        return function(first, *rest, **options)

    return call


def install() -> None:
    """Called once, at boot."""
    csv.reader, csv.writer, csv.register_dialect = map(without_none, (csv.reader, csv.writer, csv.register_dialect))
    DictReader.__module__ = 'csv'
    csv.DictReader = DictReader
    csv.DictWriter._dict_to_list = _dict_to_list
