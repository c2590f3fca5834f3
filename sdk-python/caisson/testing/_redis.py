"""Fake connections of the type `redis`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from caisson.redis import text, word
from caisson.testing._expect import Fake, Rule
from caisson.testing._redis_store import Store

__all__ = ['RedisCall', 'RedisConnection', 'native']


@dataclass
class RedisCall:
    """A command that a service has sent."""

    words: tuple[str, ...]
    """The command and its arguments as text: `('SET', 'key', 'value')`."""
    raw: list[bytes]
    """The same as bytes."""

    def __str__(self) -> str:
        return ' '.join(self.words)


class RedisConnection(Fake[RedisCall]):
    """Stands for a connection of the type `redis`; in tests, `app.redis[NAME]`.

    It is a small Redis in memory: strings, hashes, lists, sets and times to live work as in the real one. For other commands, and for
    errors, the test records answers.
    """

    kind = 'redis connection'

    def __init__(self, name: str, unexpected: Any = None) -> None:
        super().__init__(name, unexpected)
        self._store = Store()

    @property
    def data(self) -> dict[str, Any]:
        """What is kept, as text: `str`, `dict`, `list` and `set`."""
        return {str(text(key)): _shown(value) for key, value in self._store.values.items()}

    def put(self, values: Mapping[str, Any]) -> RedisConnection:
        """Sets keys before the service runs: a `dict` becomes a hash, a `list` a list, a `set` a set, all else a string."""
        for key, value in values.items():
            self._store.values[word(key)] = _kept(value)
        return self

    def answers(self, *command: Any, value: Any = None, times: int | None = None) -> RedisConnection:
        """Records the answer to a command, given whole or by its beginning: `answers('XLEN', 'orders', value=3)`."""
        words = tuple(str(text(word(one))) for one in command)
        rule = Rule(' '.join(words), _fits(words), lambda _call: (True, _native(value)), times)
        self._record(rule)
        return self

    def fails(
        self, *command: Any, kind: str = 'unavailable', message: str = 'Redis is away', code: str | None = None,
        retryable: bool = False, times: int | None = None,
    ) -> RedisConnection:
        """Records a failure for a command, given whole or by its beginning, or for all of them."""
        words = tuple(str(text(word(one))) for one in command)
        self._record(Rule(' '.join(words), _fits(words), lambda _call: (False, kind, message, retryable, code), times))
        return self

    def assert_called_with(self, *command: Any) -> None:
        """Some command was this one."""
        self._assert_any_with({'words': tuple(str(text(word(one))) for one in command)})

    def assert_called_once_with(self, *command: Any) -> None:
        """Exactly one command was sent, and it was this one."""
        self._assert_once_with({'words': tuple(str(text(word(one))) for one in command)})

    def _run(self, command: Iterable[bytes]) -> Any:
        raw = list(command)
        words = tuple(one.decode('utf-8', 'backslashreplace') for one in raw)
        call = RedisCall((words[0].upper(), *words[1:]), raw)
        default = None
        if self._rule_for(call) is None:
            answer = self._store.run(raw)
            default = None if answer is NotImplemented else answer
        arguments = ', '.join(map(repr, call.words))
        return self._answer(call, f'app.redis[{self.name!r}].answers({arguments}, value=...)', default)


def _fits(words: tuple[str, ...]) -> Callable[[RedisCall], bool]:
    wanted = (words[0].upper(), *words[1:]) if words else ()
    return lambda call: call.words[:len(wanted)] == wanted


def _kept(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {word(name): word(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [word(one) for one in value]
    return {word(one) for one in value} if isinstance(value, (set, frozenset)) else word(value)


def _shown(value: Any) -> Any:
    return {str(text(one)) for one in value} if isinstance(value, set) else text(value)


def _native(value: Any) -> Any:
    """A value as the native module gives it: text as bytes."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (list, tuple)):
        return [_native(one) for one in value]
    return {_native(name): _native(one) for name, one in value.items()} if isinstance(value, Mapping) else value


def native(connections: Mapping[str, RedisConnection]) -> dict[str, Callable[..., Any]]:
    """The functions of `_caisson_redis`, answered by fakes."""
    def pipeline(name: str, commands: Iterable[Iterable[bytes]], _atomic: bool) -> Any:
        answers = [connections[name]._run(command) for command in commands]
        return True, [answer[1] if answer[0] else (answer[2],) for answer in answers]

    def script(name: str, source: str, keys: Iterable[bytes], arguments: Iterable[bytes]) -> Any:
        return connections[name]._run([b'SCRIPT', source.encode(), *keys, *arguments])

    return {'run': lambda name, command: connections[name]._run(command), 'pipeline': pipeline, 'script': script}
