"""Puts the interpreter's own reader and writer of XML into `xml.etree.ElementTree`.

They take what has no document type and no parser or target of its own, which is nearly all that services do; everything else
goes to the functions that were there before. Errors are those of CPython: `ParseError` with `code` and `position`.
"""

from __future__ import annotations

# Functions of the standard library are replaced.
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportArgumentType=false

import codecs
import collections.abc
import io
import xml.etree.ElementTree as etree
from typing import Any

import _caisson_xml

from caisson._etree_parser import XMLParser

__all__ = ['install']

_original_xml = etree.XML
_original_tostring = etree.tostring
_original_parse = etree.ElementTree.parse
_original_iterparse = etree.iterparse
_Element = etree.Element
_prefixes = etree._namespace_map
_ENCODINGS = {'us-ascii': True, 'utf-8': False, 'unicode': False}


def _root(text: Any) -> Any:
    """The root of a document, or None when the original parser has to read it."""
    found = _caisson_xml.parse(text, _Element)
    if found.__class__ is str:
        # The encoding that the bytes declare.
        try:
            if found.startswith(('utf', 'ucs')) or not codecs.lookup(found)._is_text_encoding:
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


class _Events(collections.abc.Iterator[Any]):
    """What `iterparse` answers: pairs of an event and an element; `root` is set once all of them were given."""

    def __init__(self, source: Any, events: tuple[str, ...]) -> None:
        self.root: Any = None
        self._pairs = self._walk(source, 'start' in events, 'end' in events)

    def __next__(self) -> Any:
        return next(self._pairs)

    def close(self) -> None:
        """Stops; the file stays open, as it is not ours."""
        self._pairs.close()

    def _walk(self, source: Any, starts: bool, ends: bool) -> Any:
        root = XML(source.read())
        if starts:
            yield 'start', root
        # A service may clear an element whose end it was told, so children are listed before.
        stack = [(root, iter(list(root)))]
        while stack:
            element, children = stack[-1]
            child = next(children, None)
            if child is not None:
                if starts:
                    yield 'start', child
                stack.append((child, iter(list(child))))
                continue
            stack.pop()
            if ends:
                yield 'end', element
        self.root = root


def iterparse(source: Any, events: Any = None, parser: Any = None) -> Any:
    """Pairs of an event (`start`, `end` or one of the others that CPython has) and an element of a document in a file object."""
    if parser is not None or not hasattr(source, 'read'):
        return _original_iterparse(source, events, parser)
    wanted = ('end',) if events is None else tuple(events)
    if not set(wanted) - {'start', 'end'}:
        return _Events(source, wanted)
    # The parser behind the others begins anew with every piece and keeps errors to itself.
    text = source.read()
    XML(text)
    whole = io.StringIO(text) if isinstance(text, str) else io.BytesIO(text)
    return _original_iterparse(_Whole(whole), events)


class _Whole:
    """A file that gives all that it has at the first read."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def read(self, size: int = -1) -> Any:
        """What is left; `size` does not matter."""
        return self._source.read()


def install() -> None:
    """Called once, at boot."""
    for function in (XML, iterparse, tostring):
        function.__module__ = 'xml.etree.ElementTree'
    etree.XML = etree.fromstring = XML
    etree.XMLParser = XMLParser
    etree.iterparse = iterparse
    etree.tostring = tostring
    etree.ElementTree.parse = _parse
