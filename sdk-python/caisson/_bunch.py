"""Dictionaries whose keys are attributes as well."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

__all__ = ['Bunch', 'Message', 'ServiceInput', 'collect']


class Bunch(dict[Any, Any]):
    """A dict whose keys can be read and set as attributes; a key that is not there is an AttributeError."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f'No such key `{name}` among `{sorted(map(str, self))}`') from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(f'No such key `{name}`') from None


class ServiceInput(Bunch):
    """What a service was given: the fields of the body together with the parameters of the URL."""

    def deepcopy(self) -> ServiceInput:
        """A copy that shares nothing with this one."""
        return ServiceInput(copy.deepcopy(dict(self)))

    def require_any(self, *names: str) -> Any:
        """The first of these fields that has a value; a ValueError when none has."""
        for name in names:
            value = self.get(name)
            if value:
                return value
        raise ValueError(f'At least one of these is required: {", ".join(names)}')


class Message(dict[Any, Any]):
    """A free-form payload: an attribute that is read before it is set becomes a message of its own.

    `self.response.payload.customer.name = 'Ann'` answers `{"customer": {"name": "Ann"}}`.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            value = self[name] = Message()
            return value

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        self.pop(name, None)

    def __add__(self, other: Any) -> Any:
        # `payload += 'text'` before anything was assigned: the empty message gives way.
        return other if not self else NotImplemented

    def append(self, value: Any) -> None:
        """Not possible before a list was assigned."""
        raise TypeError('assign a list to self.response.payload before appending to it')


def collect(pairs: Iterable[tuple[str, Any]], found: Bunch) -> Bunch:
    """Puts pairs into `found`, and answers it; values of a name that is repeated are a list."""
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found
