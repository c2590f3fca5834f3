"""`XMLParser` of `xml.etree.ElementTree`: the interpreter's own, with what it does not ask its parser for.

The interpreter's listens to tags and text only. What an entity that is not declared stands for, the document type, and namespaces
without a prefix are told here as CPython tells them.
"""

from __future__ import annotations

import sys
import warnings
import xml.etree.ElementTree as etree
from typing import Any

from caisson._expat import ParserCreate
from caisson._expat_errors import CODES, ExpatError

__all__ = ['XMLParser']

_Native: Any = etree.XMLParser


class XMLParser(_Native):  # type: ignore[misc]  # a class of the interpreter
    """Reads a document and tells a target, a `TreeBuilder` if none is given. `encoding` overrides what the document declares.

    `entity` is a dict of texts for entities that the document does not declare; one that is not in it is a `ParseError`.
    """

    def __init__(self, *, target: Any = None, encoding: str | None = None) -> None:
        module: Any = sys.modules['pyexpat']
        made: list[Any] = []

        def create(*arguments: Any) -> Any:
            made.append(ParserCreate(*arguments))
            return made[-1]

        # The parser below is made in there and kept to itself.
        original, module.ParserCreate = module.ParserCreate, create
        try:
            super().__init__(target=target, encoding=encoding)
        finally:
            module.ParserCreate = original
        self._below = made[-1]
        self._below.DefaultHandlerExpand = self._other
        self._below.StartDoctypeDeclHandler = self._doctype

    def _other(self, source: str) -> None:
        """Text of the document that nothing else took: among it, entities that are not known."""
        if not source.startswith('&'):
            return
        name = source[1:-1]
        if name not in self.entity:
            line, column = self._below.CurrentLineNumber, self._below.CurrentColumnNumber
            raise ExpatError(f'undefined entity &{name};: line {line}, column {column}', CODES['UNDEFINED_ENTITY'], line, column)
        self._expat_data(self.entity[name])

    def _doctype(self, name: str, system: str | None, public: str | None, has_subset: bool) -> None:
        told = getattr(self.target, 'doctype', None)
        if told is not None:
            told(name, public, system)
        elif hasattr(self, 'doctype'):
            warnings.warn(
                'The doctype() method of XMLParser is ignored.  Define doctype() method on the TreeBuilder target.', RuntimeWarning)

    def _expat_start_ns(self, prefix: str | None, uri: str | None) -> None:
        super()._expat_start_ns(prefix or '', uri or '')

    def _expat_end_ns(self, prefix: str | None) -> None:
        super()._expat_end_ns(prefix or '')


XMLParser.__module__ = 'xml.etree.ElementTree'
