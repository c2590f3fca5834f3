"""Assertions that tell what they compare: `assert a == b` fails with both values and what differs."""

from __future__ import annotations

import ast
import difflib
import pprint
from typing import Any

__all__ = ['explain', 'rewrite']

_WIDTH = 100
_MOST_LINES = 60
_NAME = '_caisson_assert'

_OPERATORS = {
    ast.Eq: '==', ast.NotEq: '!=', ast.Lt: '<', ast.LtE: '<=', ast.Gt: '>', ast.GtE: '>=', ast.Is: 'is', ast.IsNot: 'is not',
    ast.In: 'in', ast.NotIn: 'not in',
}


def rewrite(tree: ast.Module) -> ast.Module:
    """The same module with each `assert` told apart into its values."""
    made = _Rewriter().visit(tree)
    at = 1 if tree.body and isinstance(tree.body[0], ast.Expr) and isinstance(getattr(tree.body[0], 'value', None), ast.Constant) else 0
    while at < len(made.body) and isinstance(made.body[at], ast.ImportFrom) and made.body[at].module == '__future__':
        at += 1
    made.body.insert(at, ast.ImportFrom('caisson._runner._asserts', [ast.alias('explain', f'{_NAME}_explain')], 0))
    ast.fix_missing_locations(made)
    assert isinstance(made, ast.Module)
    return made


class _Rewriter(ast.NodeTransformer):
    def __init__(self) -> None:
        self._count = 0

    def visit_Assert(self, node: ast.Assert) -> Any:
        """Each part of `a and b` is an assertion of its own."""
        if isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.And):
            parts = [ast.copy_location(ast.Assert(part, node.msg), node) for part in node.test.values]
            return [made for part in parts for made in _listed(self.visit_Assert(part))]
        values: list[ast.expr] = []
        test = self._kept(node.test, values)
        shown = ast.Constant(ast.unparse(node.test))
        sign = ast.Constant(_sign(node.test))
        message = node.msg if node.msg is not None else ast.Constant(None)
        reads = ast.Tuple([ast.Name(value.target.id, ast.Load()) for value in values if isinstance(value, ast.NamedExpr)], ast.Load())
        told = ast.Call(ast.Name(f'{_NAME}_explain', ast.Load()), [shown, sign, reads, message], [])
        failed = ast.Raise(ast.Call(ast.Name('AssertionError', ast.Load()), [told], []), None)
        made = ast.If(ast.UnaryOp(ast.Not(), test), [failed], [])
        for part in ast.walk(made):
            ast.copy_location(part, node)
        return made

    def _kept(self, test: ast.expr, values: list[ast.expr]) -> ast.expr:
        """The expression with its sides put into variables; of a chain of comparisons, and all else, only the whole."""
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            sides = [self._named(test.left, values), self._named(test.comparators[0], values)]
            return ast.Compare(sides[0], test.ops, [sides[1]])
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return ast.UnaryOp(test.op, self._named(test.operand, values))
        return self._named(test, values)

    def _named(self, value: ast.expr, values: list[ast.expr]) -> ast.expr:
        self._count += 1
        made = ast.NamedExpr(ast.Name(f'{_NAME}_{self._count}', ast.Store()), value)
        values.append(made)
        return made


def _listed(made: Any) -> list[Any]:
    return made if isinstance(made, list) else [made]


def _sign(test: ast.expr) -> str:
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _OPERATORS[type(test.ops[0])]
    return 'not' if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else ''


def explain(shown: str, sign: str, values: tuple[Any, ...], message: Any) -> str:
    """What is wrong: the assertion, the values, and for values that should be equal what differs."""
    lines = [str(message)] if message is not None else []
    lines.append(f'assert {shown}')
    if sign == '==':
        lines += differences(*values)
    elif len(values) == 2:
        lines += [f'  left:  {_short(values[0])}', f'  right: {_short(values[1])}']
    else:
        lines.append(f'  it is {_short(values[0])}')
    return '\n'.join(lines)


def differences(left: Any, right: Any) -> list[str]:
    """Lines that are only on the left (`-`) and only on the right (`+`), with some that are on both sides."""
    if isinstance(left, str) and isinstance(right, str) and ('\n' in left or '\n' in right):
        before, after = left.splitlines(), right.splitlines()
    else:
        before, after = _lines(left), _lines(right)
    if len(before) == len(after) == 1 or before == after:
        return [f'- {_short(left)}', f'+ {_short(right)}']
    found = [line.rstrip('\n') for line in difflib.ndiff(before, after) if not line.startswith('?')]
    if len(found) > _MOST_LINES:
        found = [*found[:_MOST_LINES], f'  ... and {len(found) - _MOST_LINES} more lines']
    return found


def _lines(value: Any) -> list[str]:
    try:
        text = pprint.pformat(value, width=60, sort_dicts=True)
    except Exception:
        text = _short(value)
    lines = text.splitlines() or ['']
    # One that fits is one line, so that what differs is seen beside it.
    whole = _short(value)
    return [whole] if len(whole) <= _WIDTH else lines


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except Exception as error:
        text = f'<a {type(value).__name__} that cannot be shown: {type(error).__name__}>'
    return text if len(text) <= 2_000 else text[:2_000] + '...'
