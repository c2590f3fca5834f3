"""Puts the interpreter's own reader and writer of XML into `xml.etree.ElementTree`.

They take what has no document type and no parser or target of its own, which is nearly all that services do; everything else
goes to the functions that were there before. Errors are those of CPython: `ParseError` with `code` and `position`.
"""

from __future__ import annotations

# Functions of the standard library are replaced.
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportArgumentType=false

import codecs
import xml.etree.ElementTree as etree
from typing import Any

import _caisson_xml

__all__ = ['install']

_original_xml = etree.XML
_original_tostring = etree.tostring
_original_parse = etree.ElementTree.parse
_Element = etree.Element
_prefixes = etree._namespace_map
_ENCODINGS = {'us-ascii': True, 'utf-8': False, 'unicode': False}


def _root(text: Any) -> Any:
    """The root of a document, or None when the original parser has to read it."""
    found = _caisson_xml.parse(text, _Element)
    if found.__class__ is str:
        # The encoding that the bytes declare.
        try:
            if not codecs.lookup(found)._is_text_encoding:
                return None
            text = text.decode(found)
        except (LookupError, UnicodeError):
            return None
        found = _caisson_xml.parse(text, _Element)
    if found.__class__ is tuple:
        code, message, line, column = found
        error = etree.ParseError(f'{message}: line {line}, column {column}')
        error.code = code
        error.position = line, column
        raise error
    return found


def XML(text: Any, parser: Any = None) -> Any:
    """The root element of a document in a str or bytes. A `parser` of one's own reads it if there is one."""
    if not parser:
        root = _root(text)
        if root is not None:
            return root
    return _original_xml(text, parser)


def _parse(self: Any, source: Any, parser: Any = None) -> Any:
    """Loads a document from a file object; answers its root."""
    if parser is None and hasattr(source, 'read'):
        text = source.read()
        self._root = XML(text)
        return self._root
    return _original_parse(self, source, parser)


def tostring(
    element: Any, encoding: str | None = None, method: str | None = None, *, xml_declaration: bool | None = None,
    default_namespace: str | None = None, short_empty_elements: bool = True,
) -> Any:
    """An element with all that is in it as XML: bytes, or a str for the encoding `unicode`."""
    name = encoding.lower() if encoding else 'us-ascii'
    if method in (None, 'xml') and default_namespace is None and name in _ENCODINGS:
        text = _caisson_xml.write(element, _Element, _prefixes, bool(short_empty_elements), _ENCODINGS[name])
        if text is not None and not (name == 'unicode' and xml_declaration):
            if xml_declaration:
                text = f"<?xml version='1.0' encoding='{encoding or 'us-ascii'}'?>\n{text}"
            return text if name == 'unicode' else text.encode()
    return _original_tostring(
        element, encoding, method, xml_declaration=xml_declaration, default_namespace=default_namespace,
        short_empty_elements=short_empty_elements,
    )


def install() -> None:
    """Called once, at boot."""
    for function in (XML, tostring):
        function.__module__ = 'xml.etree.ElementTree'
    etree.XML = etree.fromstring = XML
    etree.tostring = tostring
    etree.ElementTree.parse = _parse
