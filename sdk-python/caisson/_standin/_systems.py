"""The native modules of the capabilities. Their functions answer that there is no host."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Callable

__all__ = ['FUNCTIONS', 'NO_HOST', 'modules']

NO_HOST = 'there is no host here: the SDK runs outside of the sandbox. In a test, say what is answered with caisson.testing'

FUNCTIONS = {
    '_caisson_amqp': ('publish', 'publish_all'),
    '_caisson_cache': ('get', 'put', 'delete', 'expire', 'count'),
    '_caisson_http': ('send', 'open', 'begin'),
    '_caisson_lock': ('acquire', 'release'),
    '_caisson_redis': ('run', 'pipeline', 'script'),
    '_caisson_sql': ('query', 'open', 'execute', 'batch', 'begin'),
}
"""The functions of each module; the first argument of all of them is a name."""


def modules() -> dict[str, ModuleType]:
    """All of them by name."""
    made = {'_caisson_calls': _calls(), **{name: _module(name, functions) for name, functions in FUNCTIONS.items()}}
    made['_caisson_cache'].__dict__['granted'] = lambda _connection: False
    return made


def _calls() -> ModuleType:
    """Calls of several services, and calls in the background."""
    def refuse(*_arguments: Any) -> tuple[Any, ...]:
        return False, 'unavailable', 503, f'Services cannot be called: {NO_HOST}', False, []

    made = ModuleType('_caisson_calls', 'Stands in for the native module _caisson_calls of the interpreter.')
    made.__dict__.update(
        STANDIN=True, invoke_all=lambda calls: [refuse() for _ in calls], find=lambda _name: None, enqueue=refuse, enqueue_group=refuse)
    return made


def _module(name: str, functions: tuple[str, ...]) -> ModuleType:
    made = ModuleType(name, f'Stands in for the native module {name} of the interpreter.')
    made.__dict__.update(STANDIN=True, **{function: _absent(name) for function in functions})
    return made


def _absent(module: str) -> Callable[..., tuple[Any, ...]]:
    kind = module.rpartition('_')[2]

    def call(name: object, *_arguments: Any) -> tuple[Any, ...]:
        message = f'There is no {kind} {name!r}: {NO_HOST}'
        return False, 'unavailable', message, False, None

    return call
