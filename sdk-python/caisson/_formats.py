"""Formats of text that JSON Schema names: for each a test."""

from __future__ import annotations

import datetime
import re
from typing import Callable

__all__ = ['FORMATS']

_EMAIL = re.compile(r"[^@\s]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_UUID = re.compile(r'[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}')
_DATE = re.compile(r'\d{4}-\d\d-\d\d')
_TIME = re.compile(r'\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)')


def _date(text: str) -> bool:
    try:
        return bool(_DATE.fullmatch(text)) and bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


def _time(text: str) -> bool:
    return bool(_TIME.fullmatch(text)) and int(text[:2]) < 24 and int(text[3:5]) < 60 and int(text[6:8]) < 61


def _date_time(text: str) -> bool:
    return len(text) > 11 and text[10] in 'Tt' and _date(text[:10]) and _time(text[11:])


def _address(version: int) -> Callable[[str], bool]:
    def test(text: str) -> bool:
        import ipaddress

        try:
            return ipaddress.ip_address(text).version == version
        except ValueError:
            return False

    return test


FORMATS: dict[str, Callable[[str], bool]] = {
    'date': _date,
    'time': _time,
    'date-time': _date_time,
    'ipv4': _address(4),
    'ipv6': _address(6),
    'email': lambda text: bool(_EMAIL.fullmatch(text)),
    'uuid': lambda text: bool(_UUID.fullmatch(text)),
}
"""Tests by the names of formats."""
