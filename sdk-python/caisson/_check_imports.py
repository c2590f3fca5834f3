"""Imports: modules that the sandbox does not have, and names that the modules of `zato` and `caisson` do not have."""

from __future__ import annotations

import ast
import importlib
import sys
from typing import Any

from caisson import _absent
from caisson._check_names import MODULES

__all__ = ['Imports']

_OURS = ('caisson', 'zato')
_PUBLIC = ('caisson', 'caisson.amqp', 'caisson.http', 'caisson.redis', 'caisson.sql', 'caisson.testing')


class Imports:
    """What can be imported by the files of a package."""

    def __init__(self, files: dict[str, str]) -> None:
        self._tops = {path.split('/', 1)[0].removesuffix('.py') for path in files if path.endswith('.py')}
        self._vendored = any(path.endswith('.whl') or path.startswith('vendor/') or '/vendor/' in path for path in files)

    def check(self, tree: ast.Module, report: Any) -> dict[str, str]:
        """Reports, and answers what names of the file mean: `{'urlopen': 'urllib.request.urlopen'}`."""
        guarded, unused = _guarded(tree), _for_types(tree)
        names: dict[str, str] = {}
        for node in ast.walk(tree):
            if node in unused:
                continue
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._module(node, alias.name, node in guarded, report)
                    names[alias.asname or alias.name.partition('.')[0]] = (
                        alias.name if alias.asname else alias.name.partition('.')[0]
                    )
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                if self._module(node, node.module, node in guarded, report):
                    self._members(node, node in guarded, report)
                names.update((alias.asname or alias.name, f'{node.module}.{alias.name}') for alias in node.names)
        return names

    def _module(self, node: Any, name: str, is_guarded: bool, report: Any) -> bool:
        """Whether the module is there."""
        top = name.partition('.')[0]
        if top in self._tops and top not in _OURS:
            return True
        # Somebody who imports in a `try` has thought of another way.
        level = 'warning' if is_guarded else 'error'
        if top in _OURS:
            return self._ours(node, name, level, report)
        if top in _absent.SANDBOX and not (self._vendored and top not in sys.stdlib_module_names):
            report.add(node, level, 'import-absent', f'there is no module `{top}` in the sandbox: {_absent.SANDBOX[top]}')
            return False
        if name in MODULES:
            known, message = MODULES[name]
            report.add(node, 'warning' if is_guarded else known, 'import-limited', f'`{name}`: {message}')
        elif top not in sys.stdlib_module_names and not self._vendored:
            report.warning(
                node,
                'import-unknown',
                (
                    f'`{top}` is neither of the standard library nor of the package; put its wheel, if it is pure Python, into '
                    '`vendor/`'
                    f'{_absent.nearest(top, sys.stdlib_module_names)}'
                ),
            )
        return True

    def _ours(self, node: Any, name: str, level: str, report: Any) -> bool:
        if any(part.startswith('_') for part in name.split('.')):
            report.warning(
                node, 'import-private', f'`{name}` is private and may change at any time; public names are those of `caisson`'
            )
            return True
        try:
            importlib.import_module(name)
        except ImportError:
            report.add(
                node,
                level,
                'import-zato',
                _absent.missing_module(name)
                if name.startswith('zato')
                else (
                    f'there is no module `{name}`{_absent.nearest(name, _PUBLIC)}'
                ),
            )
            return False
        return True

    def _members(self, node: ast.ImportFrom, is_guarded: bool, report: Any) -> None:
        name = node.module or ''
        if name.partition('.')[0] == 'urllib' or name.partition('.')[0] not in _OURS:
            self._submodules(node, name, is_guarded, report)
            return
        module = importlib.import_module(name)
        for alias in node.names:
            if alias.name == '*' or _has(module, alias.name):
                continue
            message = _absent.missing_name(name, alias.name, getattr(module, '__all__', None) or vars(module))
            report.add(node, 'warning' if is_guarded else 'error', 'import-zato', message)

    def _submodules(self, node: ast.ImportFrom, name: str, is_guarded: bool, report: Any) -> None:
        """`from http import client` imports a module as well."""
        for alias in node.names:
            full = f'{name}.{alias.name}'
            if full in MODULES:
                known, message = MODULES[full]
                report.add(node, 'warning' if is_guarded else known, 'import-limited', f'`{full}`: {message}')


def _has(module: Any, name: str) -> bool:
    try:
        getattr(module, name)
    except (AttributeError, ImportError):
        try:
            importlib.import_module(f'{module.__name__}.{name}')
        except ImportError:
            return False
    return True


def _guarded(tree: ast.Module) -> set[ast.AST]:
    """What is within a `try` that catches failing imports."""
    return {
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.Try) and any(_catches(handler) for handler in node.handlers)
        for statement in node.body
        for part in ast.walk(statement)
    }


def _for_types(tree: ast.Module) -> set[ast.AST]:
    """What only type checkers see."""
    return {
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.dump(node.test)
        for statement in node.body
        for part in ast.walk(statement)
    }


def _catches(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or any(
        name in ast.dump(handler.type) for name in ('ImportError', 'ModuleNotFoundError', "'Exception'")
    )
