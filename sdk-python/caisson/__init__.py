"""What a service of Caisson imports.

    from caisson import Service

    class HelloWorld(Service):
        def handle(self):
            self.response.payload = 'Hello'
"""

try:
    import _caisson  # noqa: F401  (only to see whether the interpreter has it)
except ImportError:
    # Under CPython, e.g. in tests: the native modules have a stand-in.
    from caisson import _standin
    _standin.install()

from caisson._bunch import Bunch, Message, ServiceInput
from caisson._capability import CapabilityError
from caisson._errors import (
    BackendInvocationError, BadRequest, Conflict, ElementMissing, Forbidden, InternalServerError, MethodNotAllowed,
    ModelValidationError, NotFound, ServiceError, ServiceUnavailable, TooManyRequests, Unauthorized,
)
from caisson._service import Service
from caisson._soap import SOAPMessage

__all__ = [
    'BackendInvocationError', 'BadRequest', 'Bunch', 'CapabilityError', 'Conflict', 'ElementMissing', 'Forbidden', 'InternalServerError',
    'Message', 'MethodNotAllowed', 'ModelValidationError', 'NotFound', 'SOAPMessage', 'Service', 'ServiceError', 'ServiceInput',
    'ServiceUnavailable', 'TooManyRequests', 'Unauthorized',
]
