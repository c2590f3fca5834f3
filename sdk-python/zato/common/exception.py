"""The exceptions of Zato. All take a correlation id and a message: `NotFound(self.cid, 'No such order')`."""

from caisson import (
    BackendInvocationError, BadRequest, Conflict, ElementMissing, Forbidden, InternalServerError, MethodNotAllowed,
    ModelValidationError, NotFound, ServiceError, ServiceUnavailable, TooManyRequests, Unauthorized,
)

ZatoException = ServiceError
"""The base of all others."""

HTTPException = ServiceError
"""Another name of the base."""

__all__ = [
    'BackendInvocationError', 'BadRequest', 'Conflict', 'ElementMissing', 'Forbidden', 'HTTPException', 'InternalServerError',
    'MethodNotAllowed', 'ModelValidationError', 'NotFound', 'ServiceUnavailable', 'TooManyRequests', 'Unauthorized',
    'ZatoException',
]
