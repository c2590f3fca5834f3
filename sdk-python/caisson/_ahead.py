"""Makes ahead, while a package loads, what its services would make at their first use and keep: compiled patterns.

Every request begins with the memory as it was when the package had been loaded. What `re` and `strptime` keep of patterns would be made anew
in each of them, which takes milliseconds; what they keep from here on is there.
"""

from __future__ import annotations

import ast
import datetime
import re
from typing import Any

__all__ = ['compile_patterns']

_CALLS = re.compile(r'\bre\s*\.\s*\w|\bstrptime\s*\(')
_FUNCTIONS = frozenset(('compile', 'findall', 'finditer', 'fullmatch', 'match', 'search', 'split', 'sub', 'subn'))
# Where `flags` is when it is not a keyword.
_FLAGS_AT = {'compile': 1, 'split': 3, 'sub': 4, 'subn': 4}
# What the standard library keeps at most, less what it may need itself.
_MOST_PATTERNS = 256
_MOST_FORMATS = 4


def compile_patterns(sources: list[str]) -> None:
    """Compiles the patterns that stand as they are in calls of `re` and `strptime`. What is wrong with one is told when it is used."""
    patterns: dict[tuple[str | bytes, int], None] = {}
    formats: dict[str, None] = {}
    for source in sources:
        if not _CALLS.search(source):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                _note(node, node.func, patterns, formats)
    for pattern, flags in list(patterns)[:_MOST_PATTERNS]:
        try:
            re.compile(pattern, flags)
        except (ValueError, OverflowError, RecursionError, re.error):
            continue
    for wanted in list(formats)[:_MOST_FORMATS]:
        try:
            datetime.datetime.strptime('', wanted)
        except (ValueError, re.error):
            # It fits no empty text, but is compiled.
            continue


def _note(call: ast.Call, func: ast.Attribute, patterns: dict[tuple[str | bytes, int], None], formats: dict[str, None]) -> None:
    if func.attr == 'strptime':
        last = call.args[-1] if call.args else None
        if isinstance(last, ast.Constant) and isinstance(last.value, str):
            formats[last.value] = None
        return
    if func.attr not in _FUNCTIONS or not isinstance(func.value, ast.Name) or func.value.id != 're' or not call.args:
        return
    first, flags = call.args[0], _flags(call, func.attr)
    if isinstance(first, ast.Constant) and isinstance(first.value, (str, bytes)) and flags is not None:
        patterns[first.value, flags] = None


def _flags(call: ast.Call, function: str) -> int | None:
    """The flags of a call; None if they do not stand there as they are."""
    at = _FLAGS_AT.get(function, 2)
    given = [call.args[at]] if len(call.args) > at else [word.value for word in call.keywords if word.arg == 'flags']
    return _value(given[0]) if given else 0


def _value(node: Any) -> int | None:
    """What `re.I | re.M` is."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left, right = _value(node.left), _value(node.right)
        return None if left is None or right is None else left | right
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == 're':
        flag = getattr(re, node.attr, None)
        return int(flag) if isinstance(flag, re.RegexFlag) else None
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None
