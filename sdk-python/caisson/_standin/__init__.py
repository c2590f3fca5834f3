"""What stands in for the interpreter's native modules when the SDK runs under CPython.

`import caisson` installs it where `_caisson` is missing: the classes and functions have the names, the arguments and the answers of
`sdk-python/interpreter/src/`. What leads out of the process (a call of another service, a connection) answers that there is no host;
`caisson.testing` puts its own answers in their place.
"""

from __future__ import annotations

import sys
from types import ModuleType

from caisson._standin import _core, _systems

__all__ = ['install', 'is_standin']


def install() -> None:
    """Makes every native module importable that the running interpreter does not have."""
    made = {'_caisson': _core.module(), **_systems.modules()}
    for name, module in made.items():
        sys.modules.setdefault(name, module)


def is_standin(module: ModuleType) -> bool:
    """Whether a native module is the one of this package, and not the interpreter's own."""
    return bool(getattr(module, 'STANDIN', False))
