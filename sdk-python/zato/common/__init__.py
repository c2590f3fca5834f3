"""See `zato.common.exception` and `zato.common.api`."""

from caisson._soap import SOAPMessage

__all__ = ['SOAPMessage']
