"""`Service` under the path from which services of Zato import it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from caisson import Service
from caisson._absent import module_getattr
from caisson._elements import (
    CSV, UTC, UUID, AsIs, Bool, Boolean, Date, DateTime, Decimal, Dict, DictList, Float, ForceType, Int, Integer, List, ListOfDicts,
    Nested, Opaque, Text, Unicode,
)
from caisson._model import Model

if TYPE_CHECKING:
    from caisson._zato_http import RESTAdapter

__all__ = [
    'AsIs', 'Bool', 'Boolean', 'CSV', 'Date', 'DateTime', 'Decimal', 'Dict', 'DictList', 'Float', 'ForceType', 'Int', 'Integer', 'List',
    'ListOfDicts', 'Model', 'Nested', 'Opaque', 'RESTAdapter', 'Service', 'Text', 'UTC', 'UUID', 'Unicode', 'dataclass',
]


def __getattr__(name: str) -> object:
    # Few services need it, and those that do not should not pay for it.
    if name == 'RESTAdapter':
        from caisson._zato_http import RESTAdapter
        return RESTAdapter
    return module_getattr(__name__)(name)
