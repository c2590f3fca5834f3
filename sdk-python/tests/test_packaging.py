"""What a developer installs: all packages, types of native modules, a docstring on every public name."""

from __future__ import annotations

import ast
import pathlib
import re
import tomllib
import unittest

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
        """Modules, classes, functions, and public methods of public classes; properties that are set have it where they are read."""
        missing, documented, methods = [], set(), []
        for path in SOURCES:
            tree = ast.parse(path.read_text(), str(path))
            if ast.get_docstring(tree) is None:
                missing.append(f'{path.relative_to(ROOT)}:1 module')
            for node, name in _public(tree.body, ''):
                place = f'{path.relative_to(ROOT)}:{node.lineno} {name}'
                if ast.get_docstring(node) is not None:
                    documented.add(node.name)
                else:
                    (methods if '.' in name else missing).append(place)
        # A method that says again what its base class has said inherits the words.
        missing += [place for place in methods if place.rpartition('.')[2] not in documented]
        self.assertEqual(missing, [])


def _public(body: list[ast.stmt], within: str) -> list[tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, str]]:
    found: list[tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, str]] = []
    for node in body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or node.name.startswith('_'):
            continue
        decorators = {ast.unparse(decorator).rpartition('.')[2] for decorator in node.decorator_list}
        if decorators & {'setter', 'deleter', 'overload'}:
            continue
        found.append((node, within + node.name))
        if isinstance(node, ast.ClassDef):
            found += _public(node.body, f'{within}{node.name}.')
    return found


if __name__ == '__main__':
    unittest.main()
