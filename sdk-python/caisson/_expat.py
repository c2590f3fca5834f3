"""`pyexpat` for the sandbox: the parser below `xml.sax`, `xml.dom.minidom`, `plistlib` and packages such as xmltodict.

The interpreter's own accepts documents that are not well-formed and drops the prefixes of names. This one reports both as expat
does. It reads what it is given once, in pieces of any size, expands the entities that a document declares up to a bound, and
reads no file: external entities are never fetched.
"""

from __future__ import annotations

import re
import sys
import types
from typing import Any, Callable

from caisson import _expat_errors as errors
from caisson._expat_errors import ExpatError, model
from caisson._expat_names import Names
from caisson._expat_scan import Scanner

__all__ = ['ErrorString', 'ExpatError', 'ParserCreate', 'XMLParserType', 'install']

version_info = (2, 7, 1)
EXPAT_VERSION = 'expat_2.7.1'
native_encoding = 'UTF-8'
features = [('sizeof(XML_Char)', 1), ('sizeof(XML_LChar)', 1), ('XML_DTD', 0), ('XML_NS', 0)]
XML_PARAM_ENTITY_PARSING_NEVER = 0
XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE = 1
XML_PARAM_ENTITY_PARSING_ALWAYS = 2

HANDLERS = (
    'StartElementHandler', 'EndElementHandler', 'CharacterDataHandler', 'ProcessingInstructionHandler', 'CommentHandler',
    'StartCdataSectionHandler', 'EndCdataSectionHandler', 'StartNamespaceDeclHandler', 'EndNamespaceDeclHandler', 'DefaultHandler',
    'DefaultHandlerExpand', 'XmlDeclHandler', 'StartDoctypeDeclHandler', 'EndDoctypeDeclHandler', 'EntityDeclHandler',
    'UnparsedEntityDeclHandler', 'NotationDeclHandler', 'ElementDeclHandler', 'AttlistDeclHandler', 'ExternalEntityRefHandler',
    'NotStandaloneHandler', 'SkippedEntityHandler',
)
"""Attributes of a parser that hold functions; `None` where nobody listens."""


class XMLParserType:
    """What `ParserCreate` makes. Set handlers, then call `Parse` with pieces of the document, the last with `isfinal`."""

    # All of `HANDLERS` are like these.
    CharacterDataHandler: Any
    DefaultHandler: Any
    DefaultHandlerExpand: Any

    def __init__(self, encoding: str | None, separator: str | None, intern: dict[str, str]) -> None:
        for name in HANDLERS:
            setattr(self, name, None)
        self.intern = intern
        self.ordered_attributes = False
        self.specified_attributes = False
        self.namespace_prefixes = False
        self.buffer_size = 8192
        self.buffer_used = 0
        self._buffer_text = False
        self._text: list[str] = []
        self._base: str | None = None
        self._scanner = Scanner(self, encoding, Names(separator))
        self._busy = False

    @property
    def buffer_text(self) -> bool:
        """Whether pieces of text are joined until something else comes."""
        return self._buffer_text

    @buffer_text.setter
    def buffer_text(self, value: Any) -> None:
        self.flush()
        self._buffer_text = bool(value)

    def Parse(self, data: str | bytes, isfinal: bool = False) -> int:
        """Reads a piece of a document; 1. Raises `ExpatError` with line and column where it is not well-formed."""
        if self._busy:
            raise RuntimeError('a handler cannot call Parse of its own parser')
        self._busy = True
        try:
            self._scanner.feed(data, bool(isfinal))
        finally:
            self._busy = False
        self.flush()
        return 1

    def ParseFile(self, file: Any) -> int:
        """Reads all that a binary file has."""
        while piece := file.read(65536):
            if not isinstance(piece, (bytes, bytearray)):
                raise TypeError(f'read() did not return a bytes object (type={type(piece).__name__})')
            self.Parse(bytes(piece), False)
        return self.Parse(b'', True)

    def flush(self) -> None:
        """Hands out the text that was joined."""
        if self._text:
            text = ''.join(self._text)
            self._text.clear()
            if self.CharacterDataHandler is not None:
                self.CharacterDataHandler(text)

    def text(self, text: str) -> None:
        """Called by the scanner for character data."""
        if self.CharacterDataHandler is None:
            self.default(text)
        elif self._buffer_text:
            self._text.append(text)
        else:
            self.CharacterDataHandler(text)

    def default(self, source: str) -> None:
        """Called by the scanner with the source of what no other handler took."""
        handler = self.DefaultHandlerExpand or self.DefaultHandler
        if handler is not None:
            self.flush()
            handler(source)

    def call(self, name: str, *arguments: Any) -> Any:
        """Calls a handler, if there is one; true if there was."""
        handler: Callable[..., Any] | None = getattr(self, name)
        if handler is None:
            return False
        if self._text:
            self.flush()
        handler(*arguments)
        return True

    def SetBase(self, base: str) -> None:
        """Keeps the base of relative system identifiers."""
        self._base = base

    def GetBase(self) -> str | None:
        """The base of relative system identifiers."""
        return self._base

    def GetInputContext(self) -> bytes | None:
        """What is being read while a handler runs."""
        return self._scanner.context() if self._busy else None

    def ExternalEntityParserCreate(self, context: str | None, encoding: str | None = None) -> XMLParserType:
        """A parser for the content of an external entity, with the same handlers."""
        child = XMLParserType(encoding, self._scanner.names.separator, self.intern)
        for name in HANDLERS + ('ordered_attributes', 'specified_attributes', 'buffer_text', 'namespace_prefixes'):
            setattr(child, name, getattr(self, name))
        child._scanner.inside_entity = True
        return child

    def SetParamEntityParsing(self, flag: int) -> bool:
        """Parameter entities are not read; asking for it is no error."""
        return flag == XML_PARAM_ENTITY_PARSING_NEVER

    def UseForeignDTD(self, flag: bool = True) -> None:
        """No document type definition is read from outside."""

    def GetReparseDeferralEnabled(self) -> bool:
        """False: what is complete is reported at once."""
        return False

    def SetReparseDeferralEnabled(self, enabled: bool) -> None:
        """Nothing to defer."""

    CurrentLineNumber = ErrorLineNumber = property(lambda self: self._scanner.position()[0])
    CurrentColumnNumber = ErrorColumnNumber = property(lambda self: self._scanner.position()[1])
    CurrentByteIndex = ErrorByteIndex = property(lambda self: self._scanner.position()[2])
    ErrorCode = property(lambda self: self._scanner.error)


def ParserCreate(encoding: str | None = None, namespace_separator: str | None = None, intern: Any = None) -> XMLParserType:
    """A new parser. With a separator of one character, names are `URI + separator + local name`."""
    for name, value in (('encoding', encoding), ('namespace_separator', namespace_separator)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f'ParserCreate() argument {name!r} must be str or None, not {type(value).__name__}')
    if namespace_separator is not None and len(namespace_separator) > 1:
        raise ValueError('namespace_separator must be at most one character, omitted, or None')
    if intern is not None and not isinstance(intern, dict):
        raise TypeError('intern must be a dictionary')
    return XMLParserType(encoding, namespace_separator, {} if intern is None else intern)


def ErrorString(code: int) -> str | None:
    """The text of an error code."""
    return errors.messages.get(code)


def install() -> None:
    """Makes it the module `pyexpat`."""
    module = types.ModuleType('pyexpat', __doc__)
    for name in ('version_info', 'EXPAT_VERSION', 'native_encoding', 'features', 'ErrorString', 'ExpatError', 'ParserCreate', 'XMLParserType',
                 'XML_PARAM_ENTITY_PARSING_NEVER', 'XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE', 'XML_PARAM_ENTITY_PARSING_ALWAYS'):
        setattr(module, name, globals()[name])
    module.error = ExpatError  # type: ignore[attr-defined]
    module.errors, module.model = errors.module(), model  # type: ignore[attr-defined]
    sys.modules['pyexpat'] = module
    # The package only passes on what `pyexpat` has, and may have been imported with the interpreter's.
    for name in [name for name in sys.modules if re.match(r'xml\.parsers(\.|$)', name)]:
        del sys.modules[name]
