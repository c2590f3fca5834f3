"""The cases of `compat/`: what services of Zato use, each with a service that shows it.

A file has a `title` and rows. A row has a `name` (what a service writes), what it `means` in Zato, and at most one of
`differs` (how it is otherwise here) and `never` (what to use instead of what is not here); without either of them it works as
in Zato. Its cases prove it; one that is proved elsewhere names that file as its `proof`, and what `never` works may do
without.

A case has the `source` of a module, whose class `Case` answers (or the service named `service`); `files` beside it; a
`request` (`method`, `query`, `body`, `content_type`, `headers`); and what to `expect` (`status`, `body`, `json`, `headers`,
`says`), or the text with which the package is `refused`. `where = "sandbox"` needs a server: under CPython calls in the
background are only noted, and calls have no timeout. The same files are run by
`tests/all/compat.rs` against the real server, in their order and all in one, so that names of services differ.
"""

from __future__ import annotations

import json
import pathlib
import tomllib
from typing import Any, Iterator

__all__ = ['FOLDER', 'check_answer', 'files_of', 'package_of', 'sections']

FOLDER = pathlib.Path(__file__).resolve().parent / 'compat'

_ROW = frozenset(('name', 'means', 'differs', 'never', 'proof', 'case'))
_CASE = frozenset(('source', 'service', 'files', 'request', 'expect', 'refused', 'where', 'repeat'))


def sections() -> Iterator[tuple[str, dict[str, Any]]]:
    """Number and content of each file, in their order; an error for what a row may not have."""
    for path in sorted(FOLDER.glob('*.toml')):
        section = tomllib.loads(path.read_text(encoding='utf-8'))
        for row in section['row']:
            _check(path.name, row)
        yield path.name[:2], section


def _check(file: str, row: dict[str, Any]) -> None:
    where = f'{file}: {row.get("name")}'
    if not row.keys() <= _ROW or any(not case.keys() <= _CASE for case in row.get('case', ())):
        raise ValueError(f'{where}: something in it has no meaning')
    if 'differs' in row and 'never' in row:
        raise ValueError(f'{where}: it differs or it never works, not both')
    if not row.get('case') and 'proof' not in row and 'never' not in row:
        raise ValueError(f'{where}: nothing proves it')
    if 'proof' in row and not (FOLDER.parents[2] / row['proof']).exists():
        raise ValueError(f'{where}: {row["proof"]} is not there')


def package_of(section: str, row: int, case: int) -> str:
    """Name of the package that a case is deployed as."""
    return f'compat{section}x{row:02}x{case}'


def files_of(package: str, case: dict[str, Any]) -> dict[str, bytes]:
    """The files of the package, by their paths."""
    files = {f'{package}/api.py': case['source'].encode()}
    files.update((f'{package}/{path}', text.encode()) for path, text in case.get('files', {}).items())
    return files


def check_answer(expect: dict[str, Any], status: int, headers: dict[str, str], body: bytes, message: str) -> list[str]:
    """What is wrong with an answer; `message` is the text of an error that the caller reads."""
    wrong = []
    if status != expect.get('status', 200):
        wrong.append(f'the status is {status}: {message or body!r}')
    if 'body' in expect and body != expect['body'].encode():
        wrong.append(f'the body is {body!r}')
    if 'json' in expect and (not body or json.loads(body) != json.loads(expect['json'])):
        wrong.append(f'the body is {body!r}')
    if 'says' in expect and expect['says'] not in (message or body.decode('utf-8', 'replace')):
        wrong.append(f'it says {message or body!r}')
    wrong += [
        f'the header {name} is {headers.get(name)!r}'
        for name, value in expect.get('headers', {}).items()
        if headers.get(name) != value
    ]
    return wrong
