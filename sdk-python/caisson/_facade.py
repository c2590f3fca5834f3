"""Attributes of a service that lead out: each imports what it needs when a service first uses it."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ['Facade']


class Facade:
    """An attribute that is made by `module.make(service)` at first use, and kept for the rest of the message."""

    def __init__(self, module: str, make: str) -> None:
        self._module = module
        self._make = make
        self._name = ''

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, service: Any, owner: type | None = None) -> Any:
        if service is None:
            return self
        made = getattr(importlib.import_module(self._module), self._make)(service)
        service.__dict__[self._name] = made
        return made
