"""The module `_caisson` in Python."""

from __future__ import annotations

import json
import logging
import sys
from types import ModuleType
from typing import Any

from caisson._standin._answer import answer_of
from caisson._standin._channel import Channel, ChannelSecurity
from caisson._standin._http import Http
from caisson._standin._request import Request
from caisson._standin._response import Response
from caisson._standin._service import ServiceBase
from caisson._standin._systems import NO_HOST

__all__ = ['module']

def module() -> ModuleType:
    """A new module with all that the interpreter's has."""
    made = ModuleType('_caisson', 'Stands in for the native module of the interpreter.')
    made.__dict__.update(
        STANDIN=True, ServiceBase=ServiceBase, Request=Request, Response=Response, Http=Http, Channel=Channel,
        ChannelSecurity=ChannelSecurity, log=log, print_to=print_to, settle=settle, flush=flush, invoke=invoke, tzdata=tzdata,
        tznames=tznames, loads=json.loads, dumps=json.dumps, answer_of=answer_of,
    )
    return made


def log(level: int, logger: str, message: str) -> None:
    """One record. Levels are those of `logging`."""
    logging.getLogger(logger or 'caisson').log(level, '%s', message)


def print_to(stream: int, text: str) -> None:
    """Text for `sys.stdout` (1) or `sys.stderr` (2)."""
    out = sys.__stderr__ if stream == 2 else sys.__stdout__
    if out is not None:
        out.write(text)


def settle(what: str, delay_ms: int | None = None) -> None:
    """What becomes of the message that is answered. Outside of a test nobody asks."""
    if what not in ('acknowledge', 'retry', 'reject'):
        raise ValueError(f'a message cannot be settled by "{what}"')


def flush() -> None:
    """Logs what was printed without a line end. Here nothing is held back."""


def invoke(service: str, content_type: str | None, body: bytes, method: str | None = None) -> tuple[Any, ...]:
    """Calls another service; there is none."""
    return False, 'unavailable', 503, f'The service {service} cannot be called: {NO_HOST}', False, []


def tzdata(key: str) -> bytes | None:
    """The TZif data of a time zone as this machine has it, or None."""
    from zoneinfo import ZoneInfoNotFoundError, _common

    try:
        with _common.load_tzdata(key) as file:
            data: bytes = file.read()
            return data
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def tznames() -> list[str]:
    """The names of all time zones that this machine has."""
    from zoneinfo import available_timezones

    return sorted(available_timezones())
