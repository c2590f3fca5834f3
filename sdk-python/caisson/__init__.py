"""What a service of Caisson imports.

    from caisson import Service

    class HelloWorld(Service):
        def handle(self):
            self.response.payload = 'Hello'
"""

from typing import TYPE_CHECKING

try:
    import _caisson  # noqa: F401  (only to see whether the interpreter has it)
except ImportError:
    # Under CPython, e.g. in tests: the native modules have a stand-in.
    from caisson import _standin
    _standin.install()

from caisson._bunch import Bunch, Message, ServiceInput
from caisson._capability import CapabilityError
from caisson._errors import (
    BackendInvocationError, BadRequest, Conflict, ElementIsNotAList, ElementMissing, Forbidden, InternalServerError, InvokeTimeout,
    MethodNotAllowed, ModelValidationError, NotFound, ServiceError, ServiceUnavailable, TooManyRequests, Unauthorized, UnknownService,
)
from caisson._invoke import Answer
from caisson._lock import LockTimeout
from caisson._service import Service
from caisson._soap import SOAPMessage

if TYPE_CHECKING:
    from dataclasses import dataclass

    from caisson._elements import (
        CSV, UTC, UUID, AsIs, Bool, Boolean, Date, DateTime, Decimal, Dict, DictList, Float, ForceType, Int, Integer, List, ListOfDicts,
        Nested, Opaque, Text, Unicode,
    )
    from caisson._model import Model

# What declarations are made with. Imported by those who use it: the module of a service that declares nothing need not know it.
_ELEMENTS = (
    'AsIs', 'Bool', 'Boolean', 'CSV', 'Date', 'DateTime', 'Decimal', 'Dict', 'DictList', 'Float', 'ForceType', 'Int', 'Integer', 'List',
    'ListOfDicts', 'Nested', 'Opaque', 'Text', 'UTC', 'UUID', 'Unicode',
)

__all__ = [
    'Answer', 'AsIs', 'BackendInvocationError', 'BadRequest', 'Bool', 'Boolean', 'Bunch', 'CSV', 'CapabilityError', 'Conflict', 'Date',
    'DateTime', 'Decimal', 'Dict', 'DictList', 'ElementIsNotAList', 'ElementMissing', 'Float', 'Forbidden', 'ForceType', 'Int', 'Integer',
    'InternalServerError', 'InvokeTimeout', 'List', 'ListOfDicts', 'LockTimeout', 'Message', 'MethodNotAllowed', 'Model',
    'ModelValidationError', 'Nested', 'NotFound', 'Opaque', 'SOAPMessage', 'Service', 'ServiceError', 'ServiceInput', 'ServiceUnavailable',
    'Text', 'TooManyRequests', 'UTC', 'UUID', 'Unauthorized', 'Unicode', 'UnknownService', 'dataclass',
]


def __getattr__(name: str) -> object:
    if name in _ELEMENTS:
        from caisson import _elements
        return getattr(_elements, name)
    if name == 'Model':
        from caisson._model import Model
        return Model
    if name == 'dataclass':
        from dataclasses import dataclass
        return dataclass
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
