"""One message to one service, as the interpreter's Rust side does it (`handler.rs`)."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import Any

import _caisson

from caisson import _loader, _runtime
from caisson._errors import ServiceError
from caisson._service import Service
from caisson.testing._response import Response

__all__ = ['call', 'facts_of']


class _Sources:
    """Sources of modules, for those who ask for the line of a class."""

    def get_source(self, module: str) -> str:
        """The text of a module, or an empty one."""
        loader = getattr(getattr(sys.modules.get(module), '__spec__', None), 'loader', None)
        try:
            return loader.get_source(module) or '' if loader is not None else ''
        except (AttributeError, ImportError, OSError):
            return ''

    def path_of(self, module: str) -> str | None:
        """Path of the file of a module, if there is one."""
        return getattr(sys.modules.get(module), '__file__', None)


_FACTS: dict[type, Any] = {}


def facts_of(cls: type[Service]) -> Any:
    """What the loader finds out about a service: its name, and the functions that answer. Found out once."""
    if not (isinstance(cls, type) and issubclass(cls, Service)):
        raise TypeError(f'a service is a class that inherits from caisson.Service, not {cls!r}')
    known = _FACTS.get(cls)
    if known is None:
        if not _loader._has_handler(cls):
            raise TypeError(f'{cls.__name__} has no method `handle`')
        known = _FACTS[cls] = _loader._facts(cls, _Sources())  # type: ignore[arg-type]
    return known


def call(cls: type[Service], facts: Mapping[str, Any]) -> Response:
    """Runs a service. What it raises is part of the response; an AssertionError, and what is no Exception, is raised here."""
    known = facts_of(cls)
    http = facts.get('http')
    function = _choose(known, None if http is None else http['method'])
    if function is None:
        error = ServiceError('Method not allowed', status=405, headers={'Allow': ', '.join(known.verbs)})
        return _failed(error, {}, str(facts.get('cid', '')))
    service = cls.__new__(cls, _facts=dict(facts))
    try:
        if known.init is not None:
            known.init(service)
        result = function(service)
        if inspect.iscoroutine(result):
            _runtime.run_coroutine(result)
        answer: Any = _caisson.answer_of(service)
    except AssertionError:
        raise
    except Exception as error:
        return _failed(error, service.response.headers, service.cid)
    if not answer[0]:
        return _failed(ValueError(answer[1]), service.response.headers, service.cid)
    _, status, fields, body = answer
    return Response(int(status), _joined(fields), body)


def _choose(known: Any, method: str | None) -> Any:
    """The function for a message: those for HTTP methods, if there are any, answer all that comes by HTTP."""
    if known.handle is not None and (not known.verbs or method is None):
        return known.handle
    if method is None:
        return known.verbs.get('POST') or next(iter(known.verbs.values()), None)
    return known.verbs.get(method)


def _failed(error: BaseException, own_headers: Any, cid: str) -> Response:
    kind, status, message, _detail, _retryable, headers = _runtime.describe_error(error, cid)
    if status is None:
        status = 500
    made = [(str(name), str(value)) for part in (own_headers, headers) if isinstance(part, dict) for name, value in part.items()]
    return Response(status, _joined(made), b'', error, message)


def _joined(fields: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in fields:
        name = name.lower()
        found[name] = f'{found[name]}, {value}' if name in found else value
    return found
