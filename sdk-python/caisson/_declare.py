"""What a service declares about its input and output."""

from __future__ import annotations

from typing import Any

__all__ = ['declaration_of']


def declaration_of(cls: type) -> Any:
    """What a class declares, None if it declares nothing."""
    return None
