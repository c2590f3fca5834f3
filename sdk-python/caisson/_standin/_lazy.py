"""Parts of a message that are made when they are first asked for."""

from __future__ import annotations

from typing import Any, Callable

__all__ = ['ABSENT', 'Lazy', 'hook']

ABSENT: Any = object()
"""What was neither made nor assigned."""


class Lazy:
    """A value that is made once. When making it fails, nothing is kept."""

    def __init__(self) -> None:
        self.value: Any = ABSENT

    def get_or_make(self, make: Callable[[], Any]) -> Any:
        """The value, made by `make` the first time."""
        if self.value is ABSENT:
            made = make()
            self.value = made
        return self.value


def hook(name: str) -> Any:
    """The function of the SDK that the interpreter's Rust side calls by this name."""
    # Not imported above: the SDK imports this package before it has that module.
    from caisson import _runtime

    found = getattr(_runtime, name)
    return found
