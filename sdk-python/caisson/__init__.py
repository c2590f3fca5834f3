"""What a service of Caisson imports.

    from caisson import Service

    class HelloWorld(Service):
        def handle(self):
            self.response.payload = 'Hello'
"""

from caisson._bunch import Bunch, Message, ServiceInput
from caisson._errors import (
    BackendInvocationError, BadRequest, Conflict, ElementMissing, Forbidden, InternalServerError, MethodNotAllowed,
    ModelValidationError, NotFound, ServiceError, ServiceUnavailable, TooManyRequests, Unauthorized,
)
from caisson._service import Service

__all__ = [
    'BackendInvocationError', 'BadRequest', 'Bunch', 'Conflict', 'ElementMissing', 'Forbidden', 'InternalServerError',
    'Message', 'MethodNotAllowed', 'ModelValidationError', 'NotFound', 'Service', 'ServiceError', 'ServiceInput',
    'ServiceUnavailable', 'TooManyRequests', 'Unauthorized',
]
