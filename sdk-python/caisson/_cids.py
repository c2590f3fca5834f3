"""Correlation ids that are made here: of the same form as the host's."""

from __future__ import annotations

import os

__all__ = ['new_cid']

# Crockford's base 32 without look-alikes.
_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
_LENGTH = 24


def new_cid() -> str:
    """A new correlation id: 24 characters, 120 random bits."""
    return ''.join(_ALPHABET[byte & 31] for byte in os.urandom(_LENGTH))
