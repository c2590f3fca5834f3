"""`self.channel`: where the message came in, and who vouches for the caller."""

from __future__ import annotations

from typing import Any, Mapping

from caisson._standin._lazy import hook

__all__ = ['Channel', 'ChannelSecurity']

_ZATO_KINDS = {'basic-auth': 'basic_auth', 'api-key': 'apikey'}


class Channel:
    """The channel of one message."""

    def __init__(self, channel: Mapping[str, Any], by_http: bool, principal: Mapping[str, Any] | None) -> None:
        self._channel = channel
        self._by_http = by_http
        self._principal = principal

    @property
    def name(self) -> str:
        """Name of the channel, e.g. the operator's, `dev` or `invoke`."""
        return str(self._channel.get('name', ''))

    @property
    def id(self) -> str:
        """The same as `name`: channels have no other."""
        return self.name

    @property
    def is_internal(self) -> bool:
        """False: the server has no channels of its own that lead to services."""
        return False

    @property
    def type(self) -> str:
        """`http-soap` for messages that came by HTTP, as Zato has it, else the channel's kind."""
        return 'http-soap' if self._by_http else str(self._channel.get('kind', ''))

    @property
    def data_format(self) -> str | None:
        """What bodies are: `json`, `form`, `raw`, `soap`, or `None` when the operator has not said."""
        return self._channel.get('data_format')

    @property
    def security(self) -> ChannelSecurity:
        """What the caller was authenticated by. All of it is `None` when nobody was."""
        return ChannelSecurity(self._principal)

    @property
    def sec(self) -> ChannelSecurity:
        """The same as `security`."""
        return self.security


class ChannelSecurity:
    """What a caller was authenticated by."""

    def __init__(self, principal: Mapping[str, Any] | None) -> None:
        self._principal = principal or {}

    @property
    def name(self) -> str | None:
        """Name of the security definition."""
        return self._principal.get('definition')

    @property
    def id(self) -> str | None:
        """The same as `name`: security definitions have no other."""
        return self.name

    @property
    def type(self) -> str | None:
        """Its type in Zato's spelling: `basic_auth`, `apikey`, `jwt`, `mtls`, `wss`, `admin`."""
        kind = self._principal.get('kind')
        return kind if kind is None else _ZATO_KINDS.get(kind, kind)

    @property
    def username(self) -> str | None:
        """Who calls: a user name, a subject, the name of a key."""
        return self._principal.get('name')

    @property
    def claims(self) -> Any:
        """The claims of the caller's token: a dict, or `None` when there was no token."""
        claims = self._principal.get('claims')
        return None if claims is None else hook('python_loads')(claims)
