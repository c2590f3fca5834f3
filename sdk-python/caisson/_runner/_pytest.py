"""The part of pytest that tests of services use, for where there is no pytest: `raises`, `fixture`, `mark`, `skip`, `approx`, and the
fixtures `app` and `monkeypatch`.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import math
import os
import re
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from caisson._runner._collect import Test

__all__ = ['Skipped', 'arguments', 'install', 'skip_reason', 'variants']


class Skipped(Exception):
    """A test that does not want to be run."""


def install() -> None:
    """Makes `import pytest` work where there is none."""
    try:
        import pytest  # noqa: F401  (only to see whether it is there)
    except ImportError:
        made = ModuleType('pytest', __doc__)
        made.__dict__.update(
            fixture=_fixture, mark=_Mark(), raises=_raises, skip=_skip, fail=_fail, approx=_Approx, MonkeyPatch=MonkeyPatch,
            param=lambda *values, **_options: values if len(values) != 1 else values[0], __getattr__=_missing)
        sys.modules['pytest'] = made


def _missing(name: str) -> Any:
    raise AttributeError(
        f'pytest.{name} is not there inside the sandbox; there are raises, fixture, mark.parametrize, mark.skip, mark.skipif, skip, '
        'fail, approx, and the fixtures app and monkeypatch')


def _fixture(function: Any = None, **_options: Any) -> Any:
    """Marks a function as a fixture. Each test gets a value of its own, whatever the scope."""
    def mark(function: Any) -> Any:
        function._caisson_fixture = True
        function._caisson_autouse = bool(_options.get('autouse'))
        return function

    return mark if function is None else mark(function)


class _Mark:
    """`pytest.mark`. Marks that are not known here change nothing."""

    def parametrize(self, names: Any, values: Any, **_options: Any) -> Any:
        """Runs a test once for each of the values."""
        listed = [name.strip() for name in names.split(',')] if isinstance(names, str) else list(names)
        sets = [dict(zip(listed, value if len(listed) > 1 else [value])) for value in values]

        def mark(function: Any) -> Any:
            function._caisson_sets = [sets, *getattr(function, '_caisson_sets', [])]
            return function

        return mark

    def skip(self, function: Any = None, reason: str = 'skipped') -> Any:
        """Skips a test."""
        return self.skipif(True, reason=reason) if function is None else self.skipif(True, reason=reason)(function)

    def skipif(self, condition: Any, *, reason: str = 'skipped') -> Any:
        """Skips a test if the condition holds."""
        def mark(function: Any) -> Any:
            if condition:
                function._caisson_skip = reason
            return function

        return mark

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **_options: arguments[0] if len(arguments) == 1 and callable(arguments[0]) else lambda function: function


def skip_reason(function: Any) -> str | None:
    """Why a test is skipped, or `None`."""
    return getattr(function, '_caisson_skip', None)


def variants(function: Any) -> list[tuple[str, dict[str, Any]]]:
    """A label and the arguments of each run of a test."""
    sets = getattr(function, '_caisson_sets', None)
    if not sets:
        return [('', {})]
    made = []
    for chosen in itertools.product(*sets):
        values = {name: value for one in chosen for name, value in one.items()}
        label = '-'.join(str(value) if isinstance(value, (str, int, float, bool)) else name for name, value in values.items())
        made.append((label, values))
    labels = [label for label, _ in made]
    return [(label if labels.count(label) == 1 else f'{label}{number}', values) for number, (label, values) in enumerate(made)]


def arguments(test: Test, owner: Any, after: contextlib.ExitStack) -> dict[str, Any]:
    """The arguments of a test: what it was parametrised with, and fixtures; those that apply to all tests are made too."""
    made: dict[str, Any] = dict(test.values)
    places = [place for place in (owner, test.module, *_conftests(test)) if place is not None]

    def value_of(name: str) -> Any:
        if name not in made:
            made[name] = _made(name, places, value_of, after)
        return made[name]

    for place in places:
        for name, function in inspect.getmembers(place, callable):
            if getattr(function, '_caisson_autouse', False):
                value_of(name)
    names = [name for name in inspect.signature(test.function).parameters if owner is None or name != 'self']
    return {name: value_of(name) for name in names}


def _conftests(test: Test) -> list[Any]:
    """The modules `conftest` beside a file of tests and above it, the nearest first."""
    import importlib

    parts = test.file.split('/')[:-1]
    names = ['.'.join([*parts[:end], 'conftest']) for end in range(len(parts), -1, -1)]
    found = []
    for name in names:
        with contextlib.suppress(ModuleNotFoundError):
            found.append(importlib.import_module(name))
    return found


def _made(name: str, places: list[Any], value_of: Callable[[str], Any], after: contextlib.ExitStack) -> Any:
    for place in places:
        function = getattr(place, name, None)
        if getattr(function, '_caisson_fixture', False) and function is not None:
            given = {needed: value_of(needed) for needed in inspect.signature(function).parameters}
            result = function(**given)
            if inspect.isgenerator(result):
                value = next(result)
                after.callback(next, result, None)
                return value
            return result
    if name == 'app':
        from caisson.testing import App

        return App()
    if name == 'monkeypatch':
        return after.enter_context(MonkeyPatch())
    own = {name for place in places for name, value in inspect.getmembers(place) if getattr(value, '_caisson_fixture', False)}
    raise LookupError(f'there is no fixture {name!r}; there are: {", ".join(sorted(own | {"app", "monkeypatch"}))}')


class MonkeyPatch:
    """The fixture `monkeypatch`: what it sets is undone after the test."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], Any]] = []

    def setattr(self, target: Any, name: str, value: Any) -> None:
        """Sets an attribute."""
        old = getattr(target, name)
        self._undo.append(lambda: setattr(target, name, old))
        setattr(target, name, value)

    def setitem(self, target: Any, name: Any, value: Any) -> None:
        """Sets a key of a dict."""
        if name in target:
            old = target[name]
            self._undo.append(lambda: target.__setitem__(name, old))
        else:
            self._undo.append(lambda: target.pop(name, None))
        target[name] = value

    def delattr(self, target: Any, name: str) -> None:
        """Deletes an attribute."""
        old = getattr(target, name)
        self._undo.append(lambda: setattr(target, name, old))
        delattr(target, name)

    def setenv(self, name: str, value: str) -> None:
        """Sets a variable of the environment."""
        self.setitem(os.environ, name, value)

    def delenv(self, name: str) -> None:
        """Takes a variable out of the environment."""
        old = os.environ.pop(name)
        self._undo.append(lambda: os.environ.__setitem__(name, old))

    def undo(self) -> None:
        """Puts everything back."""
        while self._undo:
            self._undo.pop()()

    def __enter__(self) -> MonkeyPatch:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.undo()


class _Info:
    """What `raises` caught."""

    value: BaseException

    @property
    def type(self) -> type[BaseException]:
        """Its class."""
        return type(self.value)

    def match(self, pattern: str) -> None:
        """Its text has this in it."""
        if not re.search(pattern, str(self.value)):
            raise AssertionError(f'the text of the exception does not match {pattern!r}: {str(self.value)!r}')


@contextlib.contextmanager
def _raises(expected: Any, *, match: str | None = None) -> Iterator[_Info]:
    """The block raises this exception."""
    info = _Info()
    try:
        yield info
    except expected as error:
        info.value = error
        if match is not None:
            info.match(match)
    else:
        names = ' or '.join(one.__name__ for one in (expected if isinstance(expected, tuple) else (expected,)))
        raise AssertionError(f'{names} was not raised')


def _skip(reason: str = '') -> None:
    raise Skipped(reason)


def _fail(reason: str = '') -> None:
    raise AssertionError(reason)


class _Approx:
    """A number that is equal to those close to it."""

    def __init__(self, value: Any, rel: float = 1e-6, abs: float = 1e-12) -> None:
        self._value, self._rel, self._abs = value, rel, abs

    def __eq__(self, other: object) -> bool:
        if isinstance(self._value, (list, tuple)):
            return isinstance(other, (list, tuple)) and len(other) == len(self._value) and all(
                _Approx(one, self._rel, self._abs) == two for one, two in zip(self._value, other))
        return isinstance(other, (int, float)) and math.isclose(self._value, other, rel_tol=self._rel, abs_tol=self._abs)

    def __repr__(self) -> str:
        return f'approx({self._value!r})'
