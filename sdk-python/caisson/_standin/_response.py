"""`self.response`: what a service answers."""

from __future__ import annotations

from typing import Any, Mapping

from caisson._standin._lazy import ABSENT, Lazy, hook

__all__ = ['Response']


class Response:
    """One answer. Nothing is checked when it is set; everything is when it is sent."""

    def __init__(self, facts: Mapping[str, Any] | None = None) -> None:
        self._facts = facts or {}
        self._payload = Lazy()
        self._status_code: Any = ABSENT
        self._status_message: Any = 'OK'
        self._content_type: Any = ABSENT
        self._headers: Any = ABSENT
        self._content_encoding: Any = ABSENT
        self.result: Any = 'ZATO_OK'
        self.result_details: Any = ''

    @property
    def payload(self) -> Any:
        """The body: text, bytes, or anything that can be written as JSON. Attributes may be set on it before anything was
        assigned: `self.response.payload.a.b = 1`.
        """
        return self._payload.get_or_make(lambda: hook('make_message')())

    @payload.setter
    def payload(self, value: Any) -> None:
        self._payload.value = value

    @payload.deleter
    def payload(self) -> None:
        self._payload.value = None

    @property
    def status_code(self) -> Any:
        """HTTP status, 200 unless it was set."""
        return 200 if self._status_code is ABSENT else self._status_code

    @status_code.setter
    def status_code(self, value: Any) -> None:
        self._status_code = value

    @property
    def status_message(self) -> Any:
        """Text of the HTTP status; kept, but HTTP/2 has no place for it."""
        return self._status_message

    @status_message.setter
    def status_message(self, value: Any) -> None:
        self._status_message = value

    @property
    def content_type(self) -> Any:
        """Media type of the body. Unless it was set, it follows from the payload."""
        return 'text/plain' if self._content_type is ABSENT else self._content_type

    @content_type.setter
    def content_type(self, value: Any) -> None:
        self._content_type = value

    @property
    def headers(self) -> Any:
        """Headers: a dict of names to text, or to a list of texts for a header that is sent several times."""
        if self._headers is ABSENT:
            self._headers = {}
        return self._headers

    @headers.setter
    def headers(self, value: Any) -> None:
        self._headers = value

    @property
    def content_encoding(self) -> Any:
        """What is sent as `Content-Encoding`; the payload has to be encoded by the service. Empty unless it was set."""
        return '' if self._content_encoding is ABSENT else self._content_encoding

    @content_encoding.setter
    def content_encoding(self, value: Any) -> None:
        self._content_encoding = value

    @property
    def cid(self) -> str:
        """Correlation id."""
        return str(self._facts.get('cid') or '')

    @property
    def data_format(self) -> str:
        """What bodies are by the definition of the channel; empty if it does not say."""
        return str((self._facts.get('channel') or {}).get('data_format') or '')
