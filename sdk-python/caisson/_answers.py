"""What other services have answered, as those who called them get it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from caisson._bunch import Bunch
from caisson._errors import ModelValidationError, ServiceError

if TYPE_CHECKING:
    from caisson._invoke import Invoking

__all__ = ['MODEL_HEADER', 'Answer', 'bunched', 'classes_of', 'decode', 'decoded', 'headers_of', 'is_model', 'remade', 'without_wrapper']

MODEL_HEADER = 'x-caisson-model'
"""Says to a calling service that the answer was an object of the Model that the callee declares, or a list of these. It names no class:
which one it is, the caller's own package knows. No answer to anybody else has it."""


class Answer:
    """What another service has answered: `self.invoke(name, payload, as_response=True)`.

    `ok` tells whether it answered without an error, `status_code` its HTTP status, `headers` a dict of its headers in lower case,
    `payload` what it answered (`None` after an error), and `error` the exception that `invoke` would have raised, or `None`.
    """

    def __init__(self, status_code: int, headers: dict[str, Any], payload: Any, error: ServiceError | None) -> None:
        self.status_code = status_code
        self.headers = headers
        self.payload = payload
        self.error = error

    @property
    def ok(self) -> bool:
        """Whether it answered without an error; its status may still be one."""
        return self.error is None

    def __repr__(self) -> str:
        return f'<Answer {self.status_code}{"" if self.ok else " " + type(self.error).__name__}>'


def headers_of(headers: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Names in lower case; values of a name that is repeated are joined by commas, as HTTP has it."""
    found: dict[str, Any] = {}
    for header, value in headers:
        header = header.lower()
        if header != MODEL_HEADER:
            found[header] = f'{found[header]}, {value}' if header in found else value
    return found


def decode(headers: Sequence[tuple[str, str]], body: bytes) -> Any:
    """The value of an answer of another service."""
    content_type = None
    for header, value in headers:
        if header.lower() == 'content-type':
            content_type = value
    return decoded(content_type, body)


def decoded(content_type: str | None, body: bytes) -> Any:
    """The value of a body: JSON, else text, else bytes."""
    kind = (content_type or '').split(';')[0].strip().lower()
    if not body:
        return ''
    if kind == 'application/json' or kind.endswith('+json'):
        return json.loads(body)
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body


def is_model(headers: Sequence[tuple[str, str]]) -> bool:
    """Whether an answer was an object of the callee's declared Model, or a list of these."""
    return any(header == MODEL_HEADER for header, _ in headers)


def remade(caller: Invoking, name: str, payload: Any) -> Any:
    """The object of a Model, or the list of these, that the service of this name has answered.

    It stays what it is unless that service is of the caller's own package: other classes are not here.
    """
    model = _declared(caller, name)
    if model is None:
        return payload
    if isinstance(payload, list):
        return [_object(model, one, caller) for one in payload]
    return _object(model, payload, caller)


def _declared(caller: Invoking, name: str) -> Any:
    """The Model that a service declares as its output, if it is of the caller's own package."""
    from caisson._declare import declaration_of
    from caisson._invoke import Invoking

    package = type(caller).__module__.partition('.')[0]
    for cls in classes_of(Invoking):
        if cls.__dict__.get('name') == name and cls.__module__.partition('.')[0] == package:
            declaration = declaration_of(cls)
            return None if declaration is None else declaration.output_model
    return None


def _object(model: Any, data: Any, caller: Invoking) -> Any:
    if not isinstance(data, dict):
        return data
    try:
        return model.from_dict(data, caller)
    except ModelValidationError:
        # The callee had such an object, though it may not have set all of it. So has the caller.
        from caisson._shape import shape_of

        shape = shape_of(model)
        return shape.make({field.name: _value(field, data[field.name]) for field in shape.fields if field.name in data})


def _value(field: Any, value: Any) -> Any:
    """An element as it is declared, or as it came if it does not fit."""
    from caisson._problems import Problems

    problems = Problems()
    read = None if value is None else field.kind.read(value, '', problems)
    return value if problems.count else read


def without_wrapper(payload: Any) -> Any:
    """Of `{'response': x}` only `x`."""
    if not isinstance(payload, dict):
        return payload
    names = [name for name in payload if name != '_meta']
    return payload['response'] if names == ['response'] else payload


def bunched(value: Any) -> Any:
    """A copy whose dicts have dotted access."""
    if isinstance(value, dict):
        return Bunch((name, bunched(item)) for name, item in value.items())
    if isinstance(value, list):
        return [bunched(item) for item in value]
    return value


def classes_of(base: type) -> Iterable[Any]:
    """All classes below this one."""
    found: list[Any] = base.__subclasses__()
    for cls in found:
        yield cls
        yield from classes_of(cls)
