"""What a developer installs: all packages, types of native modules, a docstring on every public name."""

from __future__ import annotations

import importlib
import inspect
import pathlib
import re
import tomllib
import unittest

from tests import _stub

_stub.install()

ROOT = pathlib.Path(__file__).resolve().parents[1]
SOURCES = sorted([*ROOT.glob('caisson/**/*.py'), *ROOT.glob('zato/**/*.py')])


class Packaging(unittest.TestCase):
    """`pyproject.toml` against the folders."""

    def setUp(self) -> None:
        self.settings = tomllib.loads((ROOT / 'pyproject.toml').read_text())['tool']['setuptools']

    def test_every_package_is_installed(self) -> None:
        """And those of the types."""
        found = {str(path.parent.relative_to(ROOT)).replace('/', '.') for path in SOURCES if path.name == '__init__.py'}
        stubs = {f'{path.name}-stubs' for path in (ROOT / 'stubs').iterdir()}
        self.assertEqual(set(self.settings['packages']), found | stubs)
        self.assertEqual(set(self.settings['package-dir']), stubs)
        for package in ('caisson', 'zato'):
            self.assertTrue((ROOT / package / 'py.typed').exists())

    def test_native_modules_have_types(self) -> None:
        """Those that the SDK imports at the head of its modules, whatever comes of it under CPython."""
        native = set()
        for path in SOURCES:
            native |= set(re.findall(r'^import (_caisson\w*)', path.read_text(), re.MULTILINE))
        self.assertLessEqual(native, {path.name for path in (ROOT / 'stubs').iterdir()})


class Docstrings(unittest.TestCase):
    """What users may call says what it does."""

    def test_every_public_name_has_one(self) -> None:
        """Public modules, what they export, and public methods and properties of their classes, which may inherit it."""
        missing = []
        for name in sorted(_public_modules()):
            module = importlib.import_module(name)
            if not inspect.getdoc(module):
                missing.append(name)
            for public in getattr(module, '__all__', [public for public in vars(module) if not public.startswith('_')]):
                value = getattr(module, public)
                if not inspect.isclass(value) and not inspect.isfunction(value) or not value.__module__.startswith(('caisson', 'zato')):
                    continue
                missing += [] if inspect.getdoc(value) else [f'{name}.{public}']
                if inspect.isclass(value):
                    missing += [f'{name}.{public}.{method}' for method in _undocumented(value)]
        self.assertEqual(missing, [])


def _public_modules() -> set[str]:
    names = {path.relative_to(ROOT).with_suffix('') for path in SOURCES}
    shown = {'.'.join(name.parts).removesuffix('.__init__') for name in names}
    return {name for name in shown if not any(part.startswith('_') for part in name.split('.'))}


def _undocumented(cls: type) -> list[str]:
    methods = (name for name, value in vars(cls).items() if inspect.isfunction(value) or isinstance(value, (property, classmethod)))
    return [name for name in methods if not name.startswith('_') and not inspect.getdoc(getattr(cls, name))]


if __name__ == '__main__':
    unittest.main()
