"""What came of a test, as the command shows it."""

from __future__ import annotations

import traceback
from typing import Any

__all__ = ['outcome']


def outcome(test: str, file: str, seconds: float, error: BaseException | None, output: str, skipped: str | None = None) -> dict[str, Any]:
    """`outcome` is `passed`, `skipped`, `failed` for an assertion, or `error` for any other exception. Of a failure, `file` and `line` are
    the innermost place in the test's own file."""
    made: dict[str, Any] = {
        'test': test, 'outcome': 'passed' if skipped is None else 'skipped', 'seconds': seconds, 'file': None, 'line': None,
        'message': skipped, 'traceback': None, 'output': output or None,
    }
    if error is None:
        return made
    is_assertion = isinstance(error, AssertionError)
    made['outcome'] = 'failed' if is_assertion else 'error'
    text = str(error)
    if isinstance(error, SyntaxError):
        made['file'], made['line'], text = error.filename, error.lineno, str(error.msg)
    else:
        made['file'], made['line'] = _place(error, file)
    named = '' if is_assertion and type(error) is AssertionError else f'{type(error).__name__}: ' if text else type(error).__name__
    made['message'] = named + text or 'AssertionError'
    if not is_assertion and not isinstance(error, SyntaxError):
        made['traceback'] = _frames(error)
    return made


def _place(error: BaseException, file: str) -> tuple[str | None, int | None]:
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return file, line


def _frames(error: BaseException) -> str:
    """The traceback without the frames of the runner and of the SDK."""
    summary = traceback.TracebackException.from_exception(error)
    kept = [frame for frame in summary.stack if not frame.filename.startswith('<frozen') and '/caisson/_runner/' not in frame.filename]
    summary.stack = traceback.StackSummary.from_list(kept)
    return ''.join(summary.format(chain=True)).rstrip()
