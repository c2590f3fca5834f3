"""`zato.distlock`: what services import of it."""

from caisson import LockTimeout

__all__ = ['LockTimeout']
