"""Writes docs/zato.md from the cases of `compat/`: `python3 -m tests.compat_docs` in `sdk-python`, or `cargo xtask gen zato`."""

from __future__ import annotations

from typing import Any

from tests import compat_cases

__all__ = ['PATH', 'document']

PATH = compat_cases.FOLDER.parents[2] / 'docs' / 'zato.md'

_HEAD = '''# Services of Zato

What a service written for Zato 3.2 or 4.1 uses, and what becomes of it here. *Works*: as in Zato. *Differs*: it works, with the difference
that is named. *Will not*: it is not here, and what to use instead.

This file is written by `cargo xtask gen zato` from [the cases](../sdk-python/tests/compat), each of which is a service that the tests run: under
CPython with `caisson.testing`, and deployed in the server. `caisson check FILE...` lists what will not work in a service before it is
deployed, with line numbers.

The two lines of Zato contradict each other in places. A service is taken as one of 3.2 if it has a `class SimpleIO`, else as one of 4.1.

'''


def document() -> str:
    """The text of the file."""
    parts = [_HEAD]
    counts = {'works': 0, 'differs': 0, 'will not': 0}
    for _, section in compat_cases.sections():
        parts.append(f'## {section["title"]}\n\n| In Zato | what it is | here | |\n|---|---|---|---|\n')
        for row in section['row']:
            status, note = _status(row)
            counts[status] += 1
            parts.append(f'| {_cell(row["name"])} | {_cell(row["means"])} | {status} | {_cell(note)} |\n')
        parts.append('\n')
    parts.append(f'{counts["works"]} work, {counts["differs"]} differ, {counts["will not"]} will not.\n')
    return ''.join(parts)


def _status(row: dict[str, Any]) -> tuple[str, str]:
    if 'never' in row:
        return 'will not', row['never']
    return ('differs', row['differs']) if 'differs' in row else ('works', '')


def _cell(text: str) -> str:
    return text.replace('|', '\\|')


if __name__ == '__main__':
    PATH.write_text(document(), encoding='utf-8')
    print(PATH)
