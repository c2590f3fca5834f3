"""See `zato.server.service`."""

from caisson._absent import module_getattr

__getattr__ = module_getattr(__name__)
