"""Services without an interpreter: loading a package, and an object that stands for `self`."""

from __future__ import annotations

import sys
import types
from typing import Any

from tests import _stub

_stub.install()

from caisson._bunch import Bunch, Message  # noqa: E402
from caisson._loader import ProgramImporter, load_program  # noqa: E402

__all__ = ['forget', 'load', 'message']


def load(source: str, package: str = 'probe', **files: str) -> dict[str, Any]:
    """Loads a package of one module (and further files by their paths), and returns the facts of its services by their names."""
    content = {f'{package}/api.py': source.encode()}
    content.update((path.replace('__', '/'), text.encode()) for path, text in files.items())
    return {fact.name.rpartition('.')[2]: fact for fact in load_program(content, package)}


def forget(package: str = 'probe') -> None:
    """Undoes what loading has done to this interpreter."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, ProgramImporter)]
    for name in [name for name in sys.modules if name.partition('.')[0] == package]:
        del sys.modules[name]


def message(cls: type, payload: Any = '', channel: str = 'invoke', **properties: str) -> Any:
    """An object of a service's class with a message."""
    # Where these are properties of the base, they are plain attributes of this one.
    settable = type(cls.__name__, (cls,), {'request': None, 'response': None, 'channel': None, '__module__': cls.__module__})
    service = settable.__new__(settable)
    service.request = types.SimpleNamespace(
        payload=payload,
        soap=None,
        http=types.SimpleNamespace(method=''),
        message=types.SimpleNamespace(properties=Bunch(properties)),
    )
    service.response = types.SimpleNamespace(payload=Message(), status_code=200, headers={})
    service.channel = types.SimpleNamespace(type=channel, name='probe', data_format=None)
    return service
