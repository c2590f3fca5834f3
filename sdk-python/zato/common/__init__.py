"""See `zato.common.exception` and `zato.common.api`."""

from caisson._absent import module_getattr
from caisson._soap import SOAPMessage

__all__ = ['SOAPMessage']

__getattr__ = module_getattr(__name__)
