"""Outgoing HTTP over connections that the operator has defined.

    from caisson import http

    crm = http.connect('crm')
    customer = crm.get('/customers/{id}', id=7).json()
    crm.post('/customers', json={'name': 'Ann'})

Any status is an answer; a `CapabilityError` is raised when none came.
"""

from __future__ import annotations

import json as _json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import _caisson_http

from caisson._capability import CapabilityError, unwrap

__all__ = ['CapabilityError', 'Connection', 'Headers', 'Response', 'Stream', 'connect']

_PIECE = 65_536

Fields = list[tuple[str, str]]


def connect(name: str) -> Connection:
    """The connection of this name. Nothing is opened before its first request."""
    return Connection(name)


class Headers(Mapping[str, str]):
    """Headers by name, whatever its case. Those that repeat are joined by commas; `get_all` has them one by one."""

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self.fields: Fields = [(name.lower(), value) for name, value in fields]

    def get_all(self, name: str) -> list[str]:
        """All values of one name, in their order."""
        name = name.lower()
        return [value for known, value in self.fields if known == name]

    def __getitem__(self, name: str) -> str:
        found = self.get_all(name)
        if not found:
            raise KeyError(name)
        return ', '.join(found)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.get_all(name))

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self.fields))

    def __len__(self) -> int:
        return len({name for name, _ in self.fields})

    def __repr__(self) -> str:
        return f'Headers({self.fields!r})'


class Response:
    """An answer as a whole."""

    def __init__(self, status: int, headers: Fields, content: bytes) -> None:
        self.status = status
        self.headers = Headers(headers)
        self.content = content

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status < 400

    @property
    def text(self) -> str:
        """The body as text, in the charset that the answer names, else UTF-8."""
        try:
            return self.content.decode(charset(self.headers), 'replace')
        except LookupError:
            return self.content.decode('utf-8', 'replace')

    def json(self) -> Any:
        """The body as JSON; a ValueError if it is none."""
        return _json.loads(self.content)

    def __repr__(self) -> str:
        return f'<Response [{self.status}]>'


class Stream:
    """An answer whose body is still to come: iterate over it, or `read()` the rest. Closed at the end of `with`."""

    def __init__(self, status: int, headers: Fields, body: Any) -> None:
        self.status = status
        self.headers = Headers(headers)
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return self.pieces()

    def pieces(self, most: int = _PIECE) -> Iterator[bytes]:
        """The body in pieces of at most `most` bytes."""
        while self._body is not None:
            piece = unwrap(self._body.read(most))
            if piece is None:
                self.close()
                return
            yield piece

    def read(self) -> bytes:
        """All that is left."""
        return b''.join(self.pieces())

    def close(self) -> None:
        """Gives up what is left."""
        body, self._body = self._body, None
        if body is not None:
            body.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class Connection:
    """A connection of the operator's. A path is a template: `/customers/{id}`; values that it does not name become the query."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get(self, path: str = '', **options: Any) -> Response:
        """`GET`; options as in `request`."""
        return self.request('GET', path, **options)

    def head(self, path: str = '', **options: Any) -> Response:
        """`HEAD`."""
        return self.request('HEAD', path, **options)

    def options(self, path: str = '', **options: Any) -> Response:
        """`OPTIONS`."""
        return self.request('OPTIONS', path, **options)

    def delete(self, path: str = '', **options: Any) -> Response:
        """`DELETE`."""
        return self.request('DELETE', path, **options)

    def post(self, path: str = '', body: Any = None, **options: Any) -> Response:
        """`POST`."""
        return self.request('POST', path, body, **options)

    def put(self, path: str = '', body: Any = None, **options: Any) -> Response:
        """`PUT`."""
        return self.request('PUT', path, body, **options)

    def patch(self, path: str = '', body: Any = None, **options: Any) -> Response:
        """`PATCH`."""
        return self.request('PATCH', path, body, **options)

    def request(self, method: str, path: str = '', body: Any = None, *, json: Any = None, params: Any = None,
                headers: Any = None, timeout: float | None = None, **values: Any) -> Response:
        """Sends a request and waits for the whole answer.

        `body` is text or bytes, `json` anything with a JSON form. `params`, a dict or pairs, and `values` fill the path and then the
        query. `timeout` is in seconds; the connection's own limit holds as well.
        """
        content, fields = encode(body, json, pairs(headers))
        params = pairs(params) + pairs(values)
        arguments = (self.name, method, path, params, fields, content, milliseconds(timeout))
        return Response(*unwrap(_caisson_http.send(*arguments)))

    def stream(self, method: str, path: str = '', body: Any = None, *, json: Any = None, params: Any = None,
               headers: Any = None, timeout: float | None = None, **values: Any) -> Stream:
        """Sends a request and waits for the head of the answer: `with crm.stream('GET', '/export') as answer: ...`."""
        content, fields = encode(body, json, pairs(headers))
        params = pairs(params) + pairs(values)
        arguments = (self.name, method, path, params, fields, content, milliseconds(timeout))
        return Stream(*unwrap(_caisson_http.open(*arguments)))

    def upload(self, method: str, path: str, pieces: Iterable[bytes | str], *, params: Any = None, headers: Any = None,
               timeout: float | None = None, **values: Any) -> Stream:
        """Sends a body piece by piece, as `pieces` makes them, and waits for the head of the answer."""
        params = pairs(params) + pairs(values)
        arguments = (self.name, method, path, params, pairs(headers), None, milliseconds(timeout))
        upload = unwrap(_caisson_http.begin(*arguments))
        try:
            for piece in pieces:
                unwrap(upload.write(piece.encode() if isinstance(piece, str) else bytes(piece)))
            return Stream(*unwrap(upload.finish()))
        finally:
            upload.close()


def charset(headers: Headers) -> str:
    """The charset that an answer names, else UTF-8."""
    for part in headers.get('content-type', '').split(';')[1:]:
        name, _, value = part.strip().partition('=')
        if name.lower() == 'charset' and value:
            return value.strip('"\'')
    return 'utf-8'


def pairs(values: Any) -> Fields:
    """Names and values of a dict or of pairs. A list is a name that repeats; `None` is left out."""
    if not values:
        return []
    made: Fields = []
    for name, value in values.items() if isinstance(values, Mapping) else values:
        for one in value if isinstance(value, (list, tuple)) else (value,):
            if one is not None:
                made.append((str(name), _text(one)))
    return made


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return 'true' if value else 'false'
    return value.decode() if isinstance(value, bytes) else str(value)


def encode(body: Any, json: Any, headers: Fields) -> tuple[bytes | None, Fields]:
    """The body as bytes, and the headers with its type."""
    if json is not None:
        if body is not None:
            raise TypeError('give either body or json')
        from caisson._runtime import dumps

        if not any(name.lower() == 'content-type' for name, _ in headers):
            headers = [*headers, ('Content-Type', 'application/json')]
        return dumps(json).encode(), headers
    if body is None:
        return None, headers
    if isinstance(body, str):
        return body.encode(), headers
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body), headers
    raise TypeError(f'a body is text or bytes, not {type(body).__name__}; for JSON write json=...')


def milliseconds(seconds: float | None) -> int | None:
    """A limit as the host takes it."""
    return None if seconds is None else max(1, min(int(seconds * 1000), 0xFFFF_FFFF))
