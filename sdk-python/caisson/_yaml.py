"""Reads the part of YAML that configuration is written in: mappings, lists, scalars of all styles, flow style, comments, one
document.

Anchors, tags, merge keys, complex keys and several documents are refused by name and line. Scalars mean what they mean in
YAML 1.2, and `yes`, `no`, `on`, `off` are truth values as in 1.1.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ['YAMLError', 'load']

_INT = re.compile(r'[+-]?(0|[1-9][0-9_]*)')
_OTHER_INT = re.compile(r'0x[0-9a-fA-F]+|0o[0-7]+')
_FLOAT = re.compile(r'[+-]?([0-9][0-9_]*\.[0-9]*([eE][+-]?[0-9]+)?|\.[0-9]+([eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)')
_WORDS = {
    '': None,
    '~': None,
    'null': None,
    'true': True,
    'yes': True,
    'on': True,
    'false': False,
    'no': False,
    'off': False,
    '.inf': float('inf'),
    '+.inf': float('inf'),
    '-.inf': float('-inf'),
    '.nan': float('nan'),
}
_KEY = re.compile(
    r'''("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#&*!|>%@`"'{}\[\],?:-][^#]*?|[?:-][^\s#][^#]*?|[^\s#&*!|>%@`"'{}\[\],][^\s#]*?)[ \t]*:(?=\s|$)'''
)
_ESCAPES = {
    'n': '\n',
    't': '\t',
    'r': '\r',
    '0': '\0',
    '\\': '\\',
    '"': '"',
    '/': '/',
    'e': '\x1b',
    'a': '\a',
    'b': '\b',
    'f': '\f',
    'v': '\v',
    ' ': ' ',
}
_DEEPEST = 60


class YAMLError(ValueError):
    """Text that is no YAML, or is of the part of it that is not read; says the line."""


class _Line:
    __slots__ = ('number', 'indent', 'text')

    def __init__(self, number: int, indent: int, text: str) -> None:
        self.number = number
        self.indent = indent
        self.text = text


def load(text: str) -> Any:
    """The value of the one document in a text."""
    reader = _Reader(text)
    value = reader.block(-1, 0)
    line = reader.peek()
    if line is not None:
        raise YAMLError(f'line {line.number}: {line.text!r} is not indented as what comes before it')
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self._raw = text.splitlines()
        self._at = 0
        # `- a: 1` has a mapping after the dash: what is left of a line that was begun.
        self._rest: _Line | None = None

    def peek(self) -> _Line | None:
        """The next line with something on it."""
        if self._rest is not None:
            return self._rest
        while self._at < len(self._raw):
            raw = self._raw[self._at]
            bare = raw.strip()
            if not bare or bare[0] == '#' or (bare == '---' and self._is_first()):
                self._at += 1
                continue
            if bare == '...':
                return None
            indent = len(raw) - len(raw.lstrip(' '))
            if raw[indent] == '\t':
                raise YAMLError(f'line {self._at + 1}: indented with a tab; YAML wants spaces')
            if bare.startswith(('--- ', '%')) or bare == '---':
                raise YAMLError(f'line {self._at + 1}: one document without directives is read')
            return _Line(self._at + 1, indent, bare)
        return None

    def _is_first(self) -> bool:
        return all(not line.strip() or line.strip()[0] in '#' for line in self._raw[: self._at])

    def take(self) -> None:
        """Goes on to the next line."""
        if self._rest is not None:
            self._rest = None
        self._at += 1

    def block(self, parent: int, depth: int) -> Any:
        """The value that begins at the next line, which must be indented more than its parent."""
        line = self.peek()
        if line is None or line.indent <= parent:
            return None
        if depth > _DEEPEST:
            raise YAMLError(f'line {line.number}: nested more than {_DEEPEST} levels')
        if line.text == '-' or line.text.startswith('- '):
            return self._list(line.indent, depth)
        if _KEY.match(line.text) and line.text[0] not in '{[':
            return self._mapping(line.indent, depth)
        self.take()
        return self._scalar(line.text, line, parent)

    def _list(self, indent: int, depth: int) -> list[Any]:
        items = []
        while (line := self.peek()) is not None and line.indent == indent and (line.text == '-' or line.text.startswith('- ')):
            rest = line.text[1:].lstrip()
            if not rest or rest[0] == '#':
                self.take()
                items.append(self.block(indent, depth + 1))
                continue
            inner = indent + len(line.text) - len(rest)
            self._rest = _Line(line.number, inner, rest)
            items.append(self.block(indent, depth + 1))
        return items

    def _mapping(self, indent: int, depth: int) -> dict[Any, Any]:
        values: dict[Any, Any] = {}
        while (line := self.peek()) is not None and line.indent == indent:
            found = _KEY.match(line.text)
            if found is None:
                raise YAMLError(f'line {line.number}: `key: value` is wanted, not {line.text!r}')
            key = _key(found[1], line)
            if key in values:
                raise YAMLError(f'line {line.number}: `{key}` is there already')
            rest = line.text[found.end() :].strip()
            self.take()
            if rest and rest[0] != '#':
                values[key] = self._scalar(rest, line, indent)
                continue
            after = self.peek()
            # A list may stand at the same indentation as its key.
            same = after is not None and after.indent == indent and (after.text == '-' or after.text.startswith('- '))
            values[key] = self._list(indent, depth + 1) if same else self.block(indent, depth + 1)
        return values

    def _scalar(self, text: str, line: _Line, parent: int) -> Any:
        """The value of what is left of a line, together with the lines that continue it."""
        first = text[0]
        if first in '&*!':
            raise YAMLError(f'line {line.number}: anchors, aliases and tags are not read: {text!r}')
        if first in '|>':
            return self._literal(text, line, parent)
        if first in '@`%':
            raise YAMLError(f'line {line.number}: a value must not begin with {first!r}; put it into quotes')
        if first in '{[':
            return _Flow(self._joined(text, parent), line.number).read()
        if first in '"\'':
            return _quoted(self._until_quote(text, first, line), line)
        plain = _without_comment(text)
        while (after := self.peek()) is not None and after.indent > parent and self._rest is None:
            if _KEY.match(after.text):
                raise YAMLError(f'line {after.number}: a mapping cannot follow a value')
            plain += ' ' + _without_comment(after.text)
            self.take()
        return scalar(plain)

    def _joined(self, text: str, parent: int) -> str:
        """A value in flow style, whose brackets may be closed on a later line."""
        while not _is_closed(text) and (after := self.peek()) is not None:
            text += ' ' + after.text
            self.take()
        return text

    def _until_quote(self, text: str, quote: str, line: _Line) -> str:
        while not re.fullmatch(r'"(?:[^"\\]|\\.)*"\s*(#.*)?' if quote == '"' else r"'(?:[^']|'')*'\s*(#.*)?", text, re.DOTALL):
            if self._at >= len(self._raw):
                raise YAMLError(f'line {line.number}: the quote {quote} is not closed')
            after = self._raw[self._at].strip()
            text += (' ' if after else '\n') + after
            self._at += 1
        return text

    def _literal(self, text: str, line: _Line, parent: int) -> str:
        found = re.fullmatch(r'([|>])([0-9]?)([+-]?)([0-9]?)\s*(#.*)?', text)
        if found is None:
            raise YAMLError(f'line {line.number}: {text!r} is no head of a block of text')
        lines: list[str] = []
        indent = max(parent, 0) + int(found[2] or found[4]) if found[2] or found[4] else -1
        while self._at < len(self._raw):
            raw = self._raw[self._at]
            if raw.strip():
                own = len(raw) - len(raw.lstrip(' '))
                if indent < 0:
                    indent = own
                if own < indent or own <= parent:
                    break
            lines.append(raw[indent:] if raw.strip() else '')
            self._at += 1
        body = '\n'.join(lines) if found[1] == '|' else _folded(lines)
        if found[3] == '+':
            return body + '\n'
        body = body.rstrip('\n')
        return body if found[3] == '-' or not body else body + '\n'


def _folded(lines: list[str]) -> str:
    text = ''
    for index, line in enumerate(lines):
        before = lines[index - 1] if index else ''
        if index and (not line or not before or line[0] == ' ' or before[0] == ' '):
            text += '\n' if not line or before[:1] == ' ' or line[:1] == ' ' else ''
        elif index:
            text += ' '
        text += line
    return text


def _key(text: str, line: _Line) -> Any:
    if text == '<<':
        raise YAMLError(f'line {line.number}: merge keys are not read')
    return _quoted(text, line) if text[0] in '"\'' else scalar(text.strip())


def _without_comment(text: str) -> str:
    return re.split(r'(?:^|[ \t])#', text, maxsplit=1)[0].strip()


def _is_closed(text: str) -> bool:
    bare = re.sub(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'', '', text)
    return bare.count('{') + bare.count('[') <= bare.count('}') + bare.count(']')


def _quoted(text: str, line: _Line) -> str:
    if text[0] == "'":
        return text[1 : text.rindex("'")].replace("''", "'")
    inner = text[1 : text.rindex('"')]

    def escape(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in 'xuU' and len(code) > 1:
            return chr(int(code[1:], 16))
        if code not in _ESCAPES:
            raise YAMLError(f'line {line.number}: unknown escape \\{code}')
        return _ESCAPES[code]

    return re.sub(r'\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)', escape, inner)


def scalar(text: str) -> Any:
    """The value of a plain scalar."""
    word = text.lower()
    if word in _WORDS:
        return _WORDS[word]
    if _INT.fullmatch(text):
        return int(text.replace('_', ''))
    if _OTHER_INT.fullmatch(text):
        return int(text, 0)
    return float(text.replace('_', '')) if _FLOAT.fullmatch(text) else text


class _Flow:
    """`{a: 1, b: [x, y]}`"""

    def __init__(self, text: str, number: int) -> None:
        self._text = text
        self._number = number
        self._at = 0

    def read(self) -> Any:
        """The value; nothing but a comment may follow."""
        value = self._value(0)
        rest = self._text[self._at :].strip()
        if rest and rest[0] != '#':
            raise self._error(f'{rest!r} follows the value')
        return value

    def _error(self, text: str) -> YAMLError:
        return YAMLError(f'line {self._number}: {text}')

    def _skip(self) -> str:
        while self._at < len(self._text) and self._text[self._at] in ' \t\n':
            self._at += 1
        if self._at >= len(self._text):
            raise self._error('a bracket is not closed')
        return self._text[self._at]

    def _value(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise self._error(f'nested more than {_DEEPEST} levels')
        first = self._skip()
        if first == '[':
            return self._items(']', depth)
        if first == '{':
            pairs = self._items('}', depth)
            return dict(pairs)
        if first in '&*!':
            raise self._error('anchors, aliases and tags are not read')
        if first in '"\'':
            found = re.compile(r'"(?:[^"\\]|\\.)*"' if first == '"' else r"'(?:[^']|'')*'").match(self._text, self._at)
            if found is None:
                raise self._error('a quote is not closed')
            self._at = found.end()
            return _quoted(found[0], _Line(self._number, 0, ''))
        found = re.compile(r'[^,\[\]{}]*?(?=\s*(?:[,\[\]{}]|:\s|:$|$))').match(self._text, self._at)
        self._at = found.end() if found else self._at
        return scalar(found[0].strip() if found else '')

    def _items(self, end: str, depth: int) -> list[Any]:
        self._at += 1
        items: list[Any] = []
        while self._skip() != end:
            item = self._value(depth + 1)
            if end == '}':
                item = (item, self._after_colon(depth))
            items.append(item)
            following = self._skip()
            if following == ',':
                self._at += 1
            elif following != end:
                raise self._error(f'`,` or `{end}` is wanted at {self._text[self._at : self._at + 20]!r}')
        self._at += 1
        return items

    def _after_colon(self, depth: int) -> Any:
        if self._skip() != ':':
            return None
        self._at += 1
        return None if self._skip() in ',}' else self._value(depth + 1)
