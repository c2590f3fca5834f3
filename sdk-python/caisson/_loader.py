"""Imports the modules of a package from memory and finds the services in them."""

from __future__ import annotations

import importlib
import importlib.machinery
import linecache
import logging
import re
import sys
import traceback
from dataclasses import dataclass
from typing import Any, Callable, cast

from caisson import _absent, _pipeline, _program
from caisson._ahead import compile_patterns
from caisson._model import prepare_readers
from caisson._names import service_name
from caisson._problems import DeclarationError
from caisson._service import Service

__all__ = ['describe_load_error', 'load_program']

HTTP_METHODS = ('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS')

_OURS = frozenset(('caisson', 'zato', '_caisson'))

_CODING = re.compile(rb'^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)')
_BLANK = re.compile(rb'^[ \t\f]*(?:#.*)?(?:\r?\n)?$')
_BOM = b'\xef\xbb\xbf'


class DuplicateService(Exception):
    """Two classes of a package are services of the same name."""


@dataclass
class ServiceFacts:
    """What the host is told about a service, and what the dispatcher needs."""

    name: str
    module: str
    class_name: str
    line: int
    doc: str | None
    cls: type
    handle: Callable[..., Any] | None
    verbs: dict[str, Callable[..., Any]]
    init: Callable[..., Any] | None
    input_schema: str | None = None
    output_schema: str | None = None


class ProgramImporter:
    """Finder and loader of the modules of a package. `files` maps paths to their bytes.

    What is not below the package's own name comes from the wheels that it brings along: it can be imported and is no
    part of the package otherwise. A folder without an `__init__.py` is taken as if it had an empty one.
    """

    def __init__(self, files: dict[str, bytes], package: str) -> None:
        self._files = files
        self._package = package
        self._paths = {_module_name(path): path for path in files if path.endswith('.py')}
        tops = {path.split('/', 1)[0] for path in files if path.endswith('.py')}
        parts = (path.split('/') for path in files)
        self._folders = {
            '.'.join(names[:end]) for names in parts if names[0] in tops for end in range(1, len(names))
        }

    @property
    def modules(self) -> list[str]:
        """Names of the modules of the package itself, packages before what is in them, but for its tests in the folder `tests`."""
        inside, tests = self._package + '.', self._package + '.tests'
        return sorted(
            name for name in self._paths
            if (name == self._package or name.startswith(inside)) and name != tests and not name.startswith(tests + '.'))

    @property
    def top_modules(self) -> list[str]:
        """Names under which the package's own modules, and those that it brings along, can be imported."""
        return sorted({name.partition('.')[0] for name in self._paths})

    def file_of(self, top: str) -> str | None:
        """Path of the first file of a top-level name."""
        return next((path for path in sorted(self._files) if path.partition('/')[0].removesuffix('.py') == top), None)

    def path_of(self, module: str) -> str | None:
        """Path of the file of a module."""
        return self._paths.get(module)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Part of the import protocol."""
        if name not in self._paths and name not in self._folders:
            return None
        file = self.get_filename(name)
        spec = importlib.machinery.ModuleSpec(name, cast(Any, self), origin=file, is_package=self.is_package(name))
        spec.has_location = True
        if spec.submodule_search_locations is not None:
            spec.submodule_search_locations.append(name.replace('.', '/'))
        return spec

    def create_module(self, spec: Any) -> None:
        """Part of the import protocol."""

    def exec_module(self, module: Any) -> None:
        """Part of the import protocol."""
        try:
            exec(self.get_code(module.__name__), module.__dict__)
        except ImportError as error:
            text = _absent.absent_name(error)
            if text is None:
                raise
            raise ImportError(text, name=error.name).with_traceback(error.__traceback__) from None

    def is_package(self, name: str) -> bool:
        """Part of the import protocol."""
        return self.get_filename(name).rsplit('/', 1)[-1] == '__init__.py'

    def get_filename(self, name: str) -> str:
        """Part of the import protocol."""
        return self._paths.get(name) or name.replace('.', '/') + '/__init__.py'

    def get_data(self, path: str) -> bytes:
        """Part of the import protocol; `pkgutil.get_data` ends here."""
        try:
            return self._files[path]
        except KeyError:
            raise FileNotFoundError(2, 'no such file in the package', path) from None

    def get_resource_reader(self, name: str) -> Any:
        """Part of the import protocol; `importlib.resources` ends here."""
        from caisson._resources import Reader

        return Reader(self._files, self.get_filename(name).rpartition('/')[0])

    def find_distributions(self, context: Any = None) -> Any:
        """Part of the protocol of `importlib.metadata`: the wheels that the package brings along."""
        from caisson._resources import distributions

        return distributions(self._files, context.name if context else None)

    def get_source(self, name: str) -> str:
        """Part of the import protocol; tracebacks take their lines from here."""
        path = self.get_filename(name)
        return decode_source(self._files.get(path, b''), path)

    def get_code(self, name: str) -> Any:
        """Part of the import protocol."""
        path = self.get_filename(name)
        source = self.get_source(name)
        linecache.cache[path] = (lambda: source,)
        if '\0' in source:
            line = source[:source.index('\0')].count('\n') + 1
            raise SyntaxError('source code cannot contain null bytes', (path, line, 0, ''))
        return compile(source, path, 'exec', dont_inherit=True)


def _module_name(path: str) -> str:
    name = path[:-3].replace('/', '.')
    return name.removesuffix('.__init__') if name != '__init__' else name


def decode_source(content: bytes, path: str) -> str:
    """The text of a source file: UTF-8 unless one of the first two lines declares another coding (PEP 263)."""
    coding = 'utf-8'
    if content.startswith(_BOM):
        content = content[len(_BOM):]
    else:
        for line in content.split(b'\n', 2)[:2]:
            declared = _CODING.match(line)
            if declared:
                coding = declared[1].decode()
                break
            if not _BLANK.match(line):
                break
    try:
        return content.decode(coding)
    except LookupError:
        raise SyntaxError(f'unknown encoding: {coding}', (path, 1, 0, '')) from None
    except UnicodeDecodeError as error:
        number = content.count(b'\n', 0, error.start) + 1
        raise SyntaxError(f'the file is not valid {coding}: {error.reason}', (path, number, 0, '')) from None


def load_program(files: dict[str, bytes], package: str) -> list[ServiceFacts]:
    """Imports all modules of a package and returns its services, sorted by name."""
    importer = ProgramImporter(files, package)
    _refuse_shadows(importer)
    _program.use(package, files)
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, ProgramImporter)]
    # Before the standard library: a file `calendar.py` of a package is what the package means by `import calendar`. What
    # was imported while the interpreter was prepared stays as it is.
    sys.meta_path.insert(0, importer)
    importlib.invalidate_caches()
    for name in importer.modules:
        loaded = sys.modules.get(name)
        if loaded is not None and getattr(loaded, '__file__', None) != importer.path_of(name):
            # The name belongs to something else that was imported before.
            del sys.modules[name]
        importlib.import_module(name)
    services = _services(importer)
    prepare_readers()
    compile_patterns([importer.get_source(name) for name in importer.modules])
    return services


def _services(importer: ProgramImporter) -> list[ServiceFacts]:
    found: dict[str, ServiceFacts] = {}
    for module_name in importer.modules:
        for value in list(vars(sys.modules[module_name]).values()):
            if not _is_service(value, module_name):
                continue
            facts = _facts(value, importer)
            if not _pipeline.is_wanted(value):
                continue
            other = found.get(facts.name)
            if other is not None and other.cls is not value:
                raise DuplicateService(
                    f'Two services have the name {facts.name}: {other.module}.{other.class_name} '
                    f'and {facts.module}.{facts.class_name}')
            found[facts.name] = facts
    for facts in found.values():
        _pipeline.added(facts.cls)
    return [found[name] for name in sorted(found)]


def _refuse_shadows(importer: ProgramImporter) -> None:
    """A module of the package that hides one of the standard library would hide it from the library and the SDK as well."""
    for name in importer.top_modules:
        if name in _OURS or name in sys.builtin_module_names or (name in sys.stdlib_module_names and name in sys.modules):
            kind = 'the SDK' if name in _OURS else 'the standard library'
            raise _program.NotDeployable(
                f'`{name}` is the name of a module of {kind}, which the package would hide from everything that uses it; rename '
                f'the file or folder', importer.file_of(name), 1)


def _is_service(value: Any, module: str) -> bool:
    return (
        isinstance(value, type) and issubclass(value, Service) and value.__module__ == module
        and not getattr(value, 'zato_dont_import', False) and _has_handler(value)
    )


def _has_handler(cls: Any) -> bool:
    return cls.handle is not Service.handle or any(hasattr(cls, f'handle_{method}') for method in HTTP_METHODS)


def _facts(cls: type, importer: ProgramImporter) -> ServiceFacts:
    """The facts of a service, its functions with hooks and declarations around them; what is wrong with these is an error at
    the class.
    """
    facts = _found(cls, importer)
    try:
        _pipeline.wrap(facts)
    except _program.NotDeployable as error:
        if error.filename is None:
            error.filename, error.lineno = importer.path_of(facts.module), facts.line
        raise
    return facts


def _found(cls: Any, importer: ProgramImporter) -> ServiceFacts:
    explicit = cls.__dict__.get('name')
    name = explicit if isinstance(explicit, str) and explicit else service_name(cls.__module__, cls.__name__)
    cls.name = name
    cls.impl_name = f'{cls.__module__}.{cls.__name__}'
    cls.logger = logging.getLogger(name)
    input_schema, output_schema = _schemas(cls, importer)
    verbs = {method: getattr(cls, f'handle_{method}') for method in HTTP_METHODS if hasattr(cls, f'handle_{method}')}
    return ServiceFacts(
        name=name, module=cls.__module__, class_name=cls.__qualname__, line=_line(cls, importer), doc=_doc(cls), cls=cls,
        handle=cls.handle if cls.handle is not Service.handle else None, verbs=verbs,
        init=cls.__init__ if cls.__init__ is not Service.__init__ else None,
        input_schema=input_schema, output_schema=output_schema)


def _schemas(cls: type, importer: ProgramImporter) -> tuple[str | None, str | None]:
    """What the class declares; a declaration that cannot be meant is an error at the class."""
    from caisson._declare import schemas_of

    try:
        return schemas_of(cls)
    except DeclarationError as error:
        error.filename, error.lineno = importer.path_of(cls.__module__), _line(cls, importer)
        raise


def _line(cls: type, importer: ProgramImporter) -> int:
    line = cls.__dict__.get('__firstlineno__', 0)
    if isinstance(line, int) and line > 0:
        return line
    found = re.search(rf'^[ \t]*class[ \t]+{re.escape(cls.__name__)}\b', importer.get_source(cls.__module__), re.MULTILINE)
    return importer.get_source(cls.__module__).count('\n', 0, found.start()) + 1 if found else 1


def _doc(cls: type) -> str | None:
    doc = cls.__dict__.get('__doc__')
    if not isinstance(doc, str) or not doc.strip():
        return None
    paragraph = re.split(r'\n[ \t]*\n', doc.strip(), maxsplit=1)[0]
    return ' '.join(line.strip() for line in paragraph.splitlines())


def describe_load_error(exc: BaseException, files: dict[str, bytes]) -> tuple[str, str | None, int | None, str]:
    """Message, file, line and traceback of what kept a package from being loaded."""
    report = _report(exc, files)
    file, line = _innermost(exc, files)
    text = str(exc)
    if isinstance(exc, SyntaxError):
        text = str(exc.msg)
        if exc.filename in files:
            file, line = exc.filename, exc.lineno
    elif isinstance(exc, DeclarationError) and exc.filename in files:
        file, line = exc.filename, exc.lineno
    elif isinstance(exc, _program.NotDeployable) and exc.filename in files:
        file, line = exc.filename, exc.lineno
    text += _absent.advice(exc)
    message = f'{type(exc).__name__}: {text}' if text else type(exc).__name__
    return message.split('\n', 1)[0], file, line if line and line > 0 else None, report


def _report(exc: BaseException, files: dict[str, bytes]) -> str:
    """The traceback without the frames that only import the package."""
    summary = traceback.TracebackException.from_exception(exc)
    frames = list(summary.stack)
    while frames and frames[0].filename not in files:
        del frames[0]
    summary.stack = traceback.StackSummary.from_list(
        frame for frame in frames if not frame.filename.startswith('<frozen importlib'))
    return ''.join(summary.format())


def _innermost(exc: BaseException, files: dict[str, bytes]) -> tuple[str | None, int | None]:
    file = line = None
    trace = exc.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name in files:
            file, line = name, trace.tb_lineno
        trace = trace.tb_next
    return file, line
