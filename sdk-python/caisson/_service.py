"""The class that services inherit from."""

from __future__ import annotations

import logging
from typing import ClassVar

from caisson import _lock, _spawn
from caisson._attributes import Attributes
from caisson._facade import Facade
from caisson._invoke import Invoking

__all__ = ['Service']


class Service(Invoking, Attributes):
    """A service: a class with a method `handle`, which gets a message from `self.request` and answers in `self.response`.

    Every message gets an object of its own. With methods named after HTTP methods (`handle_GET`, `handle_POST`, ...) only
    those answer messages that come by HTTP.
    """

    name: ClassVar[str] = ''
    impl_name: ClassVar[str] = ''
    logger: ClassVar[logging.Logger] = logging.getLogger('caisson')

    out = Facade('caisson._out', 'Out')
    amqp = Facade('caisson._zato_amqp', 'AMQP')
    cache = Facade('caisson._cache', 'make')
    kvdb = Facade('caisson._out', 'kvdb')
    patterns = Facade('caisson._patterns', 'Patterns')
    redis = Facade('caisson._out', 'default_redis')
    rest = Facade('caisson._zato_http', 'Facade')
    schedule = Facade('caisson._schedule', 'Schedule')

    lock = _lock.lock
    run_in_thread = _spawn.run_in_thread
    sleep = _spawn.sleep
    spawn = _spawn.spawn

    def handle(self) -> None:
        """Answers a message. To be written by every service."""
        raise NotImplementedError(f'{type(self).__name__} has no method `handle`')

    @classmethod
    def get_name(cls) -> str:
        """Name of the service, e.g. `crm.api.get-customer`."""
        return cls.name

    @classmethod
    def get_impl_name(cls) -> str:
        """Module and class, e.g. `crm.api.GetCustomer`."""
        return cls.impl_name or f'{cls.__module__}.{cls.__name__}'
