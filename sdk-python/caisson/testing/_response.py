"""What a service has answered."""

from __future__ import annotations

import json as _json
from dataclasses import dataclass, field
from typing import Any

__all__ = ['Response', 'Settlement']


@dataclass(frozen=True)
class Settlement:
    """What a service said about the message of a broker: `how` is `acknowledge`, `retry` or `reject`."""

    how: str
    delay_ms: int | None = None


@dataclass
class Response:
    """The answer of a service as its caller gets it."""

    status_code: int
    """HTTP status."""
    headers: dict[str, str] = field(default_factory=dict)
    """By name in lower case; one that is sent several times has its values joined with a comma."""
    body: bytes = b''
    """As it goes out. Of an error: empty, since the channel writes it."""
    error: BaseException | None = None
    """What the service raised, or `None`."""
    message: str = ''
    """Of an error: the text that a caller may read."""
    settlement: Settlement | None = None
    """What the service said about the message of a broker, if it did."""

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status_code < 400

    @property
    def content_type(self) -> str:
        """Media type of the body without its parameters, or an empty text."""
        return self.headers.get('content-type', '').split(';')[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode('utf-8', 'replace')

    def json(self) -> Any:
        """The body as JSON; a ValueError if it is none."""
        return _json.loads(self.body)

    @property
    def payload(self) -> Any:
        """The body as another service would get it: JSON as Python values, else text, or `bytes` if it is no text; `''` for none."""
        if self.body and (self.content_type == 'application/json' or self.content_type.endswith('+json')):
            return self.json()
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            return self.body

    def raise_for_error(self) -> Response:
        """Raises what the service raised, if anything; else returns the answer itself."""
        if self.error is not None:
            raise self.error
        return self

    def __repr__(self) -> str:
        told = f' {type(self.error).__name__}: {self.message}' if self.error is not None else f' {self.text[:80]}' if self.body else ''
        return f'<Response {self.status_code}{told}>'
