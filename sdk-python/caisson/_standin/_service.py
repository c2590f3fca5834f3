"""The native base of `caisson.Service`: the parts of `self` that belong to one message."""

from __future__ import annotations

from typing import Any, Mapping

from caisson._standin._channel import Channel
from caisson._standin._http import came_by_http
from caisson._standin._lazy import hook
from caisson._standin._request import Request
from caisson._standin._response import Response

__all__ = ['ServiceBase']


class ServiceBase:
    """What one object of a service is about: the message and its context.

    `_facts` are the facts of both by the names of the contract, as `caisson.testing` gives them: `cid`, `service`, `version`,
    `channel`, `principal`, `peer`, `deadline_ms`, `attempt`, `in_reply_to`, `environ`, `http`, `soap`, `message`, `content_type`,
    `body`. Without any, the object answers no message.
    """

    def __new__(cls, *args: Any, _facts: Mapping[str, Any] | None = None, **kwargs: Any) -> Any:
        made = super().__new__(cls)
        object.__setattr__(made, '_caisson_facts', dict(_facts or {}))
        object.__setattr__(made, '_caisson_parts', {})
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes anything, as the native class does."""

    def _fact(self, name: str, otherwise: Any) -> Any:
        value = self._caisson_facts.get(name)  # type: ignore[attr-defined]
        return otherwise if value is None else value

    def _part(self, name: str, make: Any) -> Any:
        parts: dict[str, Any] = self._caisson_parts  # type: ignore[attr-defined]
        if name not in parts:
            parts[name] = make()
        return parts[name]

    @property
    def request(self) -> Request:
        """The message."""
        made: Request = self._part('request', lambda: Request(self._caisson_facts))  # type: ignore[attr-defined]
        return made

    @property
    def response(self) -> Response:
        """The answer."""
        made: Response = self._part('response', lambda: Response(self._caisson_facts))  # type: ignore[attr-defined]
        return made

    @property
    def cid(self) -> str:
        """Correlation id: the same for everything that one inbound message sets in motion."""
        return str(self._fact('cid', ''))

    @property
    def channel(self) -> Channel:
        """The channel that the message came through."""
        by_http = came_by_http(self._caisson_facts)  # type: ignore[attr-defined]
        return Channel(self._fact('channel', {}), by_http, self._fact('principal', None))

    @property
    def chan(self) -> Channel:
        """The same as `channel`."""
        return self.channel

    @property
    def principal(self) -> str | None:
        """Who calls, or `None`."""
        principal = self._fact('principal', None)
        return None if principal is None else str(principal['name'])

    @property
    def deadline_ms(self) -> int:
        """When the host stops this invocation: milliseconds since the Unix epoch."""
        return int(self._fact('deadline_ms', 0))

    @property
    def attempt(self) -> int:
        """1 for the first delivery of a message, 2 for the first retry, and so on."""
        return int(self._fact('attempt', 0))

    @property
    def version(self) -> int:
        """Version of the package that answers."""
        return int(self._fact('version', 0))

    @property
    def in_reply_to(self) -> str | None:
        """Of the callback of a call in the background: the correlation id of that call; else `None`."""
        found = self._fact('in_reply_to', None)
        return None if found is None else str(found)

    @property
    def environ(self) -> Any:
        """What a chain of calls in the background shares: a dict with dotted access."""
        return self._part('environ', lambda: hook('make_environ')(self._fact('environ', None)))

    @environ.setter
    def environ(self, value: Any) -> None:
        self._caisson_parts['environ'] = value  # type: ignore[attr-defined]

    def _beside(self, cls: type) -> Any:
        """An object of another class, for the same caller and under the same correlation id, whose message is empty."""
        facts = {**self._caisson_facts, 'http': None, 'soap': None, 'message': None, 'content_type': None, 'body': b''}  # type: ignore[attr-defined]
        facts['channel'] = {**self._fact('channel', {}), 'name': 'new-instance', 'kind': 'new-instance'}
        made: Any = cls
        return made.__new__(cls, _facts=facts)

    @property
    def wsgi_environ(self) -> dict[str, Any]:
        """The facts of the message under the names that WSGI gives them; made when asked for."""
        made: dict[str, Any] = hook('wsgi_environ')(self.request, self._fact('peer', None), self.channel)
        return made
