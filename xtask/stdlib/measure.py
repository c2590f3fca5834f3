"""Runs CPython's tests against a running server and writes what came of them: `cargo xtask gen stdlib` calls this.

    python3 measure.py --listen HOST:PORT --services DIR --log FILE --tests DIR --tests-of VERSION --modules FILE --out FILE [NAME ...]

`--services` is the server's folder of services: a package with the tests in a wheel is saved there. `--tests` is the folder `test`
of a CPython. `--modules` lists which tests belong to which module; `--out` keeps what was measured before of modules that
are not named.
"""
from __future__ import annotations

import argparse
import http.client
import json
import re
import sys
import time
import zipfile
from pathlib import Path
from typing import Any, Iterator

HERE = Path(__file__).parent
LIMITS = """
[limits]
memory_bytes = 536870912
cpu_time_ms = 120000
wall_time_ms = 600000
answer_bytes = 67108864
"""
# Seconds of tests in one request: what a heavy test needs more than that is left to it before the limit of 120 s.
BUDGET_SECS = 30.0
# Data that tests read.
DATA = ('decimaltestdata/*', 'test_email/data/*', 'xmltestdata/*', 'mathdata/*', 'configdata/*', 'test_tomllib/data/**/*', 'test_zoneinfo/data/*', 'test_json/*.jsonl',
        'certdata/*')
# Folders of CPython's tests that no module here needs, for a package may have 2,000 files.
LEFT_OUT = {
    'test_capi', 'test_cext', 'test_cppext', 'test_ctypes', 'test_gdb', 'test_idle', 'test_multiprocessing_fork', 'test_pyrepl',
    'test_multiprocessing_forkserver', 'test_multiprocessing_spawn', 'test_peg_generator', 'test_tkinter', 'test_tools', 'test_ttk',
    'tkinterdata', 'crashers', 'leakers', 'libregrtest', '__pycache__', 'test_free_threading', 'archivetestdata', 'audiodata',
}


def main() -> None:
    """The whole run."""
    arguments = parse()
    rows = json.loads(Path(arguments.modules).read_text())['modules']
    chosen = [row for row in rows if not arguments.names or row['name'] in arguments.names]
    unknown = set(arguments.names) - {row['name'] for row in rows}
    if unknown:
        sys.exit(f'{arguments.modules} does not list {", ".join(sorted(unknown))}')
    tests, out = Path(arguments.tests), Path(arguments.out)
    deploy(Path(arguments.services), tests)
    server = Server(arguments.listen, Path(arguments.log))
    server.wait()
    data = json.loads(out.read_text()) if out.exists() else {}
    everything = server.ask('stdlib.imports', {'modules': []})
    data['python'], data['imports'] = everything['python'], everything['modules']
    data['tests_of'] = arguments.tests_of
    data['measured'] = 'by `caisson serve`, with 512 MB of memory and 120 s of processor time for a request'
    data.setdefault('modules', {})
    for row in chosen:
        began = time.monotonic()
        measured = measure(server, tests, row)
        data['modules'][row['name']] = measured
        print(f'{row["name"]}: {summary(measured)} ({time.monotonic() - began:.0f} s)', file=sys.stderr, flush=True)
        write(out, data, [row['name'] for row in rows])
    write(out, data, [row['name'] for row in rows])


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser()
    for name in ('listen', 'services', 'log', 'tests', 'tests-of', 'modules', 'out'):
        parser.add_argument(f'--{name}', required=True)
    parser.add_argument('names', nargs='*')
    return parser.parse_args()


def deploy(services: Path, tests: Path) -> None:
    """Saves the package: the runner, its limits, and the tests as a wheel."""
    package = services / 'stdlib'
    (package / 'vendor').mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(package / 'vendor/cpython_tests-0-py3-none-any.whl', 'w', zipfile.ZIP_DEFLATED) as wheel:
        data = [path for folder in DATA for path in sorted(tests.glob(folder)) if path.is_file()]
        for path in dict.fromkeys([*sorted(tests.rglob('*.py')), *data]):
            inside = path.relative_to(tests)
            # Some are not meant to be valid source.
            if not LEFT_OUT.intersection(inside.parts) and not path.name.startswith(('bad', 'badsyntax')):
                wheel.write(path, f'test/{inside}')
    (package / 'service.toml').write_text(LIMITS)
    (package / 'runner.py').write_text((HERE / 'runner.py').read_text())


class Server:
    """The running server; `log` is the file that it writes to."""

    def __init__(self, listen: str, log: Path) -> None:
        self._listen = listen
        self._log = log

    def wait(self) -> None:
        """Returns when the package has been deployed."""
        for _ in range(600):
            try:
                self.ask('stdlib.imports', {'modules': ['json']})
                return
            except (OSError, ValueError, http.client.HTTPException):
                time.sleep(0.5)
        sys.exit(f'the package with the tests was not deployed; see {self._log}')

    def ask(self, service: str, payload: Any) -> Any:
        """The answer of a service that succeeds."""
        connection = self._post(service, payload)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 200:
            raise ValueError(f'{service} answered {answer.status}: {body[:300]!r}')
        return json.loads(body)

    def lines(self, service: str, payload: Any) -> Iterator[dict[str, Any]]:
        """The lines of an answer for as long as they come; the server cuts it when the instance has ended."""
        connection = self._post(service, payload)
        try:
            answer = connection.getresponse()
            for line in iter(answer.readline, b''):
                if line.endswith(b'\n'):
                    yield json.loads(line)
        except (http.client.HTTPException, ConnectionError):
            return
        finally:
            connection.close()

    def _post(self, service: str, payload: Any) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self._listen, timeout=900)
        connection.request('POST', f'/services/{service}', json.dumps(payload), {'Content-Type': 'application/json'})
        return connection

    def size_of_log(self) -> int:
        """How long the server's log is."""
        return self._log.stat().st_size

    def last_words(self, since: int) -> str:
        """Why an instance ended, as the server's log has it after a place."""
        with self._log.open('rb') as stream:
            stream.seek(since)
            text = stream.read().decode('utf-8', 'replace')
        found = re.findall(r'(stack overflow|call stack exhausted|memory_bytes|cpu_time_ms|wall_time_ms|unreachable|out of bounds|panicked[^\n]*)', text)
        words = {'memory_bytes': 'memory limit', 'cpu_time_ms': 'CPU limit', 'wall_time_ms': 'wall clock limit',
                 'call stack exhausted': 'stack overflow', 'unreachable': 'a panic of the interpreter'}
        return words.get(found[0], found[0][:120]) if found else 'unknown'


def measure(server: Server, tests: Path, row: dict[str, Any]) -> dict[str, Any]:
    """Counts of all test modules of a row."""
    total: dict[str, Any] = {'passed': 0, 'skipped': 0, 'outside': 0, 'failed': {}}
    for module in test_modules(tests, row['tests']):
        for name, kind, why in results(server, module, row.get('pretend', False)):
            if kind == 'ok':
                total['passed'] += 1
            elif kind == 'skip':
                total['skipped'] += 1
            elif kind == 'outside':
                total['outside'] += 1
            else:
                total['failed'][name] = re.sub(r'0x[0-9a-f]{6,}', '0x...', why)
    return total


def test_modules(tests: Path, names: list[str]) -> Iterator[str]:
    """Full names of test modules: those of a package each by itself, since discovery needs a file system."""
    for name in names:
        path = tests / name.replace('.', '/')
        if path.is_dir():
            inside = sorted(path.rglob('test_*.py'))
            yield from ('.'.join(['test', *one.relative_to(tests).with_suffix('').parts]) for one in inside)
            if not inside:
                yield f'test.{name}'
        elif path.with_suffix('.py').exists():
            yield f'test.{name}'
        else:
            yield f'?{name}'


def results(server: Server, module: str, pretend: bool) -> Iterator[tuple[str, str, str]]:
    """Name, kind and reason for every test of a module; after one that ended its instance, it goes on with the next."""
    if module.startswith('?'):
        yield module, 'error', 'this CPython has no such tests'
        return
    short = module.removeprefix('test.')
    names: list[str] = []
    following = 0
    while following is not None:
        begin, since, following = following, server.size_of_log(), None
        done = begin
        for line in server.lines('stdlib.run', {'module': module, 'from': begin, 'budget_secs': BUDGET_SECS, 'pretend': pretend}):
            if 'skipped' in line:
                yield short, 'skip', line['skipped']
                return
            if 'refused' in line or 'result' in line:
                yield short, 'error', 'import: ' + (line.get('refused') or line.get('details'))
                return
            names = line.get('tests', names)
            following = line.get('next')
            if 'index' in line:
                done = line['index'] + 1
                yield short_name(names[line['index']], short), line['kind'], line['why']
        if following is None and done < len(names):
            yield short_name(names[done], short), 'error', f'ends the instance: {server.last_words(since)}'
            following = done + 1 if done + 1 < len(names) else None
        elif not names:
            yield short, 'error', f'import ends the instance: {server.last_words(since)}'


def short_name(name: str, module: str) -> str:
    """A test's name without the package of all tests."""
    return name.removeprefix('test.') if name.startswith('test.') else f'{module}:{name}'


def summary(measured: dict[str, Any]) -> str:
    """For the terminal."""
    failed = len(measured['failed'])
    return f'{measured["passed"]} passed, {failed} failed, {measured["outside"]} want the outside, {measured["skipped"]} skipped'


def write(out: Path, data: dict[str, Any], order: list[str]) -> None:
    """Saves the data, modules in the order of the list, so that a difference between two runs can be read."""
    modules = {name: data['modules'][name] for name in order if name in data['modules']}
    out.write_text(json.dumps({**data, 'modules': modules}, indent=1, sort_keys=False, ensure_ascii=True) + '\n')


if __name__ == '__main__':
    main()
