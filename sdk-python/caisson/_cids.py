"""Correlation ids that are made here: of the same form as the host's."""

from __future__ import annotations

import os

__all__ = ['branch']

# Crockford's base 32 without look-alikes.
_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
_LENGTH = 24
_BRANCH_LENGTH = 12
_LONGEST_ROOT = 100


def branch(cid: str) -> str:
    """An id for a call in the background that something of the id `cid` sets in motion.

    It begins as `cid` does up to the `~`, so that all that one message leads to can be found by its id.
    """
    root = cid.partition('~')[0]
    has_root = bool(root) and len(root.encode()) <= _LONGEST_ROOT
    own = ''.join(_ALPHABET[byte & 31] for byte in os.urandom(_BRANCH_LENGTH if has_root else _LENGTH))
    return f'{root}~{own}' if has_root else own
