"""Reads the message of a service by its declaration.

The body is JSON, whatever its media type says, unless it is a form or came as fields. Parameters of the URL are elements as well; they
win over the body, unless the channel says otherwise, and only at the top. An element that is given twice in one object is an error.
"""

from __future__ import annotations

import json
from typing import Any

from caisson._bunch import ServiceInput
from caisson._kinds_nested import Field, ListKind, ModelKind, read_fields
from caisson._problems import BAD, MISSING, Problems
from caisson._shape import finish

try:
    import _caisson_model as _native
except ImportError:
    # Under CPython. What is native is faster, and does nothing else.
    _native = None  # type: ignore[assignment]

__all__ = ['Input']

_FORM = 'application/x-www-form-urlencoded'


class Input:
    """The input side of a service."""

    def __init__(self, side: Any) -> None:
        self._side = side
        self._settings = side.settings
        fields = side.fields if side.fields is not None else getattr(getattr(side.kind, 'shape', None), 'fields', [])
        self._lists = frozenset(field.name for field in fields if isinstance(field.kind, ListKind))
        self._skips = bool(side.settings.skip_empty_input)
        self._native = self._compile() if _native is not None else None

    def _compile(self) -> Any:
        """The native reader, if there is one for such a declaration."""
        settings = self._settings
        if self._skips or settings.request_elem or settings.use_channel_params_only:
            return None
        from caisson._native_plan import reader_of
        return reader_of(self._side)

    def read(self, service: Any) -> None:
        """Sets `service.request.input`; raises ModelValidationError."""
        request = service.request
        if self._native is not None and _native.read(self._native, request):
            return
        request.input = self.read_slowly(request, service)

    def read_slowly(self, request: Any, service: Any) -> Any:
        """The input. What the native reader makes is the same; errors are made here."""
        problems = Problems(service, slash=self._side.fields is None)
        url = _url_params(request, self._lists)
        data = self._body(request, problems)
        if problems.found:
            raise problems.error()
        if isinstance(data, dict):
            if url:
                data = {**url, **data} if getattr(request, 'url_over_body', None) is False else {**data, **url}
        elif data is MISSING and (url or self._takes_objects()):
            data = url
        made = self._fields(data, problems) if self._side.fields is not None else self._kind(data, problems)
        finish(problems)
        return made

    def _takes_objects(self) -> bool:
        return self._side.fields is not None or isinstance(self._side.kind, ModelKind)

    def _fields(self, data: Any, problems: Problems) -> Any:
        if not isinstance(data, dict):
            return problems.wrong('', 'an object', data)
        fields: list[Field] = self._side.fields
        made = ServiceInput(read_fields(fields, data, '', problems))
        if self._skips:
            skip, force = self._settings.skip_empty_input, self._settings.force_empty_input
            for field in fields:
                given = data.get(field.name)
                if field.optional and given in (None, '') and (skip is True or field.name in skip) \
                        and not (force is True or field.name in force):
                    made.pop(field.name, None)
        return made

    def _kind(self, data: Any, problems: Problems) -> Any:
        if data is MISSING or data is None:
            return problems.missing('/', data) if not self._side.kind.takes_null else None
        return self._side.kind.read(data, '', problems)

    def _body(self, request: Any, problems: Problems) -> Any:
        """The body as an object or a list; MISSING when there is none."""
        if self._settings.use_channel_params_only:
            return MISSING
        payload = request.payload
        if isinstance(payload, dict):
            if type(payload) is not dict:
                # A form or a message of SOAP: a list of one looks like a single value there.
                problems.wrap = True
            if _is_form(request) and bytes(request.raw_request).lstrip()[:1] in (b'{', b'['):
                # JSON that curl has called a form.
                problems.wrap = False
                payload = _parse(request.raw_request, problems)
        elif isinstance(payload, (str, bytes, bytearray)):
            if not payload:
                return MISSING
            payload = _parse(payload, problems)
        if payload is None or payload is BAD:
            return MISSING
        self._refuse_twice(request, payload, problems)
        element = self._settings.request_elem
        if element and isinstance(payload, dict) and element in payload:
            payload = payload[element]
        return payload

    def _refuse_twice(self, request: Any, payload: Any, problems: Problems) -> None:
        """Names that an object has twice: the parser keeps the last, and the sender may have meant the first."""
        raw = getattr(request, 'raw_request', None)
        if problems.wrap or not isinstance(raw, bytes) or not isinstance(payload, (dict, list)):
            return
        if _native is not None and not _native.has_duplicates(raw, payload):
            return
        try:
            parsed = json.loads(raw, object_pairs_hook=_Pairs)
        except (ValueError, RecursionError):
            return
        _find_twice(parsed, '', problems)


class _Pairs(dict[str, Any]):
    """An object that knows which names it was given twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.twice = [] if len(names) == len(self) else sorted({name for name in names if names.count(name) > 1})


def _find_twice(value: Any, path: str, problems: Problems) -> None:
    if isinstance(value, _Pairs):
        for name in value.twice:
            problems.wrong(f'{path}/{ascii(name)[1:-1]}', 'one value', None, 'the name is there twice', got='several')
        for name, item in value.items():
            _find_twice(item, f'{path}/{ascii(name)[1:-1]}', problems)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _find_twice(item, f'{path}[{index}]', problems)


def _is_form(request: Any) -> bool:
    content_type = getattr(request, 'content_type', None)
    return isinstance(content_type, str) and content_type.split(';')[0].strip().lower() == _FORM


def _parse(text: Any, problems: Problems) -> Any:
    """JSON, or BAD and why it is none. The text itself is not told: it may hold secrets."""
    try:
        return json.loads(text)
    except UnicodeDecodeError as error:
        why = f'byte {error.start} is not valid {error.encoding}'
    except RecursionError:
        why = 'it is nested too deep'
    except ValueError as error:
        why = str(error)
    return problems.wrong('', 'JSON', None, why, got='this body')


def _url_params(request: Any, lists: frozenset[str]) -> dict[str, Any]:
    """Parameters of path and query; a single one for a list is a list of one."""
    http = getattr(request, 'http', None)
    if http is None:
        return {}
    params, query = http.params, http.GET
    if not params and not query:
        return {}
    url = {**query, **params} if getattr(request, 'path_over_query', False) else {**params, **query}
    for name in lists.intersection(url):
        if not isinstance(url[name], list):
            url[name] = [url[name]]
    return url
