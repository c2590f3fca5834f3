"""The keywords of JSON Schema: for each a function that compiles its value to a check `(value, path, found) -> None`."""

from __future__ import annotations

import math
import re
from typing import Any, Callable

from caisson._absent import nearest
from caisson._program import NotDeployable

__all__ = ['ANNOTATIONS', 'RULES', 'Compiler', 'Found']

Found = list[tuple[str, str]]
Check = Callable[[Any, str, Found], None]

_DEEPEST = 200

ANNOTATIONS = frozenset((
    '$schema', '$id', '$comment', '$defs', '$anchor', '$vocabulary', 'definitions', 'title', 'description', 'default', 'examples', 'example',
    'deprecated', 'readOnly', 'writeOnly', 'contentEncoding', 'contentMediaType', 'contentSchema', 'discriminator', 'xml', 'externalDocs',
    'then', 'else', 'minContains', 'maxContains',
))

_TYPES: dict[str, Callable[[Any], bool]] = {
    'null': lambda value: value is None,
    'boolean': lambda value: isinstance(value, bool),
    'integer': lambda value: (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer()),
    'number': lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    'string': lambda value: isinstance(value, str),
    'array': lambda value: isinstance(value, (list, tuple)),
    'object': lambda value: isinstance(value, dict),
}


class Compiler:
    """Compiles the nodes of one document."""

    def __init__(self, document: Any, name: str) -> None:
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
            rule = RULES.get(key)
            if rule is not None:
                check = rule(self, value, node, f'{where}/{key}')
                if check is not None:
                    checks.append(check)
            elif key not in ANNOTATIONS and not str(key).startswith('x-'):
                raise self.wrong(where, f'unknown keyword `{key}`{nearest(str(key), (*RULES, *ANNOTATIONS))}')
        return checks[0] if len(checks) == 1 else _all_of(checks)

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


def _all_of(checks: list[Check]) -> Check:
    def check(value: Any, path: str, found: Found) -> None:
        for one in checks:
            one(value, path, found)

    return check


def _passes(check: Check, value: Any, path: str) -> bool:
    found: Found = []
    check(value, path, found)
    return not found


def _kind(value: Any) -> str:
    for name, test in _TYPES.items():
        if test(value):
            return name
    return type(value).__name__


def _same(one: Any, other: Any) -> bool:
    """Equality of JSON: `true` is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)


def _type(compiler: Compiler, wanted: Any, node: Any, where: str) -> Check:
    names = wanted if isinstance(wanted, list) else [wanted]
    for name in names:
        if name not in _TYPES:
            raise compiler.wrong(where, f'unknown type {name!r}{nearest(str(name), _TYPES)}')
    tests = [_TYPES[name] for name in names]
    text = ' or '.join(names)

    def check(value: Any, path: str, found: Found) -> None:
        if not any(test(value) for test in tests):
            found.append((path, f'{text} is wanted, not {_kind(value)}'))

    return check


def _enum(compiler: Compiler, options: Any, node: Any, where: str) -> Check:
    if not isinstance(options, list):
        raise compiler.wrong(where, 'a list is wanted')

    def check(value: Any, path: str, found: Found) -> None:
        if not any(_same(value, option) for option in options):
            found.append((path, f'one of {", ".join(map(repr, options))} is wanted'))

    return check


def _const(compiler: Compiler, wanted: Any, node: Any, where: str) -> Check:
    def check(value: Any, path: str, found: Found) -> None:
        if not _same(value, wanted):
            found.append((path, f'{wanted!r} is wanted'))

    return check


def _limit(test: Callable[[Any, Any], bool], measure: Callable[[Any], Any], types: tuple[type, ...], text: str) -> Any:
    """The rule of a keyword that bounds a number or a length."""
    def rule(compiler: Compiler, limit: Any, node: Any, where: str) -> Check:
        if not isinstance(limit, (int, float)) or isinstance(limit, bool):
            raise compiler.wrong(where, 'a number is wanted')

        def check(value: Any, path: str, found: Found) -> None:
            if isinstance(value, types) and not isinstance(value, bool) and not test(measure(value), limit):
                found.append((path, text.format(limit)))

        return check

    return rule


def _itself(value: Any) -> Any:
    return value


def _multiple(value: Any, of: Any) -> bool:
    if isinstance(value, int) and isinstance(of, int):
        return value % of == 0
    quotient = value / of
    return math.isfinite(quotient) and abs(quotient - round(quotient)) < 1e-9


def _pattern(compiler: Compiler, pattern: Any, node: Any, where: str) -> Check:
    matches = _regex(compiler, pattern, where)

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, str) and not matches(value):
            found.append((path, f'text that matches {pattern} is wanted'))

    return check


def _regex(compiler: Compiler, pattern: Any, where: str) -> Callable[[str], Any]:
    try:
        return re.compile(pattern).search
    except (re.error, TypeError) as error:
        raise compiler.wrong(where, f'{pattern!r} is no regular expression: {error}') from None


def _format(compiler: Compiler, name: Any, node: Any, where: str) -> Check | None:
    from caisson._formats import FORMATS
    test = FORMATS.get(name)
    if test is None:
        return None

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, str) and not test(value):
            found.append((path, f'text of the format {name} is wanted'))

    return check


def _required(compiler: Compiler, names: Any, node: Any, where: str) -> Check | None:
    if isinstance(names, bool):
        raise compiler.wrong(where, '`required` is a list of names in the object that has them')
    if not isinstance(names, list):
        raise compiler.wrong(where, 'a list of names is wanted')

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, dict):
            found.extend((f'{path}/{name}', 'is missing') for name in names if name not in value)

    return check


def _properties(compiler: Compiler, properties: Any, node: Any, where: str) -> Check:
    checks = _compile_dict(compiler, properties, where)

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, dict):
            for name, one in checks.items():
                if name in value:
                    one(value[name], f'{path}/{name}', found)

    return check


def _compile_dict(compiler: Compiler, nodes: Any, where: str) -> dict[str, Check]:
    if not isinstance(nodes, dict):
        raise compiler.wrong(where, 'an object of schemas is wanted')
    return {name: compiler.compile(one, f'{where}/{name}') for name, one in nodes.items()}


def _pattern_properties(compiler: Compiler, patterns: Any, node: Any, where: str) -> Check:
    checks = [(_regex(compiler, pattern, where), one) for pattern, one in _compile_dict(compiler, patterns, where).items()]

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                for matches, one in checks:
                    if matches(name):
                        one(item, f'{path}/{name}', found)

    return check


def _additional(compiler: Compiler, rest: Any, node: Any, where: str) -> Check:
    known = node.get('properties') or {}
    patterns = [_regex(compiler, pattern, where) for pattern in node.get('patternProperties') or {}]
    one = compiler.compile(rest, where)

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                if name not in known and not any(matches(name) for matches in patterns):
                    if rest is False:
                        found.append((f'{path}/{name}', f'is not known{nearest(str(name), known)}'))
                    else:
                        one(item, f'{path}/{name}', found)

    return check


def _names(compiler: Compiler, schema: Any, node: Any, where: str) -> Check:
    one = compiler.compile(schema, where)

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, dict):
            for name in value:
                one(name, f'{path}/{name}', found)

    return check


def _items(compiler: Compiler, schema: Any, node: Any, where: str) -> Check:
    if isinstance(schema, list):
        return _prefix(compiler, schema, node, where)
    one = compiler.compile(schema, where)
    start = len(node.get('prefixItems') or ())

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, (list, tuple)):
            for index in range(start, len(value)):
                one(value[index], f'{path}[{index}]', found)

    return check


def _prefix(compiler: Compiler, schemas: Any, node: Any, where: str) -> Check:
    checks = compiler.compile_each(schemas, where)

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, (list, tuple)):
            for index, (one, item) in enumerate(zip(checks, value)):
                one(item, f'{path}[{index}]', found)

    return check


def _additional_items(compiler: Compiler, schema: Any, node: Any, where: str) -> Check | None:
    if not isinstance(node.get('items'), list):
        return None
    return _items(compiler, schema, {'prefixItems': node['items']}, where)


def _unique(compiler: Compiler, wanted: Any, node: Any, where: str) -> Check | None:
    if not wanted:
        return None

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, (list, tuple)):
            seen: set[str] = set()
            for index, item in enumerate(value):
                key = repr(_sorted(item))
                if key in seen:
                    found.append((f'{path}[{index}]', 'is there already; items have to differ'))
                seen.add(key)

    return check


def _sorted(value: Any) -> Any:
    """A form of a value whose `repr` is the same for what JSON takes as equal."""
    if isinstance(value, dict):
        return sorted((name, _sorted(item)) for name, item in value.items())
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _contains(compiler: Compiler, schema: Any, node: Any, where: str) -> Check:
    one = compiler.compile(schema, where)
    least, most = node.get('minContains', 1), node.get('maxContains')

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, (list, tuple)):
            count = sum(_passes(one, item, path) for item in value)
            if count < least or (most is not None and count > most):
                found.append((path, f'{count} items fit `contains`; {least} to {most if most is not None else "any number"} are wanted'))

    return check


def _all(compiler: Compiler, schemas: Any, node: Any, where: str) -> Check:
    return _all_of(compiler.compile_each(schemas, where))


def _any(compiler: Compiler, schemas: Any, node: Any, where: str) -> Check:
    checks = compiler.compile_each(schemas, where)

    def check(value: Any, path: str, found: Found) -> None:
        if not any(_passes(one, value, path) for one in checks):
            found.append((path, f'fits none of the {len(checks)} forms that are allowed'))

    return check


def _one(compiler: Compiler, schemas: Any, node: Any, where: str) -> Check:
    checks = compiler.compile_each(schemas, where)

    def check(value: Any, path: str, found: Found) -> None:
        count = sum(_passes(one, value, path) for one in checks)
        if count != 1:
            found.append((path, f'fits {count or "none"} of the {len(checks)} forms that are allowed, not exactly one'))

    return check


def _not(compiler: Compiler, schema: Any, node: Any, where: str) -> Check:
    one = compiler.compile(schema, where)

    def check(value: Any, path: str, found: Found) -> None:
        if _passes(one, value, path):
            found.append((path, 'has a form that is not allowed'))

    return check


def _if(compiler: Compiler, schema: Any, node: Any, where: str) -> Check:
    test = compiler.compile(schema, where)
    then, other = (compiler.compile(node.get(name, True), f'{where}/{name}') for name in ('then', 'else'))

    def check(value: Any, path: str, found: Found) -> None:
        (then if _passes(test, value, path) else other)(value, path, found)

    return check


def _dependent(compiler: Compiler, names: Any, node: Any, where: str) -> Check:
    needs = {name: tuple(value) for name, value in names.items() if isinstance(value, list)}
    schemas = _compile_dict(compiler, {name: value for name, value in names.items() if not isinstance(value, list)}, where)

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, dict):
            for name in value:
                found.extend((f'{path}/{need}', f'is missing; {name} needs it') for need in needs.get(name, ()) if need not in value)
                if name in schemas:
                    schemas[name](value, path, found)

    return check


def _ref(compiler: Compiler, pointer: Any, node: Any, where: str) -> Check:
    return compiler.reference(pointer, where)


_NUMBER = (int, float)

RULES: dict[str, Any] = {
    '$ref': _ref, 'type': _type, 'enum': _enum, 'const': _const,
    'minimum': _limit(lambda value, limit: value >= limit, _itself, _NUMBER, 'at least {} is wanted'),
    'maximum': _limit(lambda value, limit: value <= limit, _itself, _NUMBER, 'at most {} is wanted'),
    'exclusiveMinimum': _limit(lambda value, limit: value > limit, _itself, _NUMBER, 'more than {} is wanted'),
    'exclusiveMaximum': _limit(lambda value, limit: value < limit, _itself, _NUMBER, 'less than {} is wanted'),
    'multipleOf': _limit(_multiple, _itself, _NUMBER, 'a multiple of {} is wanted'),
    'minLength': _limit(lambda value, limit: value >= limit, len, (str,), 'at least {} characters are wanted'),
    'maxLength': _limit(lambda value, limit: value <= limit, len, (str,), 'at most {} characters are wanted'),
    'minItems': _limit(lambda value, limit: value >= limit, len, (list, tuple), 'at least {} items are wanted'),
    'maxItems': _limit(lambda value, limit: value <= limit, len, (list, tuple), 'at most {} items are wanted'),
    'minProperties': _limit(lambda value, limit: value >= limit, len, (dict,), 'at least {} fields are wanted'),
    'maxProperties': _limit(lambda value, limit: value <= limit, len, (dict,), 'at most {} fields are wanted'),
    'pattern': _pattern, 'format': _format, 'required': _required, 'properties': _properties, 'patternProperties': _pattern_properties,
    'additionalProperties': _additional, 'propertyNames': _names, 'items': _items, 'prefixItems': _prefix, 'uniqueItems': _unique,
    'additionalItems': _additional_items,
    'contains': _contains, 'allOf': _all, 'anyOf': _any, 'oneOf': _one, 'not': _not, 'if': _if, 'dependentRequired': _dependent,
    'dependentSchemas': _dependent, 'dependencies': _dependent,
}
"""The keywords that say something about values."""
