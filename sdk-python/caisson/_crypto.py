"""`self.crypto`: encryption with a key of the package, hashing of secrets, and random ones.

What is encrypted is a Fernet token, which the package `cryptography` and Zato read and write too: AES-128-CBC and HMAC-SHA256.

The key is `secret_key` in a configuration file named `crypto`, under `[crypto]` or without a section: 32 bytes in URL-safe
base64, as `self.crypto.generate_secret()` and `Fernet.generate_key()` make it. It is meant to come from the operator, as
`user-conf/crypto.ini`. `old_keys`, a list, are tried when `secret_key` does not fit what is decrypted.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import secrets
import time
from typing import Any

from caisson import _fernet

__all__ = ['Crypto', 'CryptoError']

_ROUNDS = 100_000
_SALT_BYTES = 16
_HASHED = re.compile(r'\$pbkdf2-(sha256|sha512)\$([1-9][0-9]{0,7})\$([./A-Za-z0-9]+)\$([./A-Za-z0-9]+)')
_MOST_ROUNDS = 10_000_000


class CryptoError(Exception):
    """There is no key, or what is to be decrypted was not encrypted with it."""


class Crypto:
    """Encrypts, hashes and generates; in services, `self.crypto`."""

    def __init__(self, service: Any = None, key: str | bytes | None = None) -> None:
        self._service = service
        self._given = key

    def with_key(self, key: str | bytes) -> Crypto:
        """The same with a key of its own, in place of the configured one."""
        return Crypto(self._service, key)

    def encrypt(self, data: str | bytes, needs_str: bool = False) -> Any:
        """A token for text or bytes: `bytes`, or `str` if `needs_str`."""
        content = data.encode() if isinstance(data, str) else bytes(data)
        token = base64.urlsafe_b64encode(_fernet.seal(self._keys()[0], int(time.time()), os.urandom(16), content))
        return token.decode() if needs_str else token

    def decrypt(self, token: str | bytes) -> Any:
        """What a token holds: `str`, or `bytes` for what is no text. CryptoError if no key fits or it was changed."""
        text = token.encode() if isinstance(token, str) else bytes(token)
        try:
            raw = base64.urlsafe_b64decode(text)
        except (ValueError, binascii.Error):
            raise CryptoError('what is to be decrypted is no token of `self.crypto.encrypt`: it is not base64') from None
        for key in self._keys():
            content = _fernet.open_(key, raw)
            if content is not None:
                try:
                    return content.decode()
                except UnicodeDecodeError:
                    return content
        raise CryptoError('the token was not encrypted with `secret_key` or one of `old_keys`, or was changed since')

    def hash_secret(self, secret: str | bytes, name: str = '', rounds: int = _ROUNDS) -> str:
        """A hash of a password to be stored, PBKDF2-HMAC-SHA512 in the form of passlib. `name` is for Zato's sake and does
        nothing.
        """
        salt = os.urandom(_SALT_BYTES)
        return f'$pbkdf2-sha512${rounds}${_ab64(salt)}${_ab64(_fernet.pbkdf2("sha512", _bytes(secret), salt, rounds))}'

    def verify_hash(self, given: str | bytes, expected: str, name: str = '') -> bool:
        """Whether a password is the one that a hash was made of. A ValueError if the hash is none."""
        found = _HASHED.fullmatch(expected)
        if found is None or int(found[2]) > _MOST_ROUNDS:
            raise ValueError('the hash is not of the form $pbkdf2-sha512$ROUNDS$SALT$HASH')
        made = _fernet.pbkdf2(found[1], _bytes(given), _un_ab64(found[3]), int(found[2]))
        return hmac.compare_digest(made, _un_ab64(found[4]))

    def generate_password(self, bits: int = 192, to_str: bool = True) -> Any:
        """A random password of URL-safe characters: `str`, or `bytes` unless `to_str`."""
        made = secrets.token_urlsafe(_size(bits))
        return made if to_str else made.encode()

    def generate_secret(self, bits: int = 256) -> bytes:
        """Random bytes in URL-safe base64; with 256 bits, a key for `secret_key`."""
        return base64.urlsafe_b64encode(os.urandom(_size(bits)))

    def generate_hex_string(self, bits: int = 128) -> str:
        """A random hexadecimal number of so many bits."""
        return secrets.token_hex(_size(bits))

    def _keys(self) -> list[bytes]:
        if self._given is not None:
            return [_key(self._given, 'the key given to `with_key`')]
        section = _section()
        keys = [_key(section['secret_key'], '`secret_key`')]
        old = section.get('old_keys') or []
        return keys + [_key(one, 'one of `old_keys`') for one in (old if isinstance(old, list) else [old])]


def _section() -> Any:
    from caisson._config import config

    file = config.get('crypto') or {}
    section = file.get('crypto', file)
    if not section or 'secret_key' not in section:
        raise CryptoError(
            'there is no key to encrypt with: write `[crypto]` and `secret_key = ...` into user-conf/crypto.ini of the package; '
            '`self.crypto.generate_secret()` makes a key'
        )
    return section


def _key(value: Any, what: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(_bytes(value))
    except (ValueError, TypeError, binascii.Error):
        key = b''
    if len(key) != 32:
        raise CryptoError(f'{what} must be 32 bytes in URL-safe base64, as `self.crypto.generate_secret()` makes it')
    return key


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def _size(bits: int) -> int:
    if not 8 <= bits <= 1_000_000:
        raise ValueError(f'bits must be a number from 8 to 1000000, not {bits}')
    return (bits + 7) // 8


def _ab64(data: bytes) -> str:
    """The base64 of passlib."""
    return base64.b64encode(data).rstrip(b'=').replace(b'+', b'.').decode()


def _un_ab64(text: str) -> bytes:
    try:
        return base64.b64decode(text.replace('.', '+') + '=' * (-len(text) % 4))
    except binascii.Error:
        raise ValueError('the hash is not of the form $pbkdf2-sha512$ROUNDS$SALT$HASH') from None
