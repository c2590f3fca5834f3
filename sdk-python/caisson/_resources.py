"""Data files of a package, for `importlib.resources`, and what its wheels say of themselves, for `importlib.metadata`.

Imported when a package asks for one of them, since most do not. The files are in memory: `importlib.resources.as_file`, which
wants a file system, is of no use here.
"""

from __future__ import annotations

import importlib.metadata
import io
import posixpath
import re
from importlib.resources.abc import Traversable, TraversableResources
from typing import Any, Iterator

__all__ = ['Reader', 'distributions']

_INFO = re.compile(r'[^/]+\.dist-info/METADATA')


class Reader(TraversableResources):
    """What `importlib.resources` asks for the files of a module's folder."""

    def __init__(self, files: dict[str, bytes], folder: str) -> None:
        self._root = Resource(files, folder)

    def files(self) -> Traversable:
        """The folder."""
        return self._root


class Resource(Traversable):
    """A file or folder, existing or not."""

    def __init__(self, files: dict[str, bytes], path: str) -> None:
        self._files = files
        self._path = path

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self._path.rpartition('/')[2]

    def _inside(self) -> str:
        return self._path + '/' if self._path else ''

    def iterdir(self) -> Iterator[Traversable]:
        """What is in the folder, sorted."""
        if not self.is_dir():
            raise NotADirectoryError(20, 'not a folder of the package', self._path)
        inside = self._inside()
        names = {path[len(inside):].split('/', 1)[0] for path in self._files if path.startswith(inside)}
        return iter([Resource(self._files, inside + name) for name in sorted(names)])

    def is_dir(self) -> bool:
        """True for a folder."""
        inside = self._inside()
        return any(path.startswith(inside) for path in self._files)

    def is_file(self) -> bool:
        """True for a file."""
        return self._path in self._files

    def joinpath(self, *descendants: Any) -> Traversable:
        """What has this path, seen from here."""
        path = posixpath.normpath(posixpath.join(self._path, *map(str, descendants)))
        return Resource(self._files, '' if path == '.' else path)

    def read_bytes(self) -> bytes:
        """The content."""
        content: bytes = self.open('rb').read()
        return content

    def read_text(self, encoding: str | None = None) -> str:
        """The content as text, UTF-8 unless said otherwise."""
        return self.read_bytes().decode(encoding or 'utf-8')

    def __truediv__(self, child: Any) -> Traversable:
        return self.joinpath(child)

    def open(self, mode: str = 'r', *args: Any, **kwargs: Any) -> Any:
        """The content, as text or, with `rb`, as bytes. A package cannot be written to."""
        if mode not in ('r', 'rt', 'rb'):
            raise PermissionError(13, 'files of a package can only be read', self._path)
        content = self._files.get(self._path)
        if content is None:
            raise (IsADirectoryError(21, 'a folder of the package', self._path) if self.is_dir()
                   else FileNotFoundError(2, 'no such file in the package', self._path))
        stream = io.BytesIO(content)
        if mode == 'rb':
            return stream
        if not args:
            kwargs['encoding'] = kwargs.get('encoding') or 'utf-8'
        return io.TextIOWrapper(stream, *args, **kwargs)

    def __repr__(self) -> str:
        return f'Resource({self._path!r})'


class _Distribution(importlib.metadata.Distribution):
    """One wheel."""

    def __init__(self, files: dict[str, bytes], folder: str) -> None:
        self._files = files
        self._folder = folder

    def read_text(self, filename: str) -> str | None:
        """A file of the wheel's description."""
        content = self._files.get(f'{self._folder}/{filename}')
        return None if content is None else content.decode('utf-8', 'replace')

    def locate_file(self, path: Any) -> Any:
        """A file of the wheel."""
        return Resource(self._files, str(path))


def distributions(files: dict[str, bytes], name: str | None) -> Iterator[importlib.metadata.Distribution]:
    """The wheels among the files, or the one of this name."""
    for path in files:
        if not _INFO.fullmatch(path):
            continue
        folder = path.rpartition('/')[0]
        if name is None or _normal(folder.split('-', 1)[0]) == _normal(name):
            yield _Distribution(files, folder)


def _normal(name: str) -> str:
    return re.sub(r'[-_.]+', '-', name).lower()
