"""The keywords of JSON Schema for objects and lists."""

from __future__ import annotations

from typing import Any

from caisson._absent import nearest
from caisson._json_schema_base import Check, Compiler, Found, passes, regex

__all__ = [
    'additional_rule',
    'additional_items_rule',
    'contains_rule',
    'dependent_rule',
    'items_rule',
    'pattern_properties_rule',
    'prefix_rule',
    'properties_rule',
    'property_names_rule',
    'required_rule',
    'unique_rule',
]


def required_rule(compiler: Compiler, names: Any, node: Any, where: str) -> Check | None:
    """`required`."""
    if isinstance(names, bool):
        raise compiler.wrong(where, '`required` is a list of names in the object that has them')
    if not isinstance(names, list):
        raise compiler.wrong(where, 'a list of names is wanted')

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, dict):
            found.extend((f'{path}/{name}', 'is missing') for name in names if name not in value)

    return check


def properties_rule(compiler: Compiler, properties: Any, node: Any, where: str) -> Check:
    """`properties`."""
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


def pattern_properties_rule(compiler: Compiler, patterns: Any, node: Any, where: str) -> Check:
    """`patternProperties`."""
    checks = [(regex(compiler, pattern, where), one) for pattern, one in _compile_dict(compiler, patterns, where).items()]

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                for matches, one in checks:
                    if matches(name):
                        one(item, f'{path}/{name}', found)

    return check


def additional_rule(compiler: Compiler, rest: Any, node: Any, where: str) -> Check:
    """`additionalProperties`."""
    known = node.get('properties') or {}
    patterns = [regex(compiler, pattern, where) for pattern in node.get('patternProperties') or {}]
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


def property_names_rule(compiler: Compiler, schema: Any, node: Any, where: str) -> Check:
    """`propertyNames`."""
    one = compiler.compile(schema, where)

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, dict):
            for name in value:
                one(name, f'{path}/{name}', found)

    return check


def items_rule(compiler: Compiler, schema: Any, node: Any, where: str) -> Check:
    """`items`."""
    if isinstance(schema, list):
        return prefix_rule(compiler, schema, node, where)
    one = compiler.compile(schema, where)
    start = len(node.get('prefixItems') or ())

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, (list, tuple)):
            for index in range(start, len(value)):
                one(value[index], f'{path}[{index}]', found)

    return check


def prefix_rule(compiler: Compiler, schemas: Any, node: Any, where: str) -> Check:
    """`prefixItems`."""
    checks = compiler.compile_each(schemas, where)

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, (list, tuple)):
            for index, (one, item) in enumerate(zip(checks, value)):
                one(item, f'{path}[{index}]', found)

    return check


def additional_items_rule(compiler: Compiler, schema: Any, node: Any, where: str) -> Check | None:
    """`additionalItems` of draft 7."""
    if not isinstance(node.get('items'), list):
        return None
    return items_rule(compiler, schema, {'prefixItems': node['items']}, where)


def unique_rule(compiler: Compiler, wanted: Any, node: Any, where: str) -> Check | None:
    """`uniqueItems`."""
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


def contains_rule(compiler: Compiler, schema: Any, node: Any, where: str) -> Check:
    """`contains` with `minContains` and `maxContains`."""
    one = compiler.compile(schema, where)
    least, most = node.get('minContains', 1), node.get('maxContains')

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, (list, tuple)):
            count = sum(passes(one, item, path) for item in value)
            if count < least or (most is not None and count > most):
                found.append(
                    (path, f'{count} items fit `contains`; {least} to {most if most is not None else "any number"} are wanted')
                )

    return check


def dependent_rule(compiler: Compiler, names: Any, node: Any, where: str) -> Check:
    """`dependentRequired`, `dependentSchemas`, and `dependencies` of draft 7."""
    needs = {name: tuple(value) for name, value in names.items() if isinstance(value, list)}
    schemas = _compile_dict(compiler, {name: value for name, value in names.items() if not isinstance(value, list)}, where)

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, dict):
            for name in value:
                found.extend(
                    (f'{path}/{need}', f'is missing; {name} needs it') for need in needs.get(name, ()) if need not in value
                )
                if name in schemas:
                    schemas[name](value, path, found)

    return check
