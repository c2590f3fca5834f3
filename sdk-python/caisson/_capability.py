"""What a capability refused or could not do."""

from __future__ import annotations

from typing import Any

from caisson._errors import ServiceError

__all__ = ['CapabilityError', 'unwrap']

# What a service's own caller is told when the service lets the error pass: that a system behind it is away or slow may pass,
# anything else is between the service and its operator.
_OUTWARDS = {'unavailable': ('unavailable', 503), 'timeout': ('timeout', 504)}


class CapabilityError(ServiceError):
    """A call over a connection that was refused or has failed.

    `kind` says what went wrong (`access-denied`, `not-found`, `conflict`, `timeout`, `unavailable`, ...), `message` in words, `code` in
    the remote system's own (an SQLSTATE, a reply code), and `retryable` whether the same call may succeed later. A refusal names
    the grant that is missing.
    """

    def __init__(self, kind: str, message: str, retryable: bool = False, code: str | None = None) -> None:
        self.outer_kind, status = _OUTWARDS.get(kind, ('internal', 500))
        super().__init__(message, kind=kind, status=status, retryable=retryable)
        self.code = code

    def public_message(self) -> str:
        return 'An error has occurred'


def unwrap(answer: tuple[Any, ...]) -> Any:
    """The value of a native function's answer, `(True, value)`; raises for `(False, kind, message, retryable, code)`."""
    if answer[0]:
        return answer[1]
    raise CapabilityError(*answer[1:])
