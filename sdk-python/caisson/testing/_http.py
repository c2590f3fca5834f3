"""Fake connections of the type `http`."""

from __future__ import annotations

import json as _json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from caisson.http import Headers
from caisson.testing._expect import Fake, Rule, matches

__all__ = ['HTTPCall', 'HTTPConnection', 'native']

Fields = list[tuple[str, str]]


@dataclass
class HTTPCall:
    """A request that a service has sent."""

    method: str
    """Upper case."""
    path: str
    """With its parameters filled in."""
    template: str
    """As the service gave it: `/customers/{id}`."""
    params: dict[str, Any]
    """The query; a name that repeats has a list."""
    headers: Headers
    """By name, whatever its case."""
    body: bytes
    """Empty when there was none."""
    timeout: float | None
    """Seconds."""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode('utf-8', 'replace')

    @property
    def json(self) -> Any:
        """The body as JSON; a ValueError if it is none."""
        return _json.loads(self.body)

    def __str__(self) -> str:
        query = '?' + urlencode(self.params, doseq=True) if self.params else ''
        body = f'  {self.text[:200]}' if self.body else ''
        return f'{self.method} {self.path}{query}{body}'


class HTTPConnection(Fake[HTTPCall]):
    """Stands for a connection of the type `http`; in tests, `app.http[NAME]`."""

    kind = 'http connection'

    def answers(
        self, method: str, path: str | re.Pattern[str], *, status: int = 200, json: Any = None, text: str | None = None,
        body: bytes = b'', headers: Mapping[str, str] | None = None, params: Mapping[str, Any] | None = None,
        when: Callable[[HTTPCall], bool] | None = None, by: Callable[[HTTPCall], Any] | None = None, times: int | None = None,
    ) -> HTTPConnection:
        """Records an answer, and returns the connection so that more can follow.

        `path` is the path with or without its parameters filled in (`/customers/7`, `/customers/{id}`), may have a query, or is a
        pattern of `re`. `params` and `when` say of which calls this is the answer. The answer has `json`, `text` or `body` (bytes);
        `by` makes the JSON from the call. Of several answers for one call each is given once, the last one from then on; with
        `times`, only so often.
        """
        kind = {'text': 'text/plain; charset=utf-8'} if text is not None else {}
        made = {'content-type': kind.get('text', 'application/json')} if text is not None or json is not None or by else {}
        fields = [(name.lower(), value) for name, value in {**made, **(headers or {})}.items()]

        def answer(call: HTTPCall) -> Any:
            content = body
            if by is not None or json is not None:
                content = _json.dumps(by(call) if by is not None else json).encode()
            elif text is not None:
                content = text.encode()
            return True, (status, fields, content)

        fits = _fits(method, path, params, when)
        self._record(Rule(f'{method.upper()} {_shown(path, params)}', fits, answer, times))
        return self

    def fails(
        self, method: str, path: str | re.Pattern[str], *, kind: str = 'unavailable', message: str = 'the connection failed',
        code: str | None = None, retryable: bool = False, times: int | None = None,
    ) -> HTTPConnection:
        """Records a failure: the service gets a `CapabilityError` of this kind (`timeout`, `unavailable`, `access-denied`, ...)."""
        rule = Rule(f'{method.upper()} {_shown(path, None)}', _fits(method, path, None, None),
                    lambda _call: (False, kind, message, retryable, code), times)
        self._record(rule)
        return self

    def assert_called_once_with(self, method: str, path: str, **what: Any) -> None:
        """Exactly one call was made, and it was this one. `what` may name `params`, `headers` (those that matter), `json`, `text`,
        `body`, `timeout`.
        """
        self._assert_once_with({'method': method.upper(), 'path': path, **what})

    def assert_called_with(self, method: str, path: str, **what: Any) -> None:
        """Some call was like this."""
        self._assert_any_with({'method': method.upper(), 'path': path, **what})

    def _send(self, method: str, template: str, params: Fields, headers: Fields, body: bytes | None, timeout: int | None) -> Any:
        path, rest = _filled(template, params)
        call = HTTPCall(
            method.upper(), path, template, _query(rest), Headers(headers), body or b'', None if timeout is None else timeout / 1000)
        return self._answer(call, f"app.http[{self.name!r}].answers({call.method!r}, {call.path!r}, json={{...}})")


def _filled(template: str, params: Fields) -> tuple[str, Fields]:
    """The path with its parameters, and those that are left for the query."""
    template, _, query = template.partition('?')
    used: set[str] = set()
    values = dict(params)

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name not in values:
            return found[0]
        used.add(name)
        return quote(values[name], safe='')

    path = re.sub(r'\{([^{}]+)\}', fill, template)
    return path, [*parse_qsl(query, keep_blank_values=True), *(pair for pair in params if pair[0] not in used)]


def _query(fields: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in fields:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def _fits(
    method: str, path: str | re.Pattern[str], params: Mapping[str, Any] | None, when: Callable[[HTTPCall], bool] | None,
) -> Callable[[HTTPCall], bool]:
    wanted = None if params is None else {name: _text(value) for name, value in params.items()}
    plain, query = path, None
    if isinstance(path, str) and '?' in path:
        plain, _, text = path.partition('?')
        query = _query(parse_qsl(text, keep_blank_values=True))

    def fits(call: HTTPCall) -> bool:
        if call.method != method.upper() or not (matches(plain, call.path) or matches(plain, call.template)):
            return False
        if query is not None and query != call.params or wanted is not None and wanted != call.params:
            return False
        return when is None or bool(when(call))

    return fits


def _text(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_text(one) for one in value]
    return ('true' if value else 'false') if isinstance(value, bool) else str(value)


def _shown(path: str | re.Pattern[str], params: Mapping[str, Any] | None) -> str:
    text = path if isinstance(path, str) else f'/{path.pattern}/'
    return text + ('?' + urlencode(params, doseq=True) if params else '')


class _Body:
    """A body that is read in pieces."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, most: int) -> tuple[Any, ...]:
        piece, self._content = self._content[:most], self._content[most:]
        return True, piece or None

    def close(self) -> None:
        self._content = b''


class _Upload:
    """A body that is written in pieces."""

    def __init__(self, finish: Callable[[bytes], Any]) -> None:
        self._finish = finish
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> tuple[Any, ...]:
        self._pieces.append(piece)
        return True, None

    def finish(self) -> Any:
        return _streamed(self._finish(b''.join(self._pieces)))

    def close(self) -> None:
        self._pieces.clear()


def _streamed(answer: Any) -> Any:
    if not answer[0]:
        return answer
    status, fields, content = answer[1]
    return True, (status, fields, _Body(content))


def native(connections: Mapping[str, HTTPConnection]) -> dict[str, Callable[..., Any]]:
    """The functions of `_caisson_http`, answered by fakes."""
    def send(name: str, *request: Any) -> Any:
        return connections[name]._send(*request)

    def begin(name: str, method: str, path: str, params: Fields, headers: Fields, _body: None, timeout: int | None) -> Any:
        return True, _Upload(lambda body: connections[name]._send(method, path, params, headers, body, timeout))

    return {'send': send, 'open': lambda *request: _streamed(send(*request)), 'begin': begin}
