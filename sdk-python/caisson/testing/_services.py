"""Other services: faked ones, real ones, and calls that nobody waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from caisson import _runtime
from caisson._answers import MODEL_HEADER, decoded
from caisson._model import Model
from caisson.testing._expect import Fake, Rule, matches

__all__ = ['BackgroundCall', 'FakeService', 'ServiceCall', 'answered', 'encoded', 'refused']


@dataclass
class ServiceCall:
    """A call of another service."""

    service: str
    """Its name."""
    payload: Any
    """What it was given: JSON as Python values, else `str` or `bytes`; `''` for nothing."""
    content_type: str | None
    """Media type of the payload."""
    body: bytes
    """The payload as it goes over."""
    method: str | None = None
    """The HTTP method of `wsgi_environ`, if the caller gave one."""

    def __str__(self) -> str:
        return f'{self.service} {self.payload!r}'


@dataclass
class BackgroundCall:
    """A call that nobody waits for: `invoke_async`, `schedule`, `patterns`."""

    service: str
    """Name of the service that will be called."""
    payload: Any
    """What it will be given, as in `ServiceCall`."""
    kind: str
    """`invoke-async`, `scheduler`, `fanout` or `parallel`."""
    cid: str
    """The correlation id that the call has."""
    delay: float = 0.0
    """Seconds until it is due."""
    callback: list[str] = field(default_factory=list)
    """Services that are called with the answer."""
    task: Mapping[str, Any] = field(default_factory=dict)
    """All that the host was told, by the names of the contract."""

    def __str__(self) -> str:
        return f'{self.kind} {self.service} {self.payload!r}'


class FakeService(Fake[ServiceCall]):
    """Stands for another service; in tests, `app.service(NAME)`."""

    kind = 'service'

    def answers(
        self, answer: Any = '', *, status: int = 200, headers: Mapping[str, str] | None = None, payload: Any = None,
        by: Callable[[Any], Any] | None = None, times: int | None = None,
    ) -> FakeService:
        """Records an answer: anything that `self.response.payload` may be. `payload` says for which call (a value, or a function that
        is given it); `by` makes the answer from the payload of the call.
        """
        def made(call: ServiceCall) -> Any:
            return answered(by(call.payload) if by is not None else answer, status, headers)

        shown = self.name if payload is None else f'{self.name} {payload!r}'
        self._record(Rule(shown, lambda call: payload is None or matches(payload, call.payload), made, times))
        return self

    def fails(self, error: BaseException, *, payload: Any = None, times: int | None = None) -> FakeService:
        """Records an error, as the other service would raise it: `fails(NotFound('No such order'))`."""
        shown = self.name if payload is None else f'{self.name} {payload!r}'
        fits = lambda call: payload is None or matches(payload, call.payload)  # noqa: E731
        self._record(Rule(shown, fits, lambda _call: refused(error), times))
        return self

    def assert_called_once_with(self, payload: Any) -> None:
        """Exactly one call was made, with this payload."""
        self._assert_once_with({'payload': payload})

    def assert_called_with(self, payload: Any) -> None:
        """Some call had this payload."""
        self._assert_any_with({'payload': payload})

    def _invoke(self, content_type: str | None, body: bytes, method: str | None = None) -> Any:
        call = ServiceCall(self.name, decoded(content_type, body), content_type, body, method)
        return self._answer(call, f'app.service({self.name!r}, answer={{...}})')


def answered(payload: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> tuple[Any, ...]:
    """A payload as the native `invoke` gives it."""
    content_type, body = encoded(payload)
    fields = [(name.lower(), value) for name, value in (headers or {}).items()]
    if content_type and not any(name == 'content-type' for name, _ in fields):
        fields.append(('content-type', content_type))
    rows = payload if isinstance(payload, list) else [payload]
    if rows and all(isinstance(row, Model) for row in rows):
        fields.append((MODEL_HEADER, '1'))
    return True, status, fields, body


def refused(error: BaseException) -> tuple[Any, ...]:
    """An error as the native `invoke` gives it."""
    kind, status, message, _detail, retryable, headers = _runtime.describe_error(error, '')
    return False, kind, status, message, retryable, list(headers.items())


def encoded(payload: Any) -> tuple[str | None, bytes]:
    """Media type and body of a payload."""
    if payload is None or isinstance(payload, str) and not payload:
        return None, b''
    if isinstance(payload, str):
        return 'text/plain; charset=utf-8', payload.encode()
    if isinstance(payload, (bytes, bytearray)):
        return 'application/octet-stream', bytes(payload)
    return 'application/json', _runtime.dumps(_runtime.to_plain(payload)).encode()
