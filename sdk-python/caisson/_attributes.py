"""What `self` has beside the message itself: configuration, time, cryptography, facts of the call. Each is made at first use."""

from __future__ import annotations

import json
import logging
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, ClassVar

from caisson._absent import ATTRIBUTES, Absent
from caisson._facade import Facade
from caisson._hooks import Hooks

__all__ = ['Attributes', 'make_config', 'make_static_config']

_LONGEST_LOGGED = 10_000


class Attributes(Hooks):
    """The attributes of a service that need nothing of the interpreter's native side."""

    logger: ClassVar[logging.Logger]

    if TYPE_CHECKING:
        # Of the native side.
        @property
        def cid(self) -> str: ...
        @property
        def request(self) -> Any: ...
        @property
        def response(self) -> Any: ...
        @property
        def channel(self) -> Any: ...

    config = Facade('caisson._attributes', 'make_config')
    user_config = Facade('caisson._attributes', 'make_config')
    static_config = Facade('caisson._attributes', 'make_static_config')
    time = Facade('caisson._time', 'Time')
    crypto = Facade('caisson._crypto', 'Crypto')
    metrics = Facade('caisson._metrics', 'Metrics')

    @property
    def data_format(self) -> str:
        """What bodies are by the definition of the channel: `json`, `form`, `raw`, `soap`; empty if it does not say."""
        return self.channel.data_format or ''

    @property
    def transport(self) -> str:
        """`plain_http` or `soap` for messages that came by HTTP, else empty."""
        if self.request.soap is not None:
            return 'soap'
        return 'plain_http' if self.request.http.method else ''

    @property
    def job_type(self) -> str:
        """`one_time`, `interval_based` or `cron_style` when the scheduler calls, as far as it says so; else empty."""
        if self.channel.type != 'scheduler':
            return ''
        from caisson._hooks import JOB_TYPES

        message = self.request.message
        # A job of `self.schedule.onetime` comes without a messaging side.
        return 'one_time' if message is None else JOB_TYPES.get(message.properties.get('job-type', ''), '')

    @property
    def invocation_time(self) -> datetime:
        """When the message came to this service: UTC, without a zone, as in Zato."""
        return _datetime(self.__dict__.setdefault('_began', time.time()))

    @property
    def handle_return_time(self) -> datetime | None:
        """When `handle` returned, None before that: UTC, without a zone."""
        returned = self.__dict__.get('_returned')
        return None if returned is None else _datetime(returned)

    @property
    def processing_time_raw(self) -> timedelta:
        """How long `handle` took; before it has returned, how long it has taken until now."""
        began = self.__dict__.setdefault('_began', time.time())
        return timedelta(seconds=self.__dict__.get('_returned', time.time()) - began)

    @property
    def processing_time(self) -> float:
        """The same in milliseconds."""
        return self.processing_time_raw.total_seconds() * 1000

    def log_input(self, user_msg: str = '') -> None:
        """Logs the message: correlation id, channel, body (its first 10,000 bytes), headers but for those with credentials."""
        self._log(
            user_msg or 'Request',
            {
                'cid': self.cid,
                'channel': self.channel.name,
                'data_format': self.data_format,
                'content_type': self.request.content_type,
                'headers': {name: '***' if _is_secret(name) else value for name, value in self.request.headers.items()},
                'body': _short(self.request.raw_request),
            },
        )

    def log_output(self, user_msg: str = '') -> None:
        """Logs the answer as it is now: status, media type, payload (its first 10,000 characters)."""
        self._log(
            user_msg or 'Response',
            {
                'cid': self.cid,
                'status_code': self.response.status_code,
                'content_type': self.response.content_type,
                'payload': _short(self.response.payload),
            },
        )

    def _log(self, message: str, facts: dict[str, Any]) -> None:
        self.logger.info('%s %s', message, json.dumps(facts, default=str))

    def translate(self, *args: Any, **kwargs: Any) -> Any:
        """Not here: the data dictionaries of Zato 2 and 3 have no store."""
        raise NotImplementedError(
            'self.translate: there are no data dictionaries; keep the pairs in a file of the package (self.config), in a table '
            '(self.out.sql["NAME"]) or in self.cache'
        )


for _name, _advice in ATTRIBUTES.items():
    # Another part of the SDK may have it by now.
    if not hasattr(Attributes, _name):
        setattr(Attributes, _name, Absent(_name, _advice))


def make_config(_service: Any) -> Any:
    """`self.config`: the configuration files of the package."""
    from caisson import _config

    return _config.config


def make_static_config(_service: Any) -> Any:
    """`self.static_config`: the files below `static/` of the package, read as configuration where they are such."""
    from caisson import _config

    return _config.static


def _datetime(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc).replace(tzinfo=None)


def _is_secret(header: str) -> bool:
    header = header.lower()
    return (
        header in ('authorization', 'cookie', 'proxy-authorization') or 'key' in header or 'token' in header or 'secret' in header
    )


def _short(value: Any) -> str:
    text = value.decode('utf-8', 'replace') if isinstance(value, bytes) else value if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST_LOGGED else f'{text[:_LONGEST_LOGGED]}... ({len(text)} characters)'
