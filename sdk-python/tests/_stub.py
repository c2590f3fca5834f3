"""A stand-in for the native module, enough to import the package under CPython."""

from __future__ import annotations

import pathlib
import sys
import types


class ServiceBase:
    """Stands for the native base of services."""

    cid = 'cid'


def install() -> None:
    """Makes `import caisson` work."""
    if '_caisson' not in sys.modules:
        stub = types.ModuleType('_caisson')
        stub.ServiceBase = ServiceBase
        stub.print_to = lambda stream, text: None
        stub.log = lambda level, logger, message: None
        sys.modules['_caisson'] = stub
    root = str(pathlib.Path(__file__).resolve().parents[1])
    if root not in sys.path:
        sys.path.insert(0, root)
