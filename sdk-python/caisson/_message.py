"""What services see of messages that a broker delivered."""

from __future__ import annotations

from typing import Any

import _caisson

from caisson._bunch import Bunch, collect

__all__ = ['BrokerMessage', 'make_broker_message']


class BrokerMessage:
    """The messaging side of a message; in services, `self.request.message`.

    A message is acknowledged when the service has answered, delivered again after an error that may pass, and rejected after any
    other. `ack`, `reject` and `retry` say otherwise, for when the service ends without an error.
    """

    def __init__(
        self, source: str, id: str | None, key: str | None, redelivered: bool, headers: Bunch, properties: Bunch, attempt: int,
    ) -> None:
        self.source = source
        """The queue, topic or stream that it came from."""
        self.id = id
        """The broker's or the sender's name for it."""
        self.key = key
        """What it was routed or ordered by."""
        self.redelivered = redelivered
        """The broker says that it was delivered before."""
        self.headers = headers
        """The sender's headers."""
        self.properties = properties
        """What else the protocol says, by its own names."""
        self.attempt = attempt
        """1 for the first delivery, as far as the broker counts."""

    @property
    def msg(self) -> BrokerMessage:
        """Itself, under the name that services of Zato know."""
        return self

    @property
    def delivery_info(self) -> dict[str, Any]:
        """Exchange, routing key, and whether it was delivered before."""
        return {'exchange': self.properties.get('exchange', ''), 'routing_key': self.key or '', 'redelivered': self.redelivered}

    def ack(self) -> None:
        """It is done, whatever else this service does."""
        _caisson.settle('acknowledge', None)

    def reject(self, requeue: bool = False) -> None:
        """It goes to the dead letters, if there are any; with `requeue` it is delivered again."""
        _caisson.settle('retry' if requeue else 'reject', None)

    def retry(self, delay_secs: float | None = None) -> None:
        """It is delivered again, after a while."""
        _caisson.settle('retry', None if delay_secs is None else max(0, int(delay_secs * 1000)))

    def __repr__(self) -> str:
        return f'<BrokerMessage {self.id or ""} from {self.source}>'


def make_broker_message(
    names: tuple[str, str | None, str | None], redelivered: bool, attempt: int, headers: list[tuple[str, str]],
    properties: list[tuple[str, str]],
) -> BrokerMessage:
    """The messaging side of a message from its parts; `names` are its source, id and key."""
    return BrokerMessage(*names, redelivered, collect(headers, Bunch()), collect(properties, Bunch()), attempt)
