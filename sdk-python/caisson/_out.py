"""`self.out`: connections by their kind and name, as services of Zato find them."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ['Out', 'default_redis', 'kvdb']

# What `self.out.NAME` is made by: module, class, whether it is told the service.
_KINDS = {
    'amqp': ('caisson._zato_amqp', 'AMQP', True),
    'plain_http': ('caisson._zato_http', 'Connections', True),
    'redis': ('caisson._zato_redis', 'OutRedis', False),
    'rest': ('caisson._zato_http', 'Connections', True),
    'sql': ('caisson._zato_sql', 'SQL', False),
}


class Out:
    """Each kind of connections is made when it is first asked for."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        try:
            module, kind, told = _KINDS[name]
        except KeyError:
            known = ', '.join(sorted(_KINDS))
            raise AttributeError(f'There are no outgoing connections of the kind {name!r}; there are {known}') from None
        make = getattr(importlib.import_module(module), kind)
        made = make(self._service) if told else make()
        setattr(self, name, made)
        return made


def default_redis(_service: Any) -> Any:
    """`self.redis`: the connection named `default`."""
    from caisson._zato_redis import Redis
    return Redis()


def kvdb(_service: Any) -> Any:
    """`self.kvdb`: the same, also as `self.kvdb.conn`."""
    from caisson._zato_redis import KVDB
    return KVDB()
