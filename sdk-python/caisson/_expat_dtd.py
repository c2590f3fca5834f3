"""The internal subset of a document type declaration, as far as the XML parser uses it."""

from __future__ import annotations

import re
from typing import Any

__all__ = ['Doctype', 'LEAST_EXPANDED', 'MAX_EXPANDED']

MAX_EXPANDED = 4 << 20
"""Characters that all entities of a document together may become. What is more is an attack ("billion laughs")."""

LEAST_EXPANDED = 32
"""Characters that each use of an entity counts at least: many small ones take time, too."""

_S = r'[ \t\n]'
_NAME = r'[:A-Z_a-z\xb7\xc0-\ufffd][-:.\w\xb7\xc0-\ufffd]*'
_LITERAL = r'(?:"([^"]*)"|\'([^\']*)\')'
_EXTERNAL = rf'(?:SYSTEM{_S}+{_LITERAL}|PUBLIC{_S}+{_LITERAL}(?:{_S}+{_LITERAL})?)'
_HEAD = re.compile(rf'<!DOCTYPE{_S}+({_NAME})(?:{_S}+{_EXTERNAL})?{_S}*(\[)?')
_ENTITY = re.compile(rf'<!ENTITY{_S}+(%{_S}+)?({_NAME}){_S}+(?:{_LITERAL}|{_EXTERNAL}(?:{_S}+NDATA{_S}+({_NAME}))?){_S}*>')
_NOTATION = re.compile(rf'<!NOTATION{_S}+({_NAME}){_S}+{_EXTERNAL}{_S}*>')
_ELEMENT = re.compile(rf'<!ELEMENT{_S}+({_NAME}){_S}+(.*?){_S}*>', re.DOTALL)
_ATTLIST = re.compile(rf'<!ATTLIST{_S}+({_NAME})((?:[^"\'>]|"[^"]*"|\'[^\']*\')*)>')
_ATTRIBUTE = re.compile(
    rf'{_S}+({_NAME}){_S}+((?:NOTATION{_S}*)?\([^)]*\)|[A-Z]+){_S}+(?:#(REQUIRED|IMPLIED)|(#FIXED{_S}+)?{_LITERAL})')
_SKIPPED = re.compile(rf'{_S}+|<!--(?:(?!--).)*-->|<\?.*?\?>|%{_NAME};', re.DOTALL)
_INSTRUCTION = re.compile(rf'<\?({_NAME})(?:{_S}+(.*?))?\?>', re.DOTALL)
_CHARACTER = re.compile(r'&#(?:([0-9]+)|x([0-9a-fA-F]+));')
_PART = re.compile(r'"[^"]*"|\'[^\']*\'|<!--.*?-->|<\?.*?\?>|[\[\]>]', re.DOTALL)


class Doctype:
    """Entities and default attributes that a document declares."""

    def __init__(self) -> None:
        self.entities: dict[str, str] = {}
        self.external: dict[str, tuple[str | None, str | None]] = {}
        self.unparsed: set[str] = set()
        self.defaults: dict[str, dict[str, str]] = {}
        self.has_external = False
        self.active: set[str] = set()

    @staticmethod
    def end(text: str, at: int) -> int | None:
        """Where the declaration ends; `None` when its end has not come yet."""
        inside = False
        for part in _PART.finditer(text, at + 9):
            if part[0] in '[]':
                inside = part[0] == '['
            elif part[0] == '>' and not inside:
                return part.end()
        return None

    def read(self, source: str, parser: Any) -> None:
        """Reads a declaration and calls the parser's handlers. Raises `LookupError` with the name of an error."""
        head = _HEAD.match(source)
        if head is None:
            raise LookupError('SYNTAX')
        system, public = _identifiers(head.groups()[1:7])
        self.has_external = system is not None
        parser.call('StartDoctypeDeclHandler', head[1], system, public, head[8] is not None)
        at = head.end()
        if head[8]:
            at = self._subset(source, at, parser)
        if source[at:].strip(' \t\n') != '>':
            raise LookupError('SYNTAX')
        parser.call('EndDoctypeDeclHandler')

    def _subset(self, source: str, at: int, parser: Any) -> int:
        while not source.startswith(']', at):
            skipped = _SKIPPED.match(source, at)
            if skipped:
                at = skipped.end()
                self._aside(skipped[0], parser)
                continue
            for pattern, declare in ((_ENTITY, self._entity), (_ATTLIST, self._attributes), (_ELEMENT, self._element),
                                     (_NOTATION, self._notation)):
                found = pattern.match(source, at)
                if found:
                    declare(found, parser)
                    at = found.end()
                    break
            else:
                raise LookupError('SYNTAX')
        return at + 1

    def _aside(self, source: str, parser: Any) -> None:
        if source.startswith('<!--'):
            parser.call('CommentHandler', source[4:-3])
        elif source.startswith('<?'):
            found = _INSTRUCTION.fullmatch(source)
            if found:
                parser.call('ProcessingInstructionHandler', found[1], found[2] or '')
        elif source.startswith('%'):
            # What a parameter entity declares is not known from here on, so an unknown entity may be one of its.
            self.has_external = True

    def _entity(self, found: re.Match[str], parser: Any) -> None:
        is_parameter, name = bool(found[1]), found[2]
        base = parser.GetBase()
        if found[3] is not None or found[4] is not None:
            value = _CHARACTER.sub(_character, found[3] if found[3] is not None else found[4])
            if not is_parameter:
                self.entities.setdefault(name, value)
            parser.call('EntityDeclHandler', name, is_parameter, value, base, None, None, None)
            return
        system, public = _identifiers(found.groups()[4:10])
        if found[11]:
            self.unparsed.add(name)
            if not parser.call('UnparsedEntityDeclHandler', name, base, system, public, found[11]):
                parser.call('EntityDeclHandler', name, False, None, base, system, public, found[11])
            return
        if not is_parameter:
            self.external.setdefault(name, (system, public))
        parser.call('EntityDeclHandler', name, is_parameter, None, base, system, public, None)

    def _attributes(self, found: re.Match[str], parser: Any) -> None:
        for one in _ATTRIBUTE.finditer(found[2]):
            name, kind, rule, fixed = one[1], re.sub(rf'{_S}+', '', one[2]), one[3], one[4]
            value = one[5] if one[5] is not None else one[6]
            if value is not None:
                value = _CHARACTER.sub(_character, value)
                self.defaults.setdefault(found[1], {}).setdefault(name, value)
            parser.call('AttlistDeclHandler', found[1], name, kind, value, rule == 'REQUIRED' or bool(fixed))

    def _element(self, found: re.Match[str], parser: Any) -> None:
        """The content model is told as far as its kind; nobody validates here."""
        content = found[2]
        kind = {'EMPTY': 1, 'ANY': 2}.get(content) or (3 if '#PCDATA' in content else 5 if '|' in content else 6)
        parser.call('ElementDeclHandler', found[1], (kind, 2 if content.endswith('*') else 0, None, ()))

    def _notation(self, found: re.Match[str], parser: Any) -> None:
        system, public = _identifiers(found.groups()[1:7])
        parser.call('NotationDeclHandler', found[1], parser.GetBase(), system, public)


def _identifiers(groups: tuple[str | None, ...]) -> tuple[str | None, str | None]:
    """System and public identifier, from the groups of `_EXTERNAL`."""
    first = [group for group in groups[:2] if group is not None]
    if first:
        return first[0], None
    public = next((group for group in groups[2:4] if group is not None), None)
    return next((group for group in groups[4:6] if group is not None), None), public


def _character(found: re.Match[str]) -> str:
    number = int(found[1]) if found[1] else int(found[2], 16)
    if not 0 < number < 0x110000:
        raise LookupError('BAD_CHAR_REF')
    return chr(number)
