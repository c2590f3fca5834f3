"""The keywords of JSON Schema, by the functions that compile their values: those of values and of combinations are here."""

from __future__ import annotations

import math
from typing import Any, Callable

from caisson._absent import nearest
from caisson._json_schema_base import TYPES, Check, Compiler, Found, all_of, kind_of, passes, regex, same
from caisson._json_schema_shapes import (
    additional_items_rule,
    additional_rule,
    contains_rule,
    dependent_rule,
    items_rule,
    pattern_properties_rule,
    prefix_rule,
    properties_rule,
    property_names_rule,
    required_rule,
    unique_rule,
)

__all__ = ['RULES']


def _type(compiler: Compiler, wanted: Any, node: Any, where: str) -> Check:
    names = wanted if isinstance(wanted, list) else [wanted]
    for name in names:
        if name not in TYPES:
            raise compiler.wrong(where, f'unknown type {name!r}{nearest(str(name), TYPES)}')
    tests = [TYPES[name] for name in names]
    text = ' or '.join(names)

    def check(value: Any, path: str, found: Found) -> None:
        if not any(test(value) for test in tests):
            found.append((path, f'{text} is wanted, not {kind_of(value)}'))

    return check


def _enum(compiler: Compiler, options: Any, node: Any, where: str) -> Check:
    if not isinstance(options, list):
        raise compiler.wrong(where, 'a list is wanted')

    def check(value: Any, path: str, found: Found) -> None:
        if not any(same(value, option) for option in options):
            found.append((path, f'one of {", ".join(map(repr, options))} is wanted'))

    return check


def _const(compiler: Compiler, wanted: Any, node: Any, where: str) -> Check:
    def check(value: Any, path: str, found: Found) -> None:
        if not same(value, wanted):
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
    matches = regex(compiler, pattern, where)

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, str) and not matches(value):
            found.append((path, f'text that matches {pattern} is wanted'))

    return check


def _format(compiler: Compiler, name: Any, node: Any, where: str) -> Check | None:
    from caisson._formats import FORMATS

    test = FORMATS.get(name)
    if test is None:
        return None

    def check(value: Any, path: str, found: Found) -> None:
        if isinstance(value, str) and not test(value):
            found.append((path, f'text of the format {name} is wanted'))

    return check


def _all(compiler: Compiler, schemas: Any, node: Any, where: str) -> Check:
    return all_of(compiler.compile_each(schemas, where))


def _any(compiler: Compiler, schemas: Any, node: Any, where: str) -> Check:
    checks = compiler.compile_each(schemas, where)

    def check(value: Any, path: str, found: Found) -> None:
        if not any(passes(one, value, path) for one in checks):
            found.append((path, f'fits none of the {len(checks)} forms that are allowed'))

    return check


def _one(compiler: Compiler, schemas: Any, node: Any, where: str) -> Check:
    checks = compiler.compile_each(schemas, where)

    def check(value: Any, path: str, found: Found) -> None:
        count = sum(passes(one, value, path) for one in checks)
        if count != 1:
            found.append((path, f'fits {count or "none"} of the {len(checks)} forms that are allowed, not exactly one'))

    return check


def _not(compiler: Compiler, schema: Any, node: Any, where: str) -> Check:
    one = compiler.compile(schema, where)

    def check(value: Any, path: str, found: Found) -> None:
        if passes(one, value, path):
            found.append((path, 'has a form that is not allowed'))

    return check


def _if(compiler: Compiler, schema: Any, node: Any, where: str) -> Check:
    test = compiler.compile(schema, where)
    then, other = (compiler.compile(node.get(name, True), f'{where}/{name}') for name in ('then', 'else'))

    def check(value: Any, path: str, found: Found) -> None:
        (then if passes(test, value, path) else other)(value, path, found)

    return check


def _ref(compiler: Compiler, pointer: Any, node: Any, where: str) -> Check:
    return compiler.reference(pointer, where)


_NUMBER = (int, float)

RULES: dict[str, Any] = {
    '$ref': _ref,
    'type': _type,
    'enum': _enum,
    'const': _const,
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
    'pattern': _pattern,
    'format': _format,
    'required': required_rule,
    'properties': properties_rule,
    'patternProperties': pattern_properties_rule,
    'additionalProperties': additional_rule,
    'propertyNames': property_names_rule,
    'items': items_rule,
    'prefixItems': prefix_rule,
    'uniqueItems': unique_rule,
    'additionalItems': additional_items_rule,
    'contains': contains_rule,
    'allOf': _all,
    'anyOf': _any,
    'oneOf': _one,
    'not': _not,
    'if': _if,
    'dependentRequired': dependent_rule,
    'dependentSchemas': dependent_rule,
    'dependencies': dependent_rule,
}
"""The keywords that say something about values."""
