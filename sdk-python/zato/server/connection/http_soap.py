"""The exceptions under the path that older services import them from."""

from zato.common.exception import (
    BadRequest, Conflict, Forbidden, InternalServerError, MethodNotAllowed, NotFound, ServiceUnavailable, TooManyRequests,
    Unauthorized,
)

__all__ = [
    'BadRequest', 'Conflict', 'Forbidden', 'InternalServerError', 'MethodNotAllowed', 'NotFound', 'ServiceUnavailable',
    'TooManyRequests', 'Unauthorized',
]
