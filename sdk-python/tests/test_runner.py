"""What `caisson test` runs inside of the sandbox: finding tests, running each, and saying what differs."""

from __future__ import annotations

import ast
import sys
import textwrap
import unittest
from typing import Any

from tests import _stub

_stub.install()

from caisson import _runner  # noqa: E402
from caisson._loader import ProgramImporter  # noqa: E402
from caisson._runner import _asserts, _pytest  # noqa: E402

FILES = {
    'runx/api.py': '''
        from caisson import Service
        class Get(Service):
            def handle(self):
                self.logger.info('asked')
                self.response.payload = {'id': self.request.payload['id']}
        ''',
    'runx/test_api.py': '''
        """Tests."""
        from __future__ import annotations
        import unittest
        import pytest
        from caisson.testing import ServiceTestCase, run
        from runx.api import Get

        DONE = []

        def setup_function(function):
            DONE.append('up')

        def teardown_function(function):
            DONE.append('down')

        def test_passes(app):
            assert DONE[-1] == 'up'
            assert app.run(Get, {'id': 7}).json() == {'id': 7} and True

        def test_fails():
            print('printed')
            assert run(Get, {'id': 7}).json() == {'id': 8}, 'the id'

        def test_raises():
            run(Get, {})

        def test_not():
            names = ['a']
            assert not names

        def test_in():
            assert 'b' in ['a']

        @pytest.mark.parametrize('a,b', [(1, 1), (2, 3)])
        def test_pairs(a, b):
            assert a == b

        @pytest.mark.skip(reason='later')
        def test_skipped():
            raise ValueError

        @pytest.fixture
        def seven():
            DONE.append('made')
            yield 7
            DONE.append('undone')

        def test_fixture(seven, monkeypatch):
            assert seven == 7
            with pytest.raises(KeyError, match='x'):
                {}['x']

        def test_no_fixture(eight):
            pass

        async def test_waits():
            assert 1 == 1

        class TestMore:
            def setup_method(self):
                self.value = 1

            def test_method(self):
                assert self.value == 1

        class Case(ServiceTestCase):
            services = [Get]

            def test_case(self):
                self.assertEqual(self.run_service('runx.api.get', {'id': 1}).json(), {'id': 2})

            def test_sub(self):
                for number in range(2):
                    with self.subTest(number=number):
                        self.assertEqual(number, 0)

            @unittest.skip('not now')
            def test_skip(self):
                pass
        ''',
    'runx/test_broken.py': 'import runx.nothing\n',
    'runx/test_syntax.py': 'def f(:\n',
}


class Runner(unittest.TestCase):
    """Collecting and running."""

    def setUp(self) -> None:
        self._modules, self._path = set(sys.modules), list(sys.meta_path)
        files = {path: textwrap.dedent(text).encode() for path, text in FILES.items()}
        self._pytest = sys.modules.pop('pytest', None)
        sys.meta_path.insert(0, _NoPytest())
        sys.meta_path.insert(0, ProgramImporter(files, 'caisson_tool'))
        _runner.load([path for path in files if '/test_' in path])
        self.addCleanup(self._restore)

    def _restore(self) -> None:
        sys.meta_path[:] = self._path
        for name in set(sys.modules) - self._modules | {'pytest'}:
            sys.modules.pop(name, None)
        if self._pytest is not None:
            sys.modules['pytest'] = self._pytest

    def outcome(self, name: str) -> dict[str, Any]:
        """Of a test."""
        return _runner.answer({'do': 'run', 'test': f'runx/test_api.py::{name}'})

    def test_all_are_found(self) -> None:
        """In the order of their lines; files that cannot be imported are told."""
        found = _runner.answer({'do': 'collect'})
        names = [name.removeprefix('runx/test_api.py::') for name in found['tests']]
        self.assertEqual(names, [
            'test_passes', 'test_fails', 'test_raises', 'test_not', 'test_in', 'test_pairs[1-1]', 'test_pairs[2-3]', 'test_skipped',
            'test_fixture', 'test_no_fixture', 'test_waits', 'TestMore::test_method', 'Case::test_case', 'Case::test_skip',
            'Case::test_sub'])
        broken, syntax = found['broken']
        self.assertEqual((broken['test'], broken['outcome'], broken['line']), ('runx/test_broken.py', 'error', 1))
        self.assertIn("No module named 'runx.nothing'", broken['message'])
        self.assertEqual((syntax['file'], syntax['line']), ('runx/test_syntax.py', 1))

    def test_what_passes_passes(self) -> None:
        """Functions, methods, fixtures, coroutines."""
        for name in ('test_passes', 'test_pairs[1-1]', 'test_fixture', 'test_waits', 'TestMore::test_method'):
            outcome = self.outcome(name)
            self.assertEqual((outcome['outcome'], outcome['message']), ('passed', None), name)
        for name, reason in (('test_skipped', 'later'), ('Case::test_skip', 'not now')):
            self.assertEqual((self.outcome(name)['outcome'], self.outcome(name)['message']), ('skipped', reason))

    def test_what_was_set_up_is_torn_down(self) -> None:
        """The last first."""
        done = sys.modules['runx.test_api'].DONE
        self.outcome('test_fixture')
        self.assertEqual(done, ['up', 'made', 'undone', 'down'])

    def test_an_assertion_tells_what_differs(self) -> None:
        """With its place, its message, and what was printed and logged."""
        outcome = self.outcome('test_fails')
        self.assertEqual(outcome['outcome'], 'failed')
        self.assertEqual((outcome['file'], outcome['line']), ('runx/test_api.py', _line('assert run(Get')))
        self.assertEqual(outcome['message'], "the id\nassert run(Get, {'id': 7}).json() == {'id': 8}\n- {'id': 7}\n+ {'id': 8}")
        self.assertEqual(outcome['output'], 'printed\nINFO runx.api.get: asked\n')
        self.assertEqual(self.outcome('test_not')['message'], "assert not names\n  it is ['a']")
        self.assertEqual(self.outcome('test_in')['message'], "assert 'b' in ['a']\n  left:  'b'\n  right: ['a']")
        self.assertEqual(self.outcome('test_pairs[2-3]')['message'], 'assert a == b\n- 2\n+ 3')

    def test_assertions_of_unittest(self) -> None:
        """Have their own words."""
        outcome = self.outcome('Case::test_case')
        self.assertEqual((outcome['outcome'], outcome['line']), ('failed', _line("self.assertEqual(self.run_service")))
        self.assertIn("{'id': 1} != {'id': 2}", outcome['message'])
        self.assertIn('(number=1): 1 != 0', self.outcome('Case::test_sub')['message'])

    def test_other_exceptions_have_a_traceback(self) -> None:
        """Without the frames of the runner."""
        outcome = self.outcome('test_raises')
        self.assertEqual((outcome['outcome'], outcome['message']), ('error', "KeyError: 'id'"))
        self.assertIn('File "runx/api.py", line 6, in handle', outcome['traceback'])
        self.assertNotIn('_runner', outcome['traceback'])

    def test_a_fixture_that_is_not_there(self) -> None:
        """Is told with those that are."""
        self.assertEqual(
            self.outcome('test_no_fixture')['message'],
            "LookupError: there is no fixture 'eight'; there are: app, monkeypatch, seven")


class Assertions(unittest.TestCase):
    """What is told of values."""

    def told(self, source: str, **names: Any) -> str:
        """The text of the assertion that fails."""
        code = compile(_asserts.rewrite(ast.parse(source)), 'x', 'exec')
        with self.assertRaises(AssertionError) as raised:
            exec(code, names)
        return str(raised.exception)

    def test_long_values_differ_by_lines(self) -> None:
        """Those that are the same are shown beside them."""
        left = {'name': 'Ann', 'items': list(range(40)), 'city': 'Bern'}
        told = self.told('assert a == b', a=left, b={**left, 'city': 'Basel'})
        self.assertIn("\n- {'city': 'Bern',\n+ {'city': 'Basel',\n", told)
        self.assertEqual(self.told('assert a == b', a='x\ny', b='x\nz'), 'assert a == b\n  x\n- y\n+ z')

    def test_each_part_is_told(self) -> None:
        """And sides are evaluated once."""
        calls: list[int] = []
        told = self.told('assert f(1) and f(0) == 1 and f(2)', f=lambda value: calls.append(value) or value)
        self.assertEqual((told, calls), ('assert f(0) == 1\n- 0\n+ 1', [1, 0]))
        self.assertEqual(self.told('assert 1 < x < 3', x=5), 'assert 1 < x < 3\n  it is False')

    def test_values_that_cannot_be_shown(self) -> None:
        """Are named."""
        class Bad:
            def __repr__(self) -> str:
                raise ValueError

        self.assertIn('<a Bad that cannot be shown: ValueError>', self.told('assert a == 1', a=Bad()))

    def test_the_part_of_pytest(self) -> None:
        """Says what it has."""
        with self.assertRaisesRegex(AttributeError, 'pytest.warns is not there inside the sandbox'):
            _pytest._missing('warns')
        self.assertTrue(_pytest._Approx(0.3) == 0.1 + 0.2)
        self.assertFalse(_pytest._Approx([1.0, 2.0]) == [1.0, 2.1])


class _NoPytest:
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name == 'pytest':
            raise ImportError(name)
        return None


def _line(text: str) -> int:
    lines = textwrap.dedent(FILES['runx/test_api.py']).splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


if __name__ == '__main__':
    unittest.main()
