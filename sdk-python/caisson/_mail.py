"""Mends of `email`: what came in encoded stays so where it would mean something else, and parts that are none are passed over."""

from __future__ import annotations

import email._header_value_parser as parser
from email.message import MIMEPart
from typing import Any, Iterator

__all__ = ['install']

# What is written with delimiters around it, which hold whatever it decodes to, or has rules of its own.
_CLOSED = ('bare-quoted-string', 'comment', 'mime-parameters')

_original_refold: Any = getattr(parser, '_refold_parse_tree')
_original_find_body: Any = getattr(MIMEPart, '_find_body')


def _is_risky(part: Any) -> bool:
    """Whether text that was encoded has characters in it that separate addresses when it is not: a comma in a name, most often."""
    if part.token_type in _CLOSED or isinstance(part, str):
        return False
    if part.token_type == 'encoded-word':
        # In a subject and the like, where nothing separates, it is another kind of text.
        return any(one.token_type == 'vtext' and not parser.SPECIALS.isdisjoint(one) for one in part)
    return any(map(_is_risky, part))


def _open(parts: Any) -> Iterator[Any]:
    """The parts, and instead of a risky one those that it is made of: only the words themselves are encoded again when they need it."""
    for part in parts:
        if _is_risky(part):
            yield from _open(part)
        else:
            yield part


def _refold_parse_tree(parse_tree: Any, *, policy: Any) -> Any:
    return _original_refold(list(_open(parse_tree)), policy=policy)


def _find_body(self: Any, part: Any, preferencelist: Any) -> Iterator[Any]:
    # A multipart without a boundary has text where its parts would be.
    if not isinstance(part, str):
        yield from _original_find_body(self, part, preferencelist)


def install() -> None:
    """Called once, at boot."""
    setattr(parser, '_refold_parse_tree', _refold_parse_tree)
    setattr(MIMEPart, '_find_body', _find_body)
