"""Modules, data files and vendored distributions of a package that is in memory."""

import importlib.metadata
import importlib.resources
import pkgutil
import sys
import unittest

from tests import _stub

_stub.install()

from caisson._loader import ProgramImporter, load_program  # noqa: E402

FILES = {
    'crmx/api.py': b'from . import text\nfrom .deep.most import VALUE\nfrom crmx.deep import most\nimport pure_one\n'
                   b'from caisson import Service\nclass Get(Service):\n    def handle(self): pass\n',
    'crmx/text.py': b'FILE = __file__\n',
    'crmx/deep/most.py': b'from ..text import FILE\nfrom ... import crmx\nVALUE = 1\n',
    'crmx/tests/__init__.py': b'raise RuntimeError("not when it is deployed")\n',
    'crmx/tests/test_api.py': b'raise RuntimeError("not when it is deployed")\n',
    'crmx/templates/hello.txt': 'cze\u015b\u0107'.encode(),
    'crmx/templates/raw/a.bin': b'\x00\xff',
    'pure_one/__init__.py': b'from pure_one._inner import NAME\n',
    'pure_one/_inner.py': b'NAME = "pure"\n',
    'pure_one/services.py': b'from caisson import Service\nclass Theirs(Service):\n    def handle(self): pass\n',
    'pure_one/unused.py': b'raise RuntimeError("nobody asked for this")\n',
    'pure_one-1.2.dist-info/METADATA': b'Metadata-Version: 2.1\nName: pure-one\nVersion: 1.2\n',
}


def forget() -> None:
    """Undoes what loading has done to this interpreter."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, ProgramImporter)]
    for name in [name for name in sys.modules if name.partition('.')[0] in ('crmx', 'pure_one')]:
        del sys.modules[name]


class Loading(unittest.TestCase):
    """What a package finds of its own and of what it brings along."""

    def setUp(self) -> None:
        files = dict(FILES)
        files['crmx/deep/most.py'] = b'from ..text import FILE\nVALUE = 1\n'
        self.addCleanup(forget)
        self.facts = load_program(files, 'crmx')

    def test_only_modules_of_the_package_are_imported_and_searched(self) -> None:
        """A wheel's modules are there for whoever imports them, and no services of the package."""
        self.assertEqual([fact.name for fact in self.facts], ['crmx.api.get'])
        self.assertNotIn('pure_one.unused', sys.modules)
        self.assertEqual(sys.modules['pure_one'].NAME, 'pure')

    def test_files_and_folders_have_places(self) -> None:
        """Also a folder without an `__init__.py`."""
        self.assertEqual(sys.modules['crmx.text'].FILE, 'crmx/text.py')
        self.assertEqual(sys.modules['crmx'].__file__, 'crmx/__init__.py')
        self.assertEqual(list(sys.modules['crmx.deep'].__path__), ['crmx/deep'])

    def test_data_files_are_resources(self) -> None:
        """By every way that the standard library offers without a file system."""
        root = importlib.resources.files('crmx')
        hello = root / 'templates/hello.txt'
        self.assertEqual((hello.read_text('utf-8'), hello.read_text()), ('cze\u015b\u0107',) * 2)
        self.assertEqual(root.joinpath('templates', 'raw', 'a.bin').read_bytes(), b'\x00\xff')
        with importlib.resources.open_binary('crmx.templates', 'hello.txt') as stream:
            self.assertEqual(stream.read(), 'cze\u015b\u0107'.encode())
        self.assertEqual([one.name for one in (root / 'templates').iterdir()], ['hello.txt', 'raw'])
        self.assertEqual((root / 'templates' / '..' / 'text.py').is_file(), True)
        self.assertEqual(pkgutil.get_data('crmx', 'templates/raw/a.bin'), b'\x00\xff')

    def test_what_is_not_there_says_so(self) -> None:
        """With the errors that files have, and their paths."""
        root = importlib.resources.files('crmx')
        for path, error in [('nothing.txt', FileNotFoundError), ('templates', IsADirectoryError),
                            ('../../etc/passwd', FileNotFoundError), ('/etc/passwd', FileNotFoundError)]:
            with self.assertRaises(error, msg=path):
                (root / path).read_bytes()
        with self.assertRaises(PermissionError):
            (root / 'new.txt').open('w')
        with self.assertRaises(NotADirectoryError):
            (root / 'text.py').iterdir()
        with self.assertRaises(FileNotFoundError):
            pkgutil.get_data('crmx', 'nothing.txt')
        with self.assertRaises(ModuleNotFoundError):
            __import__('crmx.nothing')

    def test_vendored_distributions_are_known_by_name(self) -> None:
        """However the name is written."""
        for name in ('pure-one', 'Pure_One', 'pure.one'):
            self.assertEqual(importlib.metadata.version(name), '1.2')
        with self.assertRaises(importlib.metadata.PackageNotFoundError):
            importlib.metadata.version('pure')


class Leaving(unittest.TestCase):
    """Relative imports end at the top of the package."""

    def test_an_import_from_above_the_package_is_refused(self) -> None:
        """As Python refuses it anywhere."""
        self.addCleanup(forget)
        with self.assertRaises(ImportError):
            load_program(FILES, 'crmx')


if __name__ == '__main__':
    unittest.main()
