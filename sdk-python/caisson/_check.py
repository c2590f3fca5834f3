"""Reads services without running them and lists what will not work here, for `caisson check`.

Each finding is a dict: `file`, `line` and `column` (from 1), `level` (`error`: it will not work; `warning`: it works
otherwise, or only perhaps), `code` (a word for each kind of finding) and `message`.

    check({'crm.py': 'import sqlite3\\n'})
    [{'file': 'crm.py', 'line': 1, 'column': 1, 'level': 'error', 'code': 'import-absent', 'message': '...'}]

`_check_imports` has what is wrong with imports, `_check_calls` with calls, `_check_classes` with services, `_check_names`
what is known.
"""

from __future__ import annotations

import ast
import sys
from typing import Any

from caisson._check_calls import check_calls
from caisson._check_classes import Classes
from caisson._check_imports import Imports

__all__ = ['Report', 'check']

_MOST = 1_000


class Report:
    """The findings of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[dict[str, Any]] = []

    def add(self, node: Any, level: str, code: str, message: str) -> None:
        """One finding at a node of the syntax tree; None for the file as a whole."""
        line, column = (getattr(node, 'lineno', 1) or 1, getattr(node, 'col_offset', 0) or 0) if node is not None else (1, 0)
        self.found.append(
            {'file': self.file, 'line': line, 'column': column + 1, 'level': level, 'code': code, 'message': message}
        )

    def error(self, node: Any, code: str, message: str) -> None:
        """It will not work."""
        self.add(node, 'error', code, message)

    def warning(self, node: Any, code: str, message: str) -> None:
        """It works otherwise, or only perhaps."""
        self.add(node, 'warning', code, message)


def check(files: dict[str, str]) -> list[dict[str, Any]]:
    """What will not work in these files, sorted by file, line and column. Paths are as they are in the package; `.py` files
    are read.
    """
    reports = {path: Report(path) for path in sorted(files) if path.endswith('.py')}
    trees = {}
    for path, report in reports.items():
        tree = _parse(files[path], report)
        if tree is not None:
            trees[path] = tree
    _check_shadows(reports)
    imports = Imports(files)
    classes = Classes(trees)
    for path, tree in trees.items():
        names = imports.check(tree, reports[path])
        check_calls(tree, names, reports[path])
        classes.check(path, reports[path])
    found = [finding for report in reports.values() for finding in report.found]
    found.sort(key=lambda finding: (finding['file'], finding['line'], finding['column']))
    return found[:_MOST]


def _parse(source: str, report: Report) -> ast.Module | None:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        report.found.append(
            {
                'file': report.file,
                'line': error.lineno or 1,
                'column': error.offset or 1,
                'level': 'error',
                'code': 'syntax',
                'message': f'SyntaxError: {error.msg}',
            }
        )
    except (ValueError, RecursionError) as error:
        report.error(None, 'syntax', f'the file cannot be read: {error}')
    return None


def _check_shadows(reports: dict[str, Report]) -> None:
    """A file or folder at the top whose name is one of the standard library."""
    seen = set()
    for path, report in reports.items():
        top = path.split('/', 1)[0].removesuffix('.py')
        if top in seen:
            continue
        seen.add(top)
        if top in ('caisson', 'zato') or top in sys.stdlib_module_names:
            kind = 'the SDK' if top in ('caisson', 'zato') else 'the standard library'
            report.error(
                None,
                'shadow',
                f'`{top}` is the name of a module of {kind}, which the package would hide; rename the file or folder',
            )
