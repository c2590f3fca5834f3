"""Runs tests inside of the sandbox, where there is no pytest: what `caisson test` asks.

The command loads this with the user's files, asks once which tests there are, and then for each test on a pristine instance. Paths are
those of the program's files.
"""

from __future__ import annotations

from typing import Any

from caisson._runner import _collect, _execute

__all__ = ['answer', 'load']


def load(files: list[str]) -> None:
    """Imports files of tests. What goes wrong is kept, and told when it is asked for."""
    _collect.load(files)


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Answers `{'do': 'collect'}` with `tests` (their names) and `broken` (outcomes of files that cannot be imported), and
    `{'do': 'run', 'test': name}` with the outcome of that test.
    """
    if question['do'] == 'collect':
        return {'tests': list(_collect.TESTS), 'broken': _collect.BROKEN}
    return _execute.run(_collect.TESTS[question['test']])
