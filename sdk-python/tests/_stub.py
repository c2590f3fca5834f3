"""Puts the SDK on the path and imports it, with its own stand-in for the native modules."""

from __future__ import annotations

import pathlib
import sys


def install() -> None:
    """Makes `import caisson` work."""
    root = str(pathlib.Path(__file__).resolve().parents[1])
    if root not in sys.path:
        sys.path.insert(0, root)
    import caisson  # noqa: F401  (imported for its effect)
