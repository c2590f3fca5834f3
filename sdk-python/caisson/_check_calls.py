"""Calls of functions that do not work in the sandbox, and state that does not outlive a request."""

from __future__ import annotations

import ast
from typing import Any

from caisson._check_names import CALLS

__all__ = ['check_calls']

_STATE = (
    'every request begins with the module as it was after loading, so what is kept here is gone with the request; use self.cache'
)
_PATH_METHODS = frozenset(
    ('read_text', 'read_bytes', 'write_text', 'write_bytes', 'mkdir', 'unlink', 'iterdir', 'touch', 'rglob')
)


def check_calls(tree: ast.Module, names: dict[str, str], report: Any) -> None:
    """Reports the calls of a file. `names` says what its imported names mean."""
    own = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    uses_paths = any(meaning.startswith('pathlib') for meaning in names.values())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            full = _full_name(node.func, names, own)
            if full in CALLS:
                level, code, message = CALLS[full]
                report.add(node, level, code, f'`{full}`: {message}')
            elif uses_paths and isinstance(node.func, ast.Attribute) and node.func.attr in _PATH_METHODS:
                report.warning(node, 'files', f'`{node.func.attr}`: {CALLS["open"][2]}')
        elif isinstance(node, ast.Subscript) and _full_name(node.value, names, own) == 'os.environ':
            report.warning(node, 'environment', '`os.environ`: the environment is empty; use self.config')
        elif isinstance(node, ast.Global):
            report.warning(node, 'state', f'`global {", ".join(node.names)}`: {_STATE}')
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            _check_class_state(node, report)


def _full_name(node: Any, names: dict[str, str], own: set[str]) -> str:
    """`urllib.request.urlopen` for `urlopen`, if it was imported so; empty for what is no name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id in own:
        return ''
    return '.'.join((names.get(node.id, node.id), *reversed(parts)))


def _check_class_state(cls: ast.ClassDef, report: Any) -> None:
    """`ClassName.counter += 1` in a method."""
    for node in ast.walk(cls):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
        for target in targets:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == cls.name:
                report.warning(node, 'state', f'`{cls.name}.{target.attr}`: {_STATE}')
