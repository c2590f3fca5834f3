"""How a JSON Schema is compiled: each node to a check `(value, path, found) -> None`, by the rules of its keywords."""

from __future__ import annotations

import re
from typing import Any, Callable

from caisson._absent import nearest
from caisson._program import NotDeployable

__all__ = ['ANNOTATIONS', 'TYPES', 'Check', 'Compiler', 'Found', 'all_of', 'kind_of', 'passes', 'regex', 'same']

Found = list[tuple[str, str]]
Check = Callable[[Any, str, Found], None]

_DEEPEST = 200

ANNOTATIONS = frozenset(
    (
        '$schema',
        '$id',
        '$comment',
        '$defs',
        '$anchor',
        '$vocabulary',
        'definitions',
        'title',
        'description',
        'default',
        'examples',
        'example',
        'deprecated',
        'readOnly',
        'writeOnly',
        'contentEncoding',
        'contentMediaType',
        'contentSchema',
        'discriminator',
        'xml',
        'externalDocs',
        'then',
        'else',
        'minContains',
        'maxContains',
    )
)

TYPES: dict[str, Callable[[Any], bool]] = {
    'null': lambda value: value is None,
    'boolean': lambda value: isinstance(value, bool),
    'integer': lambda value: (
        (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    ),
    'number': lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    'string': lambda value: isinstance(value, str),
    'array': lambda value: isinstance(value, (list, tuple)),
    'object': lambda value: isinstance(value, dict),
}


class Compiler:
    """Compiles the nodes of one document."""

    def __init__(self, document: Any, name: str, rules: dict[str, Any]) -> None:
        self.rules = rules
        self.document = document
        self.name = name
        self._refs: dict[str, Check] = {}

    def wrong(self, where: str, text: str) -> NotDeployable:
        """The error for a schema that cannot be meant."""
        return NotDeployable(f'{self.name}: {where}: {text}')

    def compile(self, node: Any, where: str) -> Check:
        """The check of one node."""
        if isinstance(node, bool):
            return _anything if node else _nothing
        if not isinstance(node, dict):
            raise self.wrong(where, f'a schema is an object or a boolean, not {type(node).__name__}')
        checks = []
        for key, value in _modern(node).items():
            rule = self.rules.get(key)
            if rule is not None:
                check = rule(self, value, node, f'{where}/{key}')
                if check is not None:
                    checks.append(check)
            elif key not in ANNOTATIONS and not str(key).startswith('x-'):
                raise self.wrong(where, f'unknown keyword `{key}`{nearest(str(key), (*self.rules, *ANNOTATIONS))}')
        return checks[0] if len(checks) == 1 else all_of(checks)

    def compile_each(self, nodes: Any, where: str) -> list[Check]:
        """The checks of a list of nodes."""
        if not isinstance(nodes, list) or not nodes:
            raise self.wrong(where, 'a list of schemas is wanted')
        return [self.compile(node, f'{where}/{index}') for index, node in enumerate(nodes)]

    def reference(self, pointer: Any, where: str) -> Check:
        """The check that a `$ref` means; compiled when it is first used, since references may be circular."""
        if not isinstance(pointer, str) or not pointer.startswith('#'):
            raise self.wrong(where, f'{pointer!r} leads out of the document; only references like `#/$defs/name` are known')
        node = self._resolve(pointer, where)
        if pointer not in self._refs:
            self._refs[pointer] = _nothing
            self._refs[pointer] = self.compile(node, pointer)

        def check(value: Any, path: str, found: Found) -> None:
            if path.count('/') + path.count('[') > _DEEPEST:
                found.append((path, f'nested more than {_DEEPEST} levels'))
            else:
                self._refs[pointer](value, path, found)

        return check

    def _resolve(self, pointer: str, where: str) -> Any:
        node = self.document
        for part in [part.replace('~1', '/').replace('~0', '~') for part in pointer[1:].split('/')[1:]]:
            try:
                node = node[int(part)] if isinstance(node, list) else node[part]
            except (KeyError, ValueError, IndexError, TypeError):
                raise self.wrong(where, f'there is no {pointer}') from None
        return node


def _modern(node: dict[str, Any]) -> dict[str, Any]:
    """The node with the limits of draft 4 (`minimum: 1, exclusiveMinimum: true`) as they are written since."""
    for limit, exclusive in (('minimum', 'exclusiveMinimum'), ('maximum', 'exclusiveMaximum')):
        if isinstance(node.get(exclusive), bool):
            node = dict(node)
            if node.pop(exclusive) and limit in node:
                node[exclusive] = node.pop(limit)
    return node


def _anything(value: Any, path: str, found: Found) -> None:
    pass


def _nothing(value: Any, path: str, found: Found) -> None:
    found.append((path, 'is not allowed here'))


def all_of(checks: list[Check]) -> Check:
    """A check that makes all of these."""

    def check(value: Any, path: str, found: Found) -> None:
        for one in checks:
            one(value, path, found)

    return check


def passes(check: Check, value: Any, path: str) -> bool:
    """Whether a value passes a check."""
    found: Found = []
    check(value, path, found)
    return not found


def kind_of(value: Any) -> str:
    """The type of a value in words of JSON."""
    for name, test in TYPES.items():
        if test(value):
            return name
    return type(value).__name__


def same(one: Any, other: Any) -> bool:
    """Equality of JSON: `true` is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def regex(compiler: Compiler, pattern: Any, where: str) -> Callable[[str], Any]:
    """The search of a regular expression; a schema whose expression is none is refused."""
    try:
        return re.compile(pattern).search
    except (re.error, TypeError) as error:
        raise compiler.wrong(where, f'{pattern!r} is no regular expression: {error}') from None
