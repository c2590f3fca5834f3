"""See `zato.server.connection.http_soap`."""

from caisson._absent import module_getattr

__getattr__ = module_getattr(__name__)
