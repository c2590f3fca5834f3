"""What a capability refused or could not do."""

from __future__ import annotations

from typing import Any

from caisson._errors import ServiceError, _STATUS_OF_KIND

__all__ = ['CapabilityError', 'unwrap']


class CapabilityError(ServiceError):
    """An error of a capability.

    `kind` is one of the kinds of the service contract (`access-denied`, `unavailable`, ...), `retryable` whether the same call may
    succeed later, `code` the remote system's own code or None.
    """

    def __init__(self, kind: str, message: str, retryable: bool = False, code: str | None = None) -> None:
        super().__init__(message, kind=kind, status=_STATUS_OF_KIND.get(kind, 500), retryable=retryable)
        self.code = code


def unwrap(answer: tuple[Any, ...]) -> Any:
    """The value of a native function's answer; raises what went wrong."""
    if answer[0]:
        return answer[1]
    raise CapabilityError(*answer[1:])
