"""The exceptions of Zato. All take a correlation id and a message: `NotFound(self.cid, 'No such order')`."""

from caisson import (
    BackendInvocationError, BadRequest, Conflict, ElementMissing, Forbidden, InternalServerError, MethodNotAllowed,
    ModelValidationError, NotFound, ServiceError, ServiceUnavailable, TooManyRequests, Unauthorized,
)

from caisson._absent import module_getattr

ZatoException = ServiceError
"""The base of all others."""

HTTPException = ServiceError
"""Another name of the base."""

ClientHTTPError = ServiceError
"""Another name of the base."""


class Inactive(ServiceError):
    """503: a service that was switched off. Nothing here raises it: a service that is not deployed is NotFound."""

    status = 503
    default_msg = 'Inactive'

__all__ = [
    'BackendInvocationError', 'BadRequest', 'ClientHTTPError', 'Conflict', 'ElementMissing', 'Forbidden', 'HTTPException', 'Inactive',
    'InternalServerError', 'MethodNotAllowed', 'ModelValidationError', 'NotFound', 'ServiceUnavailable', 'TooManyRequests', 'Unauthorized',
    'ZatoException',
]

__getattr__ = module_getattr(__name__)
