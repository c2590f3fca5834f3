"""Exceptions that a service raises to answer with an error, and the error values that they become."""

from __future__ import annotations

from typing import Any

__all__ = [
    'BackendInvocationError', 'BadRequest', 'Conflict', 'ElementIsNotAList', 'ElementMissing', 'Forbidden', 'InternalServerError',
    'InvokeTimeout', 'MethodNotAllowed', 'ModelValidationError', 'NotFound', 'ServiceError', 'ServiceUnavailable', 'TooManyRequests',
    'Unauthorized', 'UnknownService',
]

_KINDS = {
    400: 'invalid-input', 401: 'unauthenticated', 403: 'access-denied', 404: 'not-found', 405: 'method-not-allowed',
    408: 'timeout', 409: 'conflict', 422: 'invalid-input', 429: 'quota-exceeded', 499: 'cancelled', 500: 'internal',
    503: 'unavailable', 504: 'timeout',
}

_STATUS_OF_KIND = {
    'invalid-input': 400, 'unauthenticated': 401, 'access-denied': 403, 'not-found': 404, 'method-not-allowed': 405,
    'conflict': 409, 'timeout': 504, 'quota-exceeded': 429, 'unavailable': 503, 'cancelled': 499, 'internal': 500,
}


class ServiceError(Exception):
    """An error that a caller may read.

    Takes a message, or a correlation id and a message: `NotFound('No such order')`, `NotFound(self.cid, 'No such order')`.

    `status` is the HTTP status, `kind` one of the kinds of the service contract (`not-found`, `conflict`, ...),
    `retryable` whether the same call may succeed later, `headers` a dict of headers to send.
    """

    status: int = 500
    default_msg: str = ''
    retryable: bool = False

    def __init__(self, *args: Any, kind: str | None = None, status: int | None = None, retryable: bool | None = None,
                 headers: dict[str, str] | None = None) -> None:
        super().__init__(*args)
        self.cid: str = args[0] if len(args) > 1 else ''
        self.msg: Any = (args[1] if len(args) > 1 else args[0] if args else None) or self.default_msg
        if status is not None:
            self.status = status
        self.kind: str = kind or _KINDS.get(self.status, 'invalid-input' if 400 <= self.status < 500 else 'internal')
        if retryable is not None:
            self.retryable = retryable
        self.headers: dict[str, str] = dict(headers or {})

    @property
    def message(self) -> Any:
        """The same as `msg`."""
        return self.msg

    def public_message(self) -> str:
        """The text that a caller is given."""
        return str(self.msg)

    def __str__(self) -> str:
        return str(self.msg)


class BadRequest(ServiceError):
    """400. The message stays hidden from the caller unless `needs_msg` is true."""

    status = 400
    default_msg = 'Bad request'

    def __init__(self, *args: Any, needs_msg: bool = False, **kwargs: Any) -> None:
        if len(args) > 2:
            args, needs_msg = args[:2], bool(args[2])
        super().__init__(*args, **kwargs)
        self.needs_msg = needs_msg

    def public_message(self) -> str:
        return str(self.msg) if self.needs_msg else self.default_msg


class Unauthorized(ServiceError):
    """401. `challenge` is the value of the header `WWW-Authenticate`."""

    status = 401
    default_msg = 'Unauthorized'

    def __init__(self, *args: Any, challenge: str | None = None, **kwargs: Any) -> None:
        if len(args) > 2:
            args, challenge = args[:2], args[2]
        super().__init__(*args, **kwargs)
        self.challenge = challenge
        if challenge:
            self.headers['WWW-Authenticate'] = challenge


class Forbidden(ServiceError):
    """403."""

    status = 403
    default_msg = 'You are not allowed to access this resource'


class NotFound(ServiceError):
    """404."""

    status = 404
    default_msg = 'Not found'


class MethodNotAllowed(ServiceError):
    """405."""

    status = 405
    default_msg = 'Method not allowed'


class Conflict(ServiceError):
    """409."""

    status = 409
    default_msg = 'Conflict'


class TooManyRequests(ServiceError):
    """429. The call may be repeated later."""

    status = 429
    default_msg = 'Too many requests'
    retryable = True


class InternalServerError(ServiceError):
    """500, with a message that the caller may read."""

    status = 500
    default_msg = 'Internal server error'


class ServiceUnavailable(ServiceError):
    """503. The call may be repeated later."""

    status = 503
    default_msg = 'Service unavailable'
    retryable = True


class BackendInvocationError(ServiceError):
    """400: a system that the service called has failed or has refused the call."""

    status = 400
    default_msg = 'Backend invocation error'

    def __init__(self, *args: Any, needs_msg: bool = True, **kwargs: Any) -> None:
        super().__init__(*args[:2], **kwargs)
        self.needs_msg = needs_msg


class ModelValidationError(ServiceError):
    """400: the input does not fit what the service has declared. `elem_path` says where; with several problems, where the first is.

    `problems` has all of them, up to a thousand: dicts of text with the keys `path` (`/items[0]/sku`), `kind` (`missing`, `no-list` or `wrong`), `wanted`
    and `got`.
    """

    status = 400
    default_msg = 'Invalid input'

    def __init__(self, *args: Any, elem_path: str = '', **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.elem_path = elem_path
        self.problems: list[dict[str, str]] = []


class ElementMissing(ModelValidationError):
    """400: a required element is not there."""

    default_msg = 'Element missing'


class ElementIsNotAList(ModelValidationError):
    """400: an element that was declared as a list is none."""

    default_msg = 'Element is not a list'


class UnknownService(NotFound, KeyError):
    """404: nothing is deployed under the name that was called, which is `name`."""

    def __init__(self, *args: Any, name: str = '', **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name


class InvokeTimeout(ServiceError, TimeoutError):
    """504: another service has not answered in time."""

    status = 504
    default_msg = 'The service has not answered in time'
    retryable = True

    def __new__(cls, *args: Any, **kwargs: Any) -> InvokeTimeout:
        # Errors of the system take no keywords when they are made.
        return super().__new__(cls, *args)


_BY_STATUS = {
    cls.status: cls
    for cls in (Unauthorized, Forbidden, NotFound, MethodNotAllowed, Conflict, TooManyRequests, ServiceUnavailable)
}


def from_callee(cid: str, kind: str, status: int | None, message: str, retryable: bool,
                headers: list[tuple[str, str]]) -> ServiceError:
    """The exception for an error that another service has answered."""
    known = status if status is not None else _STATUS_OF_KIND.get(kind, 500)
    options: dict[str, Any] = {'kind': kind, 'retryable': retryable, 'headers': dict(headers)}
    if known == 400:
        return BadRequest(cid, message, needs_msg=True, **options)
    if known in _BY_STATUS:
        return _BY_STATUS[known](cid, message, **options)
    return ServiceError(cid, message, status=known, **options)
