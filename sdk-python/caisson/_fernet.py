"""Fernet (https://github.com/fernet/spec) and PBKDF2. AES is native in the sandbox, and in Python elsewhere, where services
are only tested.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from typing import Any

try:
    import _caisson_crypto as _native
except ImportError:
    _native = None  # type: ignore[assignment]

__all__ = ['open_', 'pbkdf2', 'seal']

_VERSION = 0x80
# Version, time, initialisation vector; at the end the authentication code.
_HEAD = struct.Struct('>BQ16s')
_CODE_BYTES = 32


def seal(key: bytes, now: int, vector: bytes, content: bytes) -> bytes:
    """The token, not yet in base64. The first half of the key signs, the second encrypts."""
    encrypted = (_native or _in_python()).encrypt(key[16:], vector, content)
    token: bytes = _HEAD.pack(_VERSION, now, vector) + encrypted
    return token + _code(key, token)


def open_(key: bytes, token: bytes) -> bytes | None:
    """What a token holds, None if it is none of this key."""
    if len(token) < _HEAD.size + 16 + _CODE_BYTES or token[0] != _VERSION:
        return None
    signed, code = token[:-_CODE_BYTES], token[-_CODE_BYTES:]
    if not hmac.compare_digest(_code(key, signed), code):
        return None
    vector = _HEAD.unpack_from(token)[2]
    found: bytes | None = (_native or _in_python()).decrypt(key[16:], vector, signed[_HEAD.size :])
    return found


def pbkdf2(digest: str, secret: bytes, salt: bytes, rounds: int) -> bytes:
    """PBKDF2-HMAC with `sha256` or `sha512`, as long as the digest."""
    return hashlib.pbkdf2_hmac(digest, secret, salt, rounds)


def _code(key: bytes, token: bytes) -> bytes:
    code: bytes = hmac.digest(key[:16], token, 'sha256')
    return code


def _in_python() -> Any:
    from caisson import _aes

    return _aes
