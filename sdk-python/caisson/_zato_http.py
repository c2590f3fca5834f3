"""What services of Zato call outgoing HTTP by: `self.out.rest`, `self.out.plain_http`, `self.rest`, `RESTAdapter`."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from http.client import responses
from typing import Any, ClassVar

from caisson import http
from caisson._bunch import Bunch
from caisson._capability import CapabilityError
from caisson._errors import BackendInvocationError, BadRequest
from caisson._service import Service

__all__ = ['Connections', 'Facade', 'Item', 'RESTAdapter', 'Response']

# `self.rest.get(url)` goes by the connection of this name, which has `any_host: true`.
ANY = 'rest'


class HTTPError(Exception):
    """What `raise_for_status` raises."""

    def __init__(self, message: str, response: Response) -> None:
        super().__init__(message)
        self.response = response


class Response:
    """An answer that looks like one of `requests`, with `data`: parsed JSON, or text."""

    def __init__(self, cid: str, answer: http.Response) -> None:
        self.cid = cid
        self.status_code = answer.status
        self.headers = answer.headers
        self.content = answer.content
        self.text = answer.text
        self.encoding = http.charset(answer.headers)
        self.reason = responses.get(answer.status, '')
        self._data: Any = self

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status_code < 400

    def __bool__(self) -> bool:
        return self.ok

    @property
    def data(self) -> Any:
        """Parsed JSON if the answer says that it is JSON, else text."""
        if self._data is self:
            kind = self.headers.get('content-type', '').split(';')[0].strip().lower()
            if self.content and (kind in ('application/json', 'text/json') or kind.endswith('+json')):
                try:
                    self._data = json.loads(self.content)
                except ValueError:
                    raise BadRequest(self.cid, 'The other side answered what says that it is JSON and is not') from None
            else:
                self._data = self.text
        return self._data

    def json(self, **options: Any) -> Any:
        """The body as JSON; a ValueError if it is none."""
        return json.loads(self.content, **options)

    def raise_for_status(self) -> None:
        """An `HTTPError` from 400 on."""
        if not self.ok:
            side = 'Client' if self.status_code < 500 else 'Server'
            raise HTTPError(f'{self.status_code} {side} Error: {self.reason}', self)

    def iter_content(self, chunk_size: int | None = None, decode_unicode: bool = False) -> Iterator[Any]:
        """The body in pieces."""
        whole: Any = self.text if decode_unicode else self.content
        size = chunk_size or len(whole) or 1
        for start in range(0, len(whole), size):
            yield whole[start:start + size]

    def iter_lines(self) -> Iterator[bytes]:
        """The body in lines."""
        yield from self.content.splitlines()

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> Response:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass

    def __repr__(self) -> str:
        return f'<Response [{self.status_code}]>'


def _body(data: Any, headers: http.Fields) -> tuple[Any, http.Fields]:
    """The body for what a service gave: nothing, text, bytes, or anything else as JSON."""
    if data is None or (isinstance(data, (str, bytes)) and not data):
        return None, headers
    if isinstance(data, (str, bytes, bytearray, memoryview)):
        return data, headers
    from caisson._runtime import to_plain

    return http.encode(None, to_plain(data), headers)


class Item:
    """One connection: `self.out.rest['CRM']`, whose methods are at `.conn` and take a correlation id first."""

    def __init__(self, service: Any, name: str, names: list[str] | None = None, takes_cid: bool = True) -> None:
        self._service = service
        # A name that was written as an attribute may stand for several; the first that exists is taken.
        self._names = names or [name]
        self._takes_cid = takes_cid
        self.name = name

    @property
    def conn(self) -> Item:
        """The same, with methods that take a correlation id first."""
        return Item(self._service, self.name, self._names)

    @property
    def config(self) -> Bunch:
        """What a service may know of it."""
        return Bunch(name=self.name)

    def _first(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments without the correlation id."""
        return arguments[1:] if self._takes_cid else arguments

    def get(self, *arguments: Any, cid: Any = None, **options: Any) -> Response:
        """`get(cid, params=None)`."""
        return self._call('GET', ('params',), self._first(arguments) if cid is None else arguments, options)

    def options(self, *arguments: Any, cid: Any = None, **options: Any) -> Response:
        """`options(cid, params=None)`."""
        return self._call('OPTIONS', ('params',), self._first(arguments) if cid is None else arguments, options)

    def head(self, *arguments: Any, cid: Any = None, **options: Any) -> Response:
        """`head(cid, params=None)`."""
        return self._call('HEAD', ('params',), self._first(arguments) if cid is None else arguments, options)

    def post(self, *arguments: Any, cid: Any = None, **options: Any) -> Response:
        """`post(cid, data='', params=None, headers=None)`."""
        return self._call('POST', _WITH_BODY, self._first(arguments) if cid is None else arguments, options)

    def put(self, *arguments: Any, cid: Any = None, **options: Any) -> Response:
        """`put(cid, data='', params=None, headers=None)`."""
        return self._call('PUT', _WITH_BODY, self._first(arguments) if cid is None else arguments, options)

    def patch(self, *arguments: Any, cid: Any = None, **options: Any) -> Response:
        """`patch(cid, data='', params=None, headers=None)`."""
        return self._call('PATCH', _WITH_BODY, self._first(arguments) if cid is None else arguments, options)

    def delete(self, *arguments: Any, cid: Any = None, **options: Any) -> Response:
        """`delete(cid, data='', params=None)`."""
        return self._call('DELETE', _WITH_BODY, self._first(arguments) if cid is None else arguments, options)

    def send(self, method: str, data: Any = None, params: Any = None, headers: Any = None, **options: Any) -> Response:
        """Any method."""
        return self._call(method.upper(), _WITH_BODY, (data, params, headers), options)

    def ping(self, cid: Any = None) -> str:
        """Asks by `HEAD` whether the other side is there, and answers what it said."""
        answer = self._call('HEAD', ('params',), (), {})
        return f'{answer.status_code} {answer.reason}'

    def upload(self, *arguments: Any, cid: Any = None, **options: Any) -> Response:
        """`upload(cid, item, field_name='data', mime_type='application/octet-stream')`: one file as a form.

        `item` is bytes, text, an object with `read`, or a pair of a file name and one of these.
        """
        given = self._first(arguments) if cid is None else arguments
        named = dict(zip(('item', 'field_name', 'mime_type'), given))
        item, field = named.get('item', options.pop('item', b'')), named.get('field_name', options.pop('field_name', 'data'))
        kind = named.get('mime_type', options.pop('mime_type', 'application/octet-stream'))
        name, content = item if isinstance(item, tuple) else (getattr(item, 'name', field), item)
        content = content.read() if hasattr(content, 'read') else content
        boundary, body = _form(str(field), str(name), str(kind), content.encode() if isinstance(content, str) else bytes(content))
        headers = [*http.pairs(options.pop('headers', None)), ('Content-Type', f'multipart/form-data; boundary={boundary}')]
        return self._call('POST', _WITH_BODY, (body,), {**options, 'headers': headers})

    def _call(self, method: str, names: tuple[str, ...], arguments: tuple[Any, ...], options: dict[str, Any]) -> Response:
        if len(arguments) > len(names):
            raise TypeError(f'{method} takes {", ".join(names)} and no more')
        given = {**dict(zip(names, arguments)), **options}
        data, params = given.pop('data', None), given.pop('params', None)
        headers, timeout = http.pairs(given.pop('headers', None)), given.pop('timeout', None)
        if given:
            raise TypeError(f'not known here: {", ".join(given)}; how a connection is reached is in its definition')
        body, headers = _body(data, self._stamped(headers))
        # A text is a query as it is.
        path, params = (f'?{params.lstrip("?")}', None) if isinstance(params, str) and params else ('', params)
        return self._send(method, path, body, params, headers, timeout)

    def _send(self, method: str, path: str, body: Any, params: Any, headers: Any, timeout: Any) -> Response:
        for position, name in enumerate(self._names):
            try:
                answer = http.connect(name).request(method, path, body, params=params, headers=headers, timeout=timeout)
            except CapabilityError as error:
                if error.kind == 'not-found' and position + 1 < len(self._names):
                    continue
                if error.kind == 'invalid-input':
                    raise BadRequest(self._service.cid, error.message, needs_msg=False) from error
                raise
            return Response(self._service.cid, answer)
        raise AssertionError('there is at least one name')

    def _stamped(self, headers: http.Fields) -> http.Fields:
        given = {name.lower() for name, _ in headers}
        now = datetime.datetime.now(datetime.timezone.utc).isoformat()
        own = (('X-Zato-CID', self._service.cid), ('X-Zato-Component', 'caisson'), ('X-Zato-Msg-TS', now))
        return [*headers, *(pair for pair in own if pair[0].lower() not in given)]


_WITH_BODY = ('data', 'params', 'headers')


def _form(field: str, name: str, kind: str, content: bytes) -> tuple[str, bytes]:
    import uuid

    def quoted(text: str) -> str:
        return text.replace('"', '%22').replace('\r', '%0D').replace('\n', '%0A')

    if '\r' in kind or '\n' in kind:
        raise ValueError('the type of a file holds a line end')
    boundary = uuid.uuid4().hex
    head = (f'--{boundary}\r\nContent-Disposition: form-data; name="{quoted(field)}"; filename="{quoted(name)}"\r\n'
            f'Content-Type: {kind}\r\n\r\n')
    return boundary, head.encode() + content + f'\r\n--{boundary}--\r\n'.encode()


class Connections:
    """`self.out.rest` and `self.out.plain_http`: connections by name."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def __getitem__(self, name: str) -> Item:
        return Item(self._service, name)

    def get(self, name: str, default: Any = None) -> Item:
        """The same as `[name]`: whether there is such a connection is known when it is used."""
        return self[name]


class Facade:
    """`self.rest`: connections by name or by attribute, whose methods take no correlation id; `self.rest.get(url)` by URL."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def __getitem__(self, name: str) -> Item:
        return Item(self._service, name, takes_cid=False)

    def __getattr__(self, name: str) -> Item:
        if name.startswith('_'):
            raise AttributeError(name)
        names = dict.fromkeys([name, *(name.replace('_', other) for other in ('-', '.', ' '))])
        return Item(self._service, name, list(names), takes_cid=False)

    def get(self, url: str, params: Any = None, **options: Any) -> Response:
        """`GET` of a whole URL, by the connection `rest`, which needs `any_host`."""
        return self._whole('GET', url, None, params, options)

    def head(self, url: str, params: Any = None, **options: Any) -> Response:
        """`HEAD` of a whole URL."""
        return self._whole('HEAD', url, None, params, options)

    def options(self, url: str, params: Any = None, **options: Any) -> Response:
        """`OPTIONS` of a whole URL."""
        return self._whole('OPTIONS', url, None, params, options)

    def post(self, url: str, data: Any = None, params: Any = None, **options: Any) -> Response:
        """`POST` to a whole URL."""
        return self._whole('POST', url, data, params, options)

    def put(self, url: str, data: Any = None, params: Any = None, **options: Any) -> Response:
        """`PUT` to a whole URL."""
        return self._whole('PUT', url, data, params, options)

    def patch(self, url: str, data: Any = None, params: Any = None, **options: Any) -> Response:
        """`PATCH` of a whole URL."""
        return self._whole('PATCH', url, data, params, options)

    def delete(self, url: str, data: Any = None, params: Any = None, **options: Any) -> Response:
        """`DELETE` of a whole URL."""
        return self._whole('DELETE', url, data, params, options)

    def _whole(self, method: str, url: str, data: Any, params: Any, options: dict[str, Any]) -> Response:
        item = Item(self._service, ANY, takes_cid=False)
        given = options.pop('json', None)
        timeout, headers = options.pop('timeout', None), item._stamped(http.pairs(options.pop('headers', None)))
        if options:
            raise TypeError(f'not known here: {", ".join(options)}; how a connection is reached is in its definition')
        if given is not None:
            body, headers = http.encode(None, given, headers)
        else:
            body, headers = _body(data, headers)
        return item._send(method, url, body, params, headers, timeout)


class RESTAdapter(Service):
    """A service that calls one REST connection and answers what comes back, mapped by `map_response`.

    What is asked is said by attributes, or by methods `get_*` of the same names.
    """

    conn_name: ClassVar[Any] = ''
    method: ClassVar[str] = 'GET'
    model: ClassVar[Any] = None
    log_response: ClassVar[bool] = False
    needs_raw_response: ClassVar[bool] = False
    has_query_string_id: ClassVar[bool] = False
    query_string_id_param: ClassVar[str] = ''
    has_json_id: ClassVar[bool] = False
    json_id_param: ClassVar[str] = ''

    def handle(self) -> None:
        """Calls, and answers."""
        self.response.payload = self.rest_call()

    def rest_call(self) -> Any:
        """Calls, and returns what `map_response` made; a `BackendInvocationError` for a status from 400 on."""
        name = self._asked('conn_name')
        if not name:
            raise ValueError(f'{type(self).__name__}.conn_name is missing: the name of the connection')
        method = self._asked('method') or 'GET'
        params = {**http_dict(self._call_hook('get_query_string', {})), **http_dict(self._call_hook('get_path_params', {}))}
        data = self._call_hook('get_request')
        headers = http_dict(self._call_hook('get_headers'))
        token = self._call_hook('get_auth_bearer')
        if token:
            headers['Authorization'] = f'Bearer {token}'
        if self.has_query_string_id:
            key = self.query_string_id_param or 'id'
            params[key] = self.request.input[key]
        if self.has_json_id:
            key = self.json_id_param or 'id'
            data = {**(data or {}), key: self.request.input[key]}
        answer = Item(self, str(name)).send(method, data, params, headers)
        if self.log_response:
            self.logger.info('Answer of `%s`: %s %s', name, answer.status_code, answer.text)
        if not answer.ok:
            raise BackendInvocationError(self.cid, f'`{name}` answered {answer.status_code}', needs_msg=False)
        if self.needs_raw_response:
            return self.map_response(answer)
        return self.map_response(self._modelled(answer.data))

    def map_response(self, data: Any, **_options: Any) -> Any:
        """What is answered for what came back."""
        return data

    def _asked(self, name: str) -> Any:
        found = self._call_hook(f'get_{name}')
        return found if found is not None else getattr(self, name)

    def _call_hook(self, name: str, *arguments: Any) -> Any:
        hook = getattr(self, name, None)
        # `get_conn_name` is a text in services that were written for Zato.
        return hook(*arguments) if callable(hook) else hook

    def _modelled(self, data: Any) -> Any:
        if self.model is None:
            return data
        make = getattr(self.model, 'from_dict', None) or (lambda fields: self.model(**fields))
        return [make(one) for one in data] if isinstance(data, list) else make(data)


def http_dict(values: Any) -> dict[str, Any]:
    """Names and values as a dict of their own."""
    return dict(values) if values else {}
