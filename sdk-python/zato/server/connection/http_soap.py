"""The exceptions under the path that older services import them from."""

from caisson._absent import module_getattr
from zato.common.exception import (
    BadRequest, Conflict, Forbidden, InternalServerError, MethodNotAllowed, NotFound, ServiceUnavailable, TooManyRequests,
    Unauthorized,
)

__all__ = [
    'BadRequest', 'Conflict', 'Forbidden', 'InternalServerError', 'MethodNotAllowed', 'NotFound', 'ServiceUnavailable',
    'TooManyRequests', 'Unauthorized',
]

__getattr__ = module_getattr(__name__)
