"""The scanner of the XML parser: tokens of a document that comes in pieces, checked to be well-formed."""

from __future__ import annotations

import codecs
import re
from typing import Any

from caisson._expat_dtd import LEAST_EXPANDED, MAX_EXPANDED, Doctype
from caisson._expat_errors import ExpatError, fail
from caisson._expat_names import Names

__all__ = ['Scanner']

_NAME = r'[:A-Z_a-z\xb7\xc0-\ufffd\U00010000-\U000effff][-:.\w\xb7\xc0-\ufffd\U00010000-\U000effff]*'
_START = re.compile(rf'<({_NAME})((?:\s+{_NAME}\s*=\s*(?:"[^"<]*"|\'[^\'<]*\'))*)\s*(/?)>')
_END = re.compile(rf'</({_NAME})\s*>')
_ATTRIBUTE = re.compile(rf'\s+({_NAME})\s*=\s*(?:"([^"<]*)"|\'([^\'<]*)\')')
_INSTRUCTION = re.compile(rf'<\?({_NAME})(?:\s+(.*?))?\?>', re.DOTALL)
_DECLARATION = re.compile(
    r'<\?xml\s+version\s*=\s*["\']([\w.:-]+)["\'](?:\s+encoding\s*=\s*["\']([A-Za-z][\w.-]*)["\'])?(?:\s+standalone\s*=\s*["\'](yes|no)["\'])?\s*\?>')
_DECLARED = re.compile(rb'<\?xml[^>]*?encoding\s*=\s*["\']([A-Za-z][\w.-]*)["\']')
_REFERENCE = re.compile(rf'&(?:#([0-9]+)|#x([0-9a-fA-F]+)|({_NAME}));')
_TOKEN = re.compile(r'<(?!/)(?:[^"\'<>]|"[^"]*"|\'[^\']*\')*>', re.DOTALL)
_FORBIDDEN = re.compile('[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]')
_PREDEFINED = {'lt': '<', 'gt': '>', 'amp': '&', 'apos': "'", 'quot': '"'}
_BOMS = ((codecs.BOM_UTF8, 'utf-8'), (codecs.BOM_UTF16_LE, 'utf-16-le'), (codecs.BOM_UTF16_BE, 'utf-16-be'))


class Scanner:
    """Reads a document in pieces and tells a parser what is in it."""

    def __init__(self, parser: Any, encoding: str | None, names: Names) -> None:
        self.names = names
        self.error = 0
        self.inside_entity = False
        self._parser = parser
        self._encoding = encoding
        self._decoder: Any = None
        self._raw = b''
        self._text, self._at = '', 0
        self._line, self._column, self._index = 1, 0, 0
        self._open: list[str] = []
        self._seen_root = self._begun = self._final = False
        self._doctype = Doctype()
        # Entities that are being read, one in another.
        self._inside, self._expanded = 0, 0
        self._standalone = False
        self._after_cr = False

    # Pieces and places.

    def feed(self, data: str | bytes, final: bool) -> None:
        """Reads a piece. Raises `ExpatError`."""
        if self._final:
            raise self._fail('FINISHED')
        text = self._decoded(data, final)
        if text is None:
            return
        if '\r' in text or self._after_cr:
            text = self._lines(text, final)
        wrong = _FORBIDDEN.search(text)
        self._text, self._at = self._text[self._at:] + (text[:wrong.start()] if wrong else text), 0
        try:
            # What stands before a character that no document may have is reported first.
            self._scan(final and not wrong)
            if wrong or (final and self._at < len(self._text)):
                raise self._fail('INVALID_TOKEN' if wrong else self._unfinished())
        except RecursionError:
            raise self._fail('NO_MEMORY') from None
        if final:
            self._final = True
            if self._open or not (self._seen_root or self.inside_entity):
                raise self._fail('NO_ELEMENTS')

    def position(self) -> tuple[int, int, int]:
        """Line from 1, column and index from 0, of what is read now; the index counts bytes of UTF-8."""
        return self._line, self._column, self._index

    def context(self) -> bytes:
        """What is left of the piece."""
        return self._text[self._at:].encode('utf-8', 'surrogatepass')

    def _lines(self, text: str, final: bool) -> str:
        """Ends of lines become line feeds (XML 1.0, 2.11), also when a piece ends between the two characters of one."""
        if self._after_cr:
            text = '\r' + text
        self._after_cr = text.endswith('\r') and not final
        if self._after_cr:
            text = text[:-1]
        return text.replace('\r\n', '\n').replace('\r', '\n')

    def _decoded(self, data: str | bytes, final: bool) -> str | None:
        if isinstance(data, str):
            return data
        if self._decoder is None:
            self._raw += bytes(data)
            # The declaration names the encoding; it is short, and comes first.
            if not final and len(self._raw) < 1024 and b'>' not in self._raw:
                return None
            data, self._raw = self._raw, b''
            self._decoder = self._make_decoder(data)
            data = data.removeprefix(codecs.BOM_UTF8).removeprefix(codecs.BOM_UTF16_LE).removeprefix(codecs.BOM_UTF16_BE)
        try:
            text: str = self._decoder.decode(bytes(data), final)
            return text
        except UnicodeDecodeError:
            raise self._fail('INVALID_TOKEN') from None

    def _make_decoder(self, data: bytes) -> Any:
        name = self._encoding or next((name for bom, name in _BOMS if data.startswith(bom)), None)
        if name is None:
            declared = _DECLARED.match(data)
            name = declared[1].decode() if declared else 'utf-8'
            if data[:2] in (b'<\0', b'\0<'):
                name = 'utf-16-le' if data[0] else 'utf-16-be'
        try:
            return codecs.getincrementaldecoder(name)('strict')
        except LookupError:
            self._column = 0
            raise self._fail('UNKNOWN_ENCODING') from None

    def _advance(self, end: int) -> None:
        if self._inside:
            # Whatever is in an entity stands where the entity is used.
            self._at = end
            return
        piece = self._text[self._at:end]
        lines = piece.count('\n')
        if lines:
            self._line += lines
            self._column = len(piece) - piece.rindex('\n') - 1
        else:
            self._column += len(piece)
        self._index += len(piece) if piece.isascii() else len(piece.encode('utf-8', 'surrogatepass'))
        self._at = end

    def _fail(self, name: str, ahead: int = 0) -> ExpatError:
        error = fail(name, self._line, self._column + ahead)
        self.error = error.code
        return error

    def _unfinished(self) -> str:
        rest = self._text[self._at:]
        if rest.startswith('<![CDATA['):
            return 'UNCLOSED_CDATA_SECTION'
        return 'UNCLOSED_TOKEN' if rest.startswith('<') or '&' in rest else 'INVALID_TOKEN'

    # Tokens.

    def _scan(self, final: bool) -> None:
        while self._at < len(self._text):
            if self._text[self._at] == '<':
                if not self._markup():
                    return
            elif not self._characters(final):
                return

    def _characters(self, final: bool) -> bool:
        end = self._text.find('<', self._at)
        if end < 0:
            if not final and not self._open and not self.inside_entity:
                # White space around the root is read when what follows it is known.
                end = len(self._text)
            else:
                end = len(self._text)
                amp = self._text.rfind('&', self._at)
                if amp >= 0 and ';' not in self._text[amp:] and not final:
                    end = amp
                # `]]>` may be cut in two.
                while not final and end > self._at and self._text[end - 1] == ']':
                    end -= 1
            if end == self._at:
                return False
        text = self._text[self._at:end]
        if not self._open and not self.inside_entity:
            if text.strip(' \t\n'):
                self._advance(end - len(text.lstrip(' \t\n')))
                raise self._fail('JUNK_AFTER_DOC_ELEMENT' if self._seen_root else 'SYNTAX')
            self._begun = True
            self._parser.default(text)
        elif ']]>' in text:
            self._advance(self._at + text.index(']]>'))
            raise self._fail('INVALID_TOKEN')
        elif '&' in text:
            self._references(text)
        else:
            self._parser.text(text)
        self._advance(end)
        return True

    def _references(self, text: str) -> None:
        """Hands out text with references in it, each by itself as expat does."""
        start, at = self._at, 0
        while (amp := text.find('&', at)) >= 0:
            if amp > at:
                self._parser.text(text[at:amp])
            # A handler or an error may ask where the reference is.
            self._advance(start + amp)
            found = _REFERENCE.match(text, amp)
            if found is None:
                raise self._fail('INVALID_TOKEN')
            at, name = found.end(), found[3]
            if name and name not in _PREDEFINED:
                self._entity(name)
            else:
                self._parser.text(self._character(found))
            self._advance(start + at)
        if at < len(text):
            self._parser.text(text[at:])

    def _character(self, found: re.Match[str]) -> str:
        if found[3]:
            return _PREDEFINED[found[3]]
        number = int(found[1]) if found[1] else int(found[2], 16)
        text = chr(number) if number < 0x110000 else '\0'
        if _FORBIDDEN.match(text):
            raise self._fail('BAD_CHAR_REF')
        return text

    def _entity(self, name: str) -> None:
        """The content of an entity of the document, as if it stood here."""
        parser, value = self._parser, self._doctype.entities.get(name)
        if value is None:
            return self._foreign(name)
        if parser.DefaultHandler is not None and parser.DefaultHandlerExpand is None:
            return self._skip(name)
        self._enter(name, value)
        outer, opened = (self._text, self._at), len(self._open)
        self._text, self._at = value, 0
        self._inside += 1
        self._scan(True)
        if self._at < len(value) or len(self._open) != opened:
            raise self._fail('ASYNC_ENTITY')
        self._inside -= 1
        self._text, self._at = outer
        self._doctype.active.discard(name)

    def _foreign(self, name: str) -> None:
        """An entity whose text is not in the document: it is told as it stands, or is an error, and never lost."""
        parser, doctype = self._parser, self._doctype
        if name in doctype.external:
            if parser.ExternalEntityRefHandler is None:
                parser.default(f'&{name};')
                return
            parser.flush()
            if not parser.ExternalEntityRefHandler(name, parser.GetBase(), *doctype.external[name]):
                raise self._fail('EXTERNAL_ENTITY_HANDLING')
        elif name in doctype.unparsed:
            raise self._fail('BINARY_ENTITY_REF')
        elif doctype.has_external and not self._standalone:
            self._skip(name)
        else:
            raise self._fail('UNDEFINED_ENTITY')

    def _skip(self, name: str) -> None:
        if not self._parser.call('SkippedEntityHandler', name, False):
            self._parser.default(f'&{name};')

    def _enter(self, name: str, value: str) -> None:
        if name in self._doctype.active:
            raise self._fail('RECURSIVE_ENTITY_REF')
        self._expanded += max(len(value), LEAST_EXPANDED)
        if self._expanded > MAX_EXPANDED:
            raise self._fail('AMPLIFICATION_LIMIT_BREACH')
        self._doctype.active.add(name)

    def _value(self, text: str) -> str:
        """The value of an attribute, references replaced and white space made blanks."""
        if '\n' in text or '\t' in text:
            text = text.replace('\n', ' ').replace('\t', ' ')
        if '&' not in text:
            return text
        parts, at = [], 0
        while (amp := text.find('&', at)) >= 0:
            parts.append(text[at:amp])
            found = _REFERENCE.match(text, amp)
            if found is None:
                raise self._fail('INVALID_TOKEN')
            at, name = found.end(), found[3]
            if not name or name in _PREDEFINED:
                parts.append(self._character(found))
            elif name in self._doctype.entities:
                self._enter(name, self._doctype.entities[name])
                parts.append(self._value(self._doctype.entities[name]))
                self._doctype.active.discard(name)
            else:
                raise self._fail(self._wrong_in_attribute(name))
        parts.append(text[at:])
        return ''.join(parts)

    def _wrong_in_attribute(self, name: str) -> str:
        """Expat leaves out an unknown entity when the document names an external definition; nobody would hear of it."""
        if name in self._doctype.external:
            return 'ATTRIBUTE_EXTERNAL_ENTITY_REF'
        return 'BINARY_ENTITY_REF' if name in self._doctype.unparsed else 'UNDEFINED_ENTITY'

    def _markup(self) -> bool:
        """Reads what begins with `<`; false when the rest of it has not come yet."""
        text, at = self._text, self._at
        following = text[at + 1:at + 2]
        if following == '/':
            found = _END.match(text, at)
            return self._end(found) if found else self._wait(text.find('>', at))
        if following not in '!?':
            found = _START.match(text, at)
            return self._start(found) if found else self._wait_for_tag()
        if following == '?':
            end = text.find('?>', at)
            return end >= 0 and self._instruction(end + 2)
        for opening, closing, read in (('<!--', '-->', self._comment), ('<![CDATA[', ']]>', self._cdata)):
            if text.startswith(opening, at):
                end = text.find(closing, at + len(opening))
                return end >= 0 and read(end)
        if text.startswith('<!DOCTYPE', at):
            return self._read_doctype()
        return self._wait(at if len(text) - at >= 9 else -1)

    def _wait(self, end: int) -> bool:
        """More may follow, unless the end of the token is there already: then the token is wrong."""
        if end >= 0:
            raise self._fail('INVALID_TOKEN')
        return False

    def _wait_for_tag(self) -> bool:
        complete = _TOKEN.match(self._text, self._at)
        if complete is None and '<' not in self._text[self._at + 1:]:
            return False
        raise self._fail('INVALID_TOKEN', 1)

    def _start(self, found: re.Match[str]) -> bool:
        parser, names = self._parser, self.names
        if self._seen_root and not self._open and not self.inside_entity:
            raise self._fail('JUNK_AFTER_DOC_ELEMENT')
        name = found[1]
        attributes = [(one, self._value(double or single)) for one, double, single in _ATTRIBUTE.findall(found[2])] if found[2] else []
        for element_name, value in self._doctype.defaults.get(name, {}).items():
            if all(one != element_name for one, _ in attributes):
                attributes.append((element_name, value))
        full = name
        if names.separator is not None:
            try:
                attributes = names.open(attributes, lambda *pair: parser.call('StartNamespaceDeclHandler', *pair))
                full = names.full(name, False, parser.namespace_prefixes)
                attributes = [(names.full(one, True, parser.namespace_prefixes), value) for one, value in attributes]
            except LookupError as error:
                raise self._fail(str(error.args[0])) from None
        if len(attributes) > 1 and len({one for one, _ in attributes}) < len(attributes):
            raise self._fail('DUPLICATE_ATTRIBUTE')
        self._begun = self._seen_root = True
        intern = parser.intern
        given: Any = [part for pair in attributes for part in pair] if parser.ordered_attributes else dict(attributes)
        if not parser.call('StartElementHandler', intern.setdefault(full, full), given):
            parser.default(found[0])
        self._open.append(name)
        if found[3]:
            self._close(name, '')
        self._advance(found.end())
        return True

    def _end(self, found: re.Match[str]) -> bool:
        if not self._open or self._open[-1] != found[1]:
            raise self._fail('TAG_MISMATCH' if self._open else 'INVALID_TOKEN', 2)
        self._close(found[1], found[0])
        self._advance(found.end())
        return True

    def _close(self, name: str, source: str) -> None:
        parser, names = self._parser, self.names
        full = name if names.separator is None else names.full(name, False, parser.namespace_prefixes)
        self._open.pop()
        if not parser.call('EndElementHandler', parser.intern.setdefault(full, full)) and source:
            parser.default(source)
        if names.separator is not None:
            for prefix in names.close():
                parser.call('EndNamespaceDeclHandler', prefix or None)

    def _instruction(self, end: int) -> bool:
        source = self._text[self._at:end]
        if source.startswith('<?xml') and not source[5:6].strip():
            return self._declaration(source, end)
        found = _INSTRUCTION.fullmatch(source)
        if found is None or found[1].lower() == 'xml':
            raise self._fail('INVALID_TOKEN', 2)
        self._begun = True
        if not self._parser.call('ProcessingInstructionHandler', found[1], found[2] or ''):
            self._parser.default(source)
        self._advance(end)
        return True

    def _declaration(self, source: str, end: int) -> bool:
        if self._begun:
            raise self._fail('MISPLACED_XML_PI')
        found = _DECLARATION.fullmatch(source)
        if found is None:
            raise self._fail('SYNTAX' if not self.inside_entity else 'INVALID_TOKEN')
        self._begun, self._standalone = True, found[3] == 'yes'
        if not self._parser.call('XmlDeclHandler', found[1], found[2], {'yes': 1, 'no': 0}.get(found[3] or '', -1)):
            self._parser.default(source)
        self._advance(end)
        return True

    def _comment(self, end: int) -> bool:
        text = self._text[self._at + 4:end]
        if '--' in text or text.endswith('-'):
            raise self._fail('INVALID_TOKEN')
        self._begun = True
        if not self._parser.call('CommentHandler', text):
            self._parser.default(self._text[self._at:end + 3])
        self._advance(end + 3)
        return True

    def _cdata(self, end: int) -> bool:
        if not self._open and not self.inside_entity:
            raise self._fail('SYNTAX')
        parser, text = self._parser, self._text[self._at + 9:end]
        parser.call('StartCdataSectionHandler')
        if text:
            parser.text(text)
        parser.call('EndCdataSectionHandler')
        self._advance(end + 3)
        return True

    def _read_doctype(self) -> bool:
        if self._seen_root:
            raise self._fail('SYNTAX')
        end = self._doctype.end(self._text, self._at)
        if end is None:
            return False
        self._begun = True
        try:
            self._doctype.read(self._text[self._at:end], self._parser)
        except LookupError as error:
            raise self._fail(str(error.args[0])) from None
        self._advance(end)
        return True
