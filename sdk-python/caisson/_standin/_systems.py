"""The native modules of the capabilities. Their functions answer that there is no host."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Callable

__all__ = ['FUNCTIONS', 'modules']

FUNCTIONS = {
    '_caisson_amqp': ('publish', 'publish_all'),
    '_caisson_http': ('send', 'open', 'begin'),
    '_caisson_redis': ('run', 'pipeline', 'script'),
    '_caisson_sql': ('query', 'open', 'execute', 'batch', 'begin'),
}
"""The functions of each module; the first argument of all of them is the name of a connection."""


def modules() -> dict[str, ModuleType]:
    """All of them by name."""
    return {name: _module(name, functions) for name, functions in FUNCTIONS.items()}


def _module(name: str, functions: tuple[str, ...]) -> ModuleType:
    made = ModuleType(name, f'Stands in for the native module {name} of the interpreter.')
    made.__dict__.update(STANDIN=True, **{function: _absent(name) for function in functions})
    return made


def _absent(module: str) -> Callable[..., tuple[Any, ...]]:
    kind = module.rpartition('_')[2]

    def call(connection: str, *_arguments: Any) -> tuple[Any, ...]:
        message = (
            f'there is no {kind} connection {connection!r} here: the SDK runs outside of the sandbox. In a test, say what is '
            f'answered with app.{kind}[{connection!r}] of caisson.testing'
        )
        return False, 'unavailable', message, False, None

    return call
