"""`Service` under the path from which services of Zato import it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from caisson import Service
from caisson._absent import module_getattr

if TYPE_CHECKING:
    from caisson._zato_http import RESTAdapter

__all__ = ['RESTAdapter', 'Service', 'dataclass']


def __getattr__(name: str) -> object:
    # Few services need it, and those that do not should not pay for it.
    if name == 'RESTAdapter':
        from caisson._zato_http import RESTAdapter
        return RESTAdapter
    return module_getattr(__name__)(name)
