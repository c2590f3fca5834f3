"""Errors of the XML parser, with expat's codes and texts."""

from __future__ import annotations

import types

__all__ = ['ExpatError', 'messages', 'model', 'module']

_TEXTS = {
    1: ('NO_MEMORY', 'out of memory'),
    2: ('SYNTAX', 'syntax error'),
    3: ('NO_ELEMENTS', 'no element found'),
    4: ('INVALID_TOKEN', 'not well-formed (invalid token)'),
    5: ('UNCLOSED_TOKEN', 'unclosed token'),
    6: ('PARTIAL_CHAR', 'partial character'),
    7: ('TAG_MISMATCH', 'mismatched tag'),
    8: ('DUPLICATE_ATTRIBUTE', 'duplicate attribute'),
    9: ('JUNK_AFTER_DOC_ELEMENT', 'junk after document element'),
    10: ('PARAM_ENTITY_REF', 'illegal parameter entity reference'),
    11: ('UNDEFINED_ENTITY', 'undefined entity'),
    12: ('RECURSIVE_ENTITY_REF', 'recursive entity reference'),
    13: ('ASYNC_ENTITY', 'asynchronous entity'),
    14: ('BAD_CHAR_REF', 'reference to invalid character number'),
    15: ('BINARY_ENTITY_REF', 'reference to binary entity'),
    16: ('ATTRIBUTE_EXTERNAL_ENTITY_REF', 'reference to external entity in attribute'),
    17: ('MISPLACED_XML_PI', 'XML or text declaration not at start of entity'),
    18: ('UNKNOWN_ENCODING', 'unknown encoding'),
    19: ('INCORRECT_ENCODING', 'encoding specified in XML declaration is incorrect'),
    20: ('UNCLOSED_CDATA_SECTION', 'unclosed CDATA section'),
    21: ('EXTERNAL_ENTITY_HANDLING', 'error in processing external entity reference'),
    22: ('NOT_STANDALONE', 'document is not standalone'),
    23: ('UNEXPECTED_STATE', 'unexpected parser state - please send a bug report'),
    27: ('UNBOUND_PREFIX', 'unbound prefix'),
    28: ('UNDECLARING_PREFIX', 'must not undeclare prefix'),
    36: ('FINISHED', 'parsing finished'),
    43: ('AMPLIFICATION_LIMIT_BREACH', 'limit on input amplification factor (from DTD and entities) breached'),
}

messages = {code: text for code, (_, text) in _TEXTS.items()}
"""Texts by code."""

codes = {text: code for code, text in messages.items()}
"""Codes by text, as `xml.parsers.expat.errors` has them."""

CODES = {name: code for code, (name, _) in _TEXTS.items()}
"""Codes by name."""


class ExpatError(Exception):
    """A document is not well-formed: `code`, `lineno` from 1, `offset` (the column) from 0."""

    def __init__(self, text: str, code: int = 0, lineno: int = 0, offset: int = 0) -> None:
        super().__init__(text)
        self.code, self.lineno, self.offset = code, lineno, offset


ExpatError.__module__ = 'xml.parsers.expat'


def fail(name: str, line: int, column: int) -> ExpatError:
    """The exception for an error at a place."""
    code = CODES[name]
    return ExpatError(f'{messages[code]}: line {line}, column {column}', code, line, column)


def module() -> types.ModuleType:
    """`xml.parsers.expat.errors`."""
    made = types.ModuleType('pyexpat.errors', 'Constants used to describe error conditions.')
    made.messages, made.codes = messages, codes  # type: ignore[attr-defined]
    for name, text in _TEXTS.values():
        setattr(made, f'XML_ERROR_{name}', text)
    return made


model = types.ModuleType('pyexpat.model', 'Constants used to interpret content model information.')
for _number, _name in enumerate(('CTYPE_EMPTY', 'CTYPE_ANY', 'CTYPE_MIXED', 'CTYPE_NAME', 'CTYPE_CHOICE', 'CTYPE_SEQ'), 1):
    setattr(model, f'XML_{_name}', _number)
for _number, _name in enumerate(('NONE', 'OPT', 'REP', 'PLUS')):
    setattr(model, f'XML_CQUANT_{_name}', _number)
