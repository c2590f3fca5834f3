"""The services that `cargo xtask gen stdlib` deploys: one runs tests of CPython inside the sandbox, one imports modules.

Only for that task. A test can end the instance that it runs in, so results leave as lines while the tests run: what was
begun after the last line is what ended it.
"""
import _imp
import builtins
import importlib
import io
import logging
import os
import platform
import sys
import time
import traceback
import unittest

from caisson import Service

# What tests ask for that the sandbox refuses on purpose: they say nothing about the module that they are in.
OUTSIDE = (
    'the sandbox', 'one thread', 'No such file or directory', 'preopened file descriptor', 'Capabilities insufficient', 'not supported on this platform',
    'not implemented on this platform', 'Bad file descriptor', 'Operation not supported', 'Function not implemented', 'no such file in the package',
    "has no attribute 'fork'", 'does not support processes', "No module named '_ctypes'", "No module named '_testcapi'", 'No usable temporary directory',
)


def tests_of(suite):
    """The single tests of nested suites, in their order."""
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from tests_of(one)
        else:
            yield one


class Result(unittest.TestResult):
    """Keeps the worst that happened to the test that runs."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.setup = []

    def addError(self, test, err):
        self.found.append(('error', *reason(err)))

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.addError(test, err)

    def addSkip(self, test, why):
        self.found.append(('skip', why[:120], False))

    def addUnexpectedSuccess(self, test):
        pass

    def addExpectedFailure(self, test, err):
        pass


def reason(err):
    """An exception as one line, and whether it is about something outside of the sandbox."""
    kind, value = err[0], err[1]
    # What is reported is JSON, and some tests are about text that is no Unicode.
    text = ' '.join(str(value).split()).encode('ascii', 'backslashreplace').decode()
    outside = isinstance(value, (OSError, RuntimeError, AttributeError, ImportError)) and any(word in text for word in OUTSIDE)
    return f'{kind.__name__}: {text}'[:160], outside


class Run(Service):
    """Runs the tests of one module. Asked with {"module": str, "from": int, "only": int | null, "budget_secs": float,
    "pretend": bool}."""

    name = 'stdlib.run'

    def handle(self):
        ask = self.request.payload
        self.response.payload = lines(ask['module'], ask.get('from', 0), ask.get('only'), ask.get('budget_secs', 40.0), ask.get('pretend', False))


def lines(module, begin, only, budget, pretend=False):
    """A line with all names, then one for every test that has ended; the last says where to go on, when there is more."""
    sys.stdout = sys.stderr = io.StringIO()
    data_files()
    if pretend:
        # Whole modules of tests skip themselves where there are no threads or sockets, with all that needs neither.
        from test import support
        from test.support import threading_helper

        support.has_socket_support = threading_helper.can_start_thread = True
        support.is_wasi = False
    # The standard library is frozen here; tests that import a module anew would otherwise look for its file.
    _imp._override_frozen_modules_for_tests = lambda override: None
    try:
        importlib.import_module(module)
    except unittest.SkipTest as error:
        yield {'skipped': str(error)}
        return
    except BaseException as error:
        yield {'refused': reason((type(error), error, error.__traceback__))[0],
               'traceback': ''.join(traceback.format_exception(error))[-3000:]}
        return
    tests = list(tests_of(unittest.defaultTestLoader.loadTestsFromName(module)))
    yield {'tests': [test.id() for test in tests]}
    suite, result, started = unittest.TestSuite(), Result(), time.monotonic()
    for index, test in enumerate(tests):
        if index < begin or (only is not None and index != only):
            continue
        yield {'index': index, **run_one(suite, test, result)}
        if time.monotonic() - started > budget and index + 1 < len(tests):
            yield {'next': index + 1}
            return


def data_files():
    """Lets tests read the data that came with them: what is in the wheel can be opened and listed."""
    files = next(finder._files for finder in sys.meta_path if hasattr(finder, '_files'))
    opened, listed, is_file = builtins.open, os.listdir, os.path.isfile

    def inside(path):
        return os.path.normpath(os.fspath(path)).lstrip('/') if isinstance(path, (str, os.PathLike)) else None

    def open_file(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, **kwargs):
        content = files.get(inside(file)) if 'w' not in mode and 'a' not in mode and '+' not in mode else None
        if content is None:
            return opened(file, mode, buffering, encoding, errors, newline, **kwargs)
        stream = io.BytesIO(content)
        return stream if 'b' in mode else io.TextIOWrapper(stream, encoding or 'utf-8', errors, newline)

    def list_folder(path='.'):
        begin = f'{inside(path)}/'
        found = {name[len(begin):].split('/')[0] for name in files if name.startswith(begin)}
        return sorted(found) if found else listed(path)

    class Open:
        """No function: tests have `open` as an attribute of a class, where a function becomes a method."""

        def __call__(self, *args, **kwargs):
            return open_file(*args, **kwargs)

    builtins.open = io.open = Open()
    # The tests of `logging` begin without any.
    logging.getLogger().handlers.clear()
    os.listdir = list_folder
    os.path.isfile = lambda path: inside(path) in files or is_file(path)


def run_one(suite, test, result):
    """What became of a test, with its fixtures, as `unittest.TestSuite.run` makes them."""
    result.found = []
    before = time.monotonic()
    try:
        suite._tearDownPreviousClass(test, result)
        suite._handleModuleFixture(test, result)
        suite._handleClassSetUp(test, result)
        result._previousTestClass = test.__class__
        if not (getattr(test.__class__, '_classSetupFailed', False) or result._moduleSetUpFailed):
            result.setup = []
            test(result)
        else:
            # Told of the first test only; the others of its class have not run either.
            result.setup = result.found = result.found or result.setup
    except BaseException as error:
        result.found.append(('error', *reason((type(error), error, error.__traceback__))))
    errors = [found for found in result.found if found[0] == 'error']
    # A test that fails for another reason as well is a failure of the module.
    worst = sorted(errors, key=lambda found: found[2])[:1] or result.found[:1] or [('ok', '', False)]
    kind, why, outside = worst[0]
    return {'kind': 'outside' if kind == 'error' and outside else kind, 'why': why, 'ms': int((time.monotonic() - before) * 1000)}


class Imports(Service):
    """Imports each module of {"modules": [str]}; answers {"python": str, "modules": {name: null or the error}}."""

    name = 'stdlib.imports'

    def handle(self):
        found = {}
        for module in self.request.payload['modules'] or sorted(sys.stdlib_module_names):
            try:
                importlib.import_module(module)
                found[module] = None
            except BaseException as error:
                found[module] = f'{type(error).__name__}: {error}'
        self.response.payload = {'python': platform.python_version(), 'modules': found}
