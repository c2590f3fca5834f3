"""AES-128-CBC with PKCS #7 padding in Python (FIPS 197), for tests of services outside of the sandbox. It is slow, and not
made to withstand somebody who measures its times.
"""

from __future__ import annotations

__all__ = ['decrypt', 'encrypt']

_BLOCK = 16
_ROUNDS = 10


def _double(value: int) -> int:
    return ((value << 1) ^ 0x11B if value & 0x80 else value << 1) & 0xFF


def _times(one: int, other: int) -> int:
    """The product in the field of AES."""
    product = 0
    while other:
        if other & 1:
            product ^= one
        one, other = _double(one), other >> 1
    return product


def _boxes() -> tuple[list[int], list[int]]:
    box, inverse = [0] * 256, [0] * 256
    for value in range(256):
        # The inverse in the field, which is the 254th power.
        found = 1
        for _ in range(254):
            found = _times(found, value)
        found = found if value else 0
        mixed = 0x63
        for shift in range(5):
            mixed ^= ((found << shift) | (found >> (8 - shift))) & 0xFF
        box[value], inverse[mixed] = mixed, value
    return box, inverse


_BOX, _INVERSE = _boxes()


def _round_keys(key: bytes) -> list[list[int]]:
    words = [list(key[index : index + 4]) for index in range(0, 16, 4)]
    constant = 1
    while len(words) < 4 * (_ROUNDS + 1):
        word = list(words[-1])
        if len(words) % 4 == 0:
            word = [_BOX[byte] for byte in word[1:] + word[:1]]
            word[0] ^= constant
            constant = _double(constant)
        words.append([a ^ b for a, b in zip(word, words[-4])])
    return [sum(words[index : index + 4], []) for index in range(0, len(words), 4)]


def _add(state: list[int], key: list[int]) -> list[int]:
    return [a ^ b for a, b in zip(state, key)]


def _mix(state: list[int], factors: tuple[int, int, int, int]) -> list[int]:
    made = []
    for column in range(0, 16, 4):
        part = state[column : column + 4]
        for row in range(4):
            value = 0
            for index in range(4):
                value ^= _times(part[index], factors[(index - row) % 4])
            made.append(value)
    return made


def _encrypt_block(block: bytes, keys: list[list[int]]) -> bytes:
    state = _add(list(block), keys[0])
    for number in range(1, _ROUNDS + 1):
        state = [_BOX[state[(index + 4 * (index % 4)) % 16]] for index in range(16)]
        if number < _ROUNDS:
            state = _mix(state, (2, 3, 1, 1))
        state = _add(state, keys[number])
    return bytes(state)


def _decrypt_block(block: bytes, keys: list[list[int]]) -> bytes:
    state = _add(list(block), keys[_ROUNDS])
    for number in range(_ROUNDS - 1, -1, -1):
        state = [_INVERSE[state[(index - 4 * (index % 4)) % 16]] for index in range(16)]
        state = _add(state, keys[number])
        if number:
            state = _mix(state, (14, 11, 13, 9))
    return bytes(state)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other))


def encrypt(key: bytes, vector: bytes, content: bytes) -> bytes:
    """Encrypts bytes of any length; key and initialisation vector have 16."""
    keys = _round_keys(key)
    padding = _BLOCK - len(content) % _BLOCK
    content += bytes([padding]) * padding
    made = []
    for start in range(0, len(content), _BLOCK):
        vector = _encrypt_block(_xor(content[start : start + _BLOCK], vector), keys)
        made.append(vector)
    return b''.join(made)


def decrypt(key: bytes, vector: bytes, content: bytes) -> bytes | None:
    """The opposite; None if the padding shows that it is not."""
    if not content or len(content) % _BLOCK:
        return None
    keys = _round_keys(key)
    made = b''
    for start in range(0, len(content), _BLOCK):
        block = content[start : start + _BLOCK]
        made += _xor(_decrypt_block(block, keys), vector)
        vector = block
    padding = made[-1]
    return made[:-padding] if 1 <= padding <= _BLOCK and made.endswith(bytes([padding]) * padding) else None
