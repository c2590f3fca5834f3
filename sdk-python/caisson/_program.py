"""The package that this interpreter has loaded: its name and its files, for whatever reads them later (configuration,
schemas).
"""

from __future__ import annotations

__all__ = ['NotDeployable', 'files', 'name', 'read', 'use']

files: dict[str, bytes] = {}
"""Contents by paths. Files of a package `crm` are below `crm/`, those that an operator gave it below `user-conf/`."""

name: str = ''
"""Name of the package."""


class NotDeployable(Exception):
    """A package cannot be deployed. `filename` and `lineno` say where the reason is, as far as that is known."""

    def __init__(self, message: str, filename: str | None = None, lineno: int | None = None) -> None:
        super().__init__(message)
        self.filename = filename
        self.lineno = lineno


def use(package: str, content: dict[str, bytes]) -> None:
    """Makes this the package; called once, before its modules are imported."""
    global name
    name = package
    files.clear()
    files.update(content)
    from caisson import _config

    _config.read_all()


def read(path: str, beside: str = '') -> bytes:
    """A file of the package by its path: from the root of the package, or beside the module whose file is `beside`.

    FileNotFoundError names the files that there are in place of it.
    """
    folder = beside.rpartition('/')[0]
    for candidate in (path, f'{name}/{path}', f'{folder}/{path}' if folder else path):
        if candidate in files:
            return files[candidate]
    from caisson._absent import nearest

    inside = [known.removeprefix(name + '/') for known in files]
    raise FileNotFoundError(2, f'no such file in the package `{name}`{nearest(path, inside)}', path)
