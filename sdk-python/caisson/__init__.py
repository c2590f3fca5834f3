"""What a service of Caisson imports.

    from caisson import Service

    class HelloWorld(Service):
        def handle(self):
            self.response.payload = 'Hello'
"""

from caisson._bunch import Bunch, Message, ServiceInput
from caisson._capability import CapabilityError
from caisson._errors import (
    BackendInvocationError, BadRequest, Conflict, ElementMissing, Forbidden, InternalServerError, MethodNotAllowed,
    ModelValidationError, NotFound, ServiceError, ServiceUnavailable, TooManyRequests, Unauthorized,
)
from caisson._lock import LockTimeout
from caisson._service import Service
from caisson._soap import SOAPMessage

__all__ = [
    'BackendInvocationError', 'BadRequest', 'Bunch', 'CapabilityError', 'Conflict', 'ElementMissing', 'Forbidden', 'InternalServerError',
    'LockTimeout', 'Message', 'MethodNotAllowed', 'ModelValidationError', 'NotFound', 'SOAPMessage', 'Service', 'ServiceError', 'ServiceInput',
    'ServiceUnavailable', 'TooManyRequests', 'Unauthorized',
]
