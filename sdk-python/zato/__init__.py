"""Import paths of Zato, for services that were written for it. Everything here is `caisson` under another name."""

from caisson import _absent

_absent.install()
__getattr__ = _absent.module_getattr(__name__)
