"""Types of the native module `_caisson_amqp`. All answer `(True, None)` or `(False, kind, message, retryable, code)`."""

from typing import Any

def publish(connection: str, message: tuple[Any, ...], /) -> tuple[Any, ...]:
    """One message: `(exchange, routing key, mandatory, body, headers, properties)`."""

def publish_all(connection: str, messages: list[tuple[Any, ...]], /) -> tuple[Any, ...]:
    """Messages in their order."""
