"""A message as the host would hand it over, from what a test says."""

from __future__ import annotations

import json as _json
import time
from collections.abc import Mapping
from typing import Any, TypedDict
from urllib.parse import urlencode

from caisson.testing._services import encoded

__all__ = ['Options', 'message_facts']

_DEADLINE_SECS = 60


class Options(TypedDict, total=False):
    """What may be said about a message beside its payload."""

    method: str
    """HTTP method. With any of `method`, `path`, `query`, `headers`, `params` the message came by HTTP, with `POST` (without a payload:
    `GET`) unless it says otherwise; without any of them it is a call of another service."""
    path: str
    """Path of the URL, still percent-encoded."""
    query: str | Mapping[str, Any]
    """Query of the URL: a text without the `?`, or a dict whose lists are names that repeat."""
    params: Mapping[str, Any]
    """What the channel's path template has captured."""
    headers: Mapping[str, str]
    """HTTP headers."""
    content_type: str
    """Media type of the payload; unless given, it follows from it."""
    principal: str | Mapping[str, Any]
    """Who calls: a user name, or a dict of `name`, `definition`, `kind` (`basic-auth`, `api-key`, `jwt`, ...) and `claims` (a dict)."""
    channel: str | Mapping[str, Any]
    """Name of the channel, or a dict of `name`, `kind`, `data_format`, `path_over_query`, `url_over_body`."""
    cid: str
    """Correlation id."""
    peer: str
    """Network address of the caller."""
    attempt: int
    """1 for the first delivery of a message."""
    timeout: float
    """Seconds until the deadline."""
    message: Mapping[str, Any]
    """The messaging side: `source`, `id`, `key`, `redelivered`, `headers` and `properties` (dicts)."""
    soap: Mapping[str, Any]
    """The SOAP side: `operation`, `version`, `action`, `namespace`, `headers` (dict of names to values)."""
    in_reply_to: str
    """Of a callback: the correlation id of the call that it is told about."""
    environ: Mapping[str, Any]
    """What a chain of calls in the background shares."""


_KNOWN = frozenset(Options.__annotations__)


def message_facts(service: str, cid: str, payload: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a message by the names of the contract."""
    for name in options:
        if name not in _KNOWN:
            raise TypeError(f'a message has no {name!r}; it may have {", ".join(sorted(_KNOWN))}')
    content_type, body = encoded(payload)
    content_type = options.get('content_type') or content_type
    by_http = any(name in options for name in ('method', 'path', 'query', 'headers', 'params'))
    facts: dict[str, Any] = {
        'cid': options.get('cid') or cid, 'service': service, 'version': 1, 'attempt': options.get('attempt', 1),
        'peer': options.get('peer'), 'deadline_ms': round((time.time() + options.get('timeout', _DEADLINE_SECS)) * 1000),
        'channel': _channel(options.get('channel'), by_http, 'message' in options), 'principal': _principal(options.get('principal')),
        'content_type': content_type, 'body': body, 'in_reply_to': options.get('in_reply_to'),
        'environ': _json.dumps(dict(options['environ'])) if options.get('environ') else None,
    }
    if by_http:
        facts['http'] = _http(options, content_type, body)
    if options.get('message') is not None:
        facts['message'] = _message(options['message'])
    if options.get('soap') is not None:
        facts['soap'] = _soap(options['soap'])
    return facts


def _http(options: Mapping[str, Any], content_type: str | None, body: bytes) -> dict[str, Any]:
    query = options.get('query', '')
    headers = [(str(name).lower(), str(value)) for name, value in (options.get('headers') or {}).items()]
    if content_type and not any(name == 'content-type' for name, _ in headers):
        headers.append(('content-type', content_type))
    return {
        'method': str(options.get('method') or ('POST' if body else 'GET')).upper(), 'path': options.get('path', '/'),
        'query': query if isinstance(query, str) else urlencode(query, doseq=True),
        'params': _pairs(options.get('params')), 'headers': headers,
    }


def _channel(channel: Any, by_http: bool, by_broker: bool) -> dict[str, Any]:
    kind = 'rest' if by_http else 'amqp' if by_broker else 'invoke'
    given = {'name': channel} if isinstance(channel, str) else dict(channel or {})
    return {'name': 'test' if by_http or by_broker else 'invoke', 'kind': kind, **given}


def _principal(principal: Any) -> dict[str, Any] | None:
    if principal is None:
        return None
    given: dict[str, Any] = {'name': principal} if isinstance(principal, str) else dict(principal)
    if isinstance(given.get('claims'), Mapping):
        given['claims'] = _json.dumps(dict(given['claims']))
    return {'definition': 'test', 'kind': 'basic-auth', **given}


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    made = {'source': 'test', **message}
    for part in ('headers', 'properties'):
        made[part] = _pairs(made.get(part))
    return made


def _soap(soap: Mapping[str, Any]) -> dict[str, Any]:
    made = {'version': '1.1', 'operation': '', **soap}
    made['headers'] = [(str(name), None, _json.dumps(value)) for name, value in (made.get('headers') or {}).items()]
    return made


def _pairs(values: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    return [
        (str(name), str(one)) for name, value in (values or {}).items() for one in (value if isinstance(value, (list, tuple)) else [value])
    ]
