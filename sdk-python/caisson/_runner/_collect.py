"""Finding tests: functions and classes in the modules of files."""

from __future__ import annotations

import ast
import importlib
import importlib.machinery
import inspect
import linecache
import sys
import unittest
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Callable, cast

from caisson._runner import _asserts, _pytest, _report

__all__ = ['BROKEN', 'TESTS', 'Test', 'load']


@dataclass
class Test:
    """One test: a function of a module, a method of a class, or a method of a `unittest.TestCase`."""

    name: str
    """`crm/tests/test_api.py::TestOrders::test_total[0]`"""
    file: str
    module: Any
    function: Callable[..., Any]
    cls: type | None = None
    values: dict[str, Any] = field(default_factory=dict)
    """Arguments that it was parametrised with."""


TESTS: dict[str, Test] = {}
"""All tests by name, in the order of their files and lines."""

BROKEN: list[dict[str, Any]] = []
"""Outcomes of files that could not be imported."""


class _Rewriting:
    """Imports the files of tests with assertions that tell what they compare."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Part of the import protocol."""
        if name not in self._files:
            return None
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target) if finder is not self else None
            if spec is not None and spec.loader is not None:
                spec.loader = cast(Any, _Loader(spec.loader))
                return spec
        return None


class _Loader:
    """The loader of one file of tests."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: Any) -> None:
        """Part of the import protocol."""

    def exec_module(self, module: Any) -> None:
        """Part of the import protocol."""
        name, file = module.__name__, module.__spec__.origin
        source = self._loader.get_source(name)
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        try:
            code = compile(_asserts.rewrite(ast.parse(source, file)), file, 'exec', dont_inherit=True)
        except Exception:
            # Either it is no Python, which this says again, or its assertions tell less.
            code = compile(source, file, 'exec', dont_inherit=True)
        exec(code, module.__dict__)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


def module_name(file: str) -> str:
    """The module of a file: `crm/tests/test_api.py` is `crm.tests.test_api`."""
    name = file.removesuffix('.py').replace('/', '.')
    return name.removesuffix('.__init__')


def load(files: list[str]) -> None:
    """Imports files of tests and finds the tests in them."""
    TESTS.clear()
    BROKEN.clear()
    _pytest.install()
    finder = _Rewriting({module_name(file): file for file in files})
    sys.meta_path.insert(0, finder)
    try:
        for file in files:
            try:
                module = importlib.import_module(module_name(file))
            except BaseException as error:
                BROKEN.append(_report.outcome(file, file, 0.0, error, ''))
                continue
            for test in _tests(module, file):
                TESTS[test.name] = test
    finally:
        sys.meta_path.remove(finder)


def _tests(module: Any, file: str) -> Iterator[Test]:
    for name, value in list(vars(module).items()):
        if getattr(value, '__module__', None) != module.__name__:
            continue
        if inspect.isfunction(value) and name.startswith('test'):
            yield from _of_function(f'{file}::{name}', file, module, value, None)
        elif isinstance(value, type) and issubclass(value, unittest.TestCase):
            for method in unittest.defaultTestLoader.getTestCaseNames(value):
                yield Test(f'{file}::{name}::{method}', file, module, getattr(value, method), value)
        elif isinstance(value, type) and name.startswith('Test'):
            for method, function in vars(value).items():
                if inspect.isfunction(function) and method.startswith('test'):
                    yield from _of_function(f'{file}::{name}::{method}', file, module, function, value)


def _of_function(name: str, file: str, module: Any, function: Callable[..., Any], cls: type | None) -> Iterator[Test]:
    """The test that a function is, or the tests, if it was parametrised."""
    variants = _pytest.variants(function)
    for label, values in variants:
        yield Test(f'{name}[{label}]' if label else name, file, module, function, cls, values)
