"""Running one test."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import io
import logging
import time
import unittest
from typing import Any, Callable

from caisson._runner import _pytest, _report
from caisson._runner._collect import Test

__all__ = ['run']


def run(test: Test) -> dict[str, Any]:
    """The outcome of a test, with what it printed and logged."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter('%(levelname)s %(name)s: %(message)s'))
    root = logging.getLogger()
    root.addHandler(handler)
    error, skipped = None, None
    began = time.perf_counter()
    try:
        with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
            skipped = _run(test)
    except _pytest.Skipped as reason:
        skipped = str(reason) or 'skipped'
    except unittest.SkipTest as reason:
        skipped = str(reason) or 'skipped'
    except BaseException as raised:
        error = raised
    finally:
        root.removeHandler(handler)
    return _report.outcome(test.name, test.file, time.perf_counter() - began, error, written.getvalue(), skipped)


def _run(test: Test) -> str | None:
    """Runs it; why it was skipped, or `None`."""
    if test.cls is not None and issubclass(test.cls, unittest.TestCase):
        return _run_case(test.cls, test.function.__name__)
    reason = _pytest.skip_reason(test.function)
    if reason is not None:
        return reason
    with contextlib.ExitStack() as after:
        owner = None if test.cls is None else test.cls()
        _set_up(test, owner, after)
        arguments = _pytest.arguments(test, owner, after)
        function: Callable[..., Any] = test.function if owner is None else test.function.__get__(owner)
        result = function(**arguments)
        if inspect.iscoroutine(result):
            asyncio.run(result)
    return None


def _set_up(test: Test, owner: Any, after: contextlib.ExitStack) -> None:
    """Calls what pytest calls before a test, and sees to it that its counterparts are called after it, the last first."""
    pairs = [(test.module, 'setup_module', 'teardown_module', test.module)]
    if owner is None:
        pairs.append((test.module, 'setup_function', 'teardown_function', test.function))
    else:
        pairs += [(test.cls, 'setup_class', 'teardown_class', None), (owner, 'setup_method', 'teardown_method', test.function)]
    for place, before, later, given in pairs:
        down = getattr(place, later, None)
        if down is not None:
            after.callback(_called, down, given)
        up = getattr(place, before, None)
        if up is not None:
            _called(up, given)


def _called(function: Callable[..., Any], given: Any) -> None:
    """With the argument, if it takes one."""
    takes = [name for name in inspect.signature(function).parameters]
    function(given) if takes else function()


def _run_case(cls: type[unittest.TestCase], method: str) -> str | None:
    result = _Result()
    unittest.TestSuite([cls(method)]).run(result)
    if result.error is not None:
        raise result.error
    return result.skipped_because


class _Result(unittest.TestResult):
    """Keeps the first exception as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.error: BaseException | None = None
        self.skipped_because: str | None = None

    def addError(self, test: Any, err: Any) -> None:
        """Part of `unittest.TestResult`."""
        self.error = self.error or err[1]

    def addFailure(self, test: Any, err: Any) -> None:
        """Part of `unittest.TestResult`."""
        self.error = self.error or err[1]

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        """Part of `unittest.TestResult`."""
        if err is not None and self.error is None:
            error = err[1]
            error.args = (f'{subtest._subDescription()}: {error}', *error.args[1:])
            self.error = error

    def addSkip(self, test: Any, reason: str) -> None:
        """Part of `unittest.TestResult`."""
        self.skipped_because = reason or 'skipped'

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        """Part of `unittest.TestResult`."""

    def addUnexpectedSuccess(self, test: Any) -> None:
        """Part of `unittest.TestResult`."""
        self.error = AssertionError('it was expected to fail, and passed')
