"""Fake connections of the type `amqp`."""

from __future__ import annotations

import json as _json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from caisson.testing._expect import Fake, Rule, matches

__all__ = ['AMQPConnection', 'AMQPMessage', 'native']


@dataclass
class AMQPMessage:
    """A message that a service has published."""

    exchange: str
    """Empty for the default one, which delivers to the queue that the routing key names."""
    routing_key: str
    """What it is routed by."""
    body: bytes
    """As it goes out."""
    headers: dict[str, Any]
    """The service's headers."""
    properties: dict[str, Any]
    """Those that were set: `content_type`, `persistent`, `expiration_ms`, ..."""
    mandatory: bool
    """Whether it must reach a queue."""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode('utf-8', 'replace')

    @property
    def json(self) -> Any:
        """The body as JSON; a ValueError if it is none."""
        return _json.loads(self.body)

    def __str__(self) -> str:
        return f'publish exchange={self.exchange!r} routing_key={self.routing_key!r}  {self.text[:200]}'


class AMQPConnection(Fake[AMQPMessage]):
    """Stands for a connection of the type `amqp`; in tests, `app.amqp[NAME]`. Every message is taken unless the test says otherwise."""

    kind = 'amqp connection'

    @property
    def published(self) -> list[AMQPMessage]:
        """All messages so far, in their order; the same as `calls`."""
        return self.calls

    def fails(
        self, *, exchange: Any = None, routing_key: Any = None, kind: str = 'unavailable', message: str = 'the broker is away',
        code: str | None = None, retryable: bool = False, times: int | None = None,
    ) -> AMQPConnection:
        """Records a failure for messages to this exchange and with this routing key, or for all."""
        def fits(call: AMQPMessage) -> bool:
            return (exchange is None or matches(exchange, call.exchange)) and (
                routing_key is None or matches(routing_key, call.routing_key))

        shown = f'publish exchange={exchange!r} routing_key={routing_key!r}'
        self._record(Rule(shown, fits, lambda _call: (False, kind, message, retryable, code), times))
        return self

    def assert_published_once(self, **what: Any) -> None:
        """Exactly one message was published, and it was like this: `exchange`, `routing_key`, `json`, `text`, `body`, `headers` and
        `properties` (those that matter), `mandatory`.
        """
        self._assert_once_with(what)

    def assert_published(self, **what: Any) -> None:
        """Some message was like this."""
        self._assert_any_with(what)

    def _publish(self, message: tuple[Any, ...]) -> Any:
        exchange, key, mandatory, body, headers, properties = message
        made = AMQPMessage(exchange, key, bytes(body), dict(headers), dict(properties), mandatory)
        return self._answer(made, f'app.amqp[{self.name!r}]', default=(True, None))


def native(connections: Mapping[str, AMQPConnection]) -> dict[str, Callable[..., Any]]:
    """The functions of `_caisson_amqp`, answered by fakes."""
    def publish(name: str, message: tuple[Any, ...]) -> Any:
        return connections[name]._publish(message)

    def publish_all(name: str, messages: list[tuple[Any, ...]]) -> Any:
        for message in messages:
            answer = connections[name]._publish(message)
            if not answer[0]:
                return answer
        return True, None

    return {'publish': publish, 'publish_all': publish_all}
