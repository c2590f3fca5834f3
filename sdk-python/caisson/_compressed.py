"""Mends of `zlib`: a decompressor that has come to its end may be flushed again, and has nothing left."""

from __future__ import annotations

import operator
import zlib
from typing import Any, SupportsIndex

__all__ = ['Decompress', 'install']

_original_decompressobj: Any = zlib.decompressobj


class Decompress:
    """What `decompressobj` makes: the interpreter's own, which takes a second `flush` for an error."""

    __slots__ = ('_below', '_is_flushed')

    def __init__(self, below: Any, is_flushed: bool = False) -> None:
        self._below = below
        self._is_flushed = is_flushed

    eof = property(lambda self: self._below.eof, doc='Whether the end of the compressed stream was reached.')
    unused_data = property(lambda self: self._below.unused_data, doc='What came after that end.')
    unconsumed_tail = property(lambda self: self._below.unconsumed_tail, doc='What was not read because of `max_length`.')

    def decompress(self, data: Any, /, max_length: int = 0) -> bytes:
        """The next piece, of `max_length` bytes at most if that is not 0."""
        piece: bytes = self._below.decompress(data, max_length)
        return piece

    def flush(self, length: SupportsIndex = zlib.DEF_BUF_SIZE, /) -> bytes:
        """All that is left; `length` is how much room to begin with."""
        room = operator.index(length)
        if room <= 0:
            raise ValueError('length must be greater than zero')
        if self._is_flushed:
            return b''
        rest: bytes = self._below.flush(room)
        self._is_flushed = self._below.eof
        return rest

    def copy(self) -> Decompress:
        """Another one in the same state."""
        return Decompress(self._below.copy(), self._is_flushed)

    def __copy__(self) -> Decompress:
        return self.copy()

    def __deepcopy__(self, memo: Any, /) -> Decompress:
        return self.copy()


Decompress.__module__ = 'zlib'


def decompressobj(wbits: int = zlib.MAX_WBITS, zdict: Any = b'') -> Decompress:
    """A decompressor for data that comes in pieces."""
    return Decompress(_original_decompressobj(wbits, zdict) if zdict else _original_decompressobj(wbits))


def install() -> None:
    """Called once, at boot."""
    library: Any = zlib
    library.decompressobj = decompressobj
