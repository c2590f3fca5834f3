"""`self.request`: the message that a service answers."""

from __future__ import annotations

from typing import Any, Mapping

from caisson._standin._http import Http, came_by_http
from caisson._standin._lazy import Lazy, hook

__all__ = ['Request']


class Request:
    """One message. The body is parsed when the service first asks for it."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = facts
        self._channel: Mapping[str, Any] = facts.get('channel') or {}
        self._raw: bytes = bytes(facts.get('body') or b'')
        self._http: Http | None = None
        self._soap, self._message, self._payload, self._input = Lazy(), Lazy(), Lazy(), Lazy()

    @property
    def payload(self) -> Any:
        """The body as Python values: `dict`, `list`, ... for JSON, `dict` for a form, `bytes` for anything else, `''` for none; a
        message with dotted access for SOAP.
        """
        return self._payload.get_or_make(self._make_payload)

    @payload.setter
    def payload(self, value: Any) -> None:
        self._payload.value = value

    def _make_payload(self) -> Any:
        payload = self._parse()
        return hook('make_soap_message')(payload) if self._facts.get('soap') else payload

    def _parse(self) -> Any:
        body = self._raw
        if not body:
            return ''
        form = self._format(body)
        if form == 'json':
            # A body that is no JSON, or is nested absurdly deep, stays what it is: a service may want to look at it.
            try:
                return hook('python_loads')(body)
            except (ValueError, RecursionError):
                return body
        if form == 'form':
            return hook('parse_form')(body)
        if form == 'text':
            try:
                return body.decode()
            except UnicodeDecodeError:
                return body
        return body

    def _format(self, body: bytes) -> str:
        """What the operator has said counts more than what the caller says, and that more than what the body looks like."""
        declared = self._channel.get('data_format')
        if declared in ('json', 'soap', 'raw'):
            return 'raw' if declared == 'raw' else 'json'
        if self.content_type is None:
            return 'json' if body.lstrip(b' \t\n\r\f')[:1] in (b'{', b'[') else 'raw'
        essence = self.content_type.split(';')[0].strip().lower()
        if essence in ('application/json', 'text/json') or (essence.endswith('+json') and essence != '+json'):
            return 'json'
        if essence == 'application/x-www-form-urlencoded':
            return 'form'
        if essence == 'text/plain' and not came_by_http(self._facts):
            # Another service handed over a `str`; it arrives as one.
            return 'text'
        return 'raw'

    @property
    def raw_request(self) -> bytes:
        """The body as it came: `bytes`."""
        return self._raw

    @property
    def raw(self) -> bytes:
        """The same as `raw_request`."""
        return self._raw

    @property
    def text(self) -> bytes:
        """The same as `raw_request`."""
        return self._raw

    @property
    def http(self) -> Http:
        """The HTTP side of the message."""
        if self._http is None:
            self._http = Http(self._facts.get('http'), self._raw)
        return self._http

    @property
    def soap(self) -> Any:
        """The SOAP side of the message, or `None`."""
        return self._soap.get_or_make(self._make_soap)

    def _make_soap(self) -> Any:
        soap = self._facts.get('soap')
        if not soap:
            return None
        headers = list(soap.get('headers', ()))
        return hook('make_soap')(soap['version'], soap.get('action'), soap['operation'], soap.get('namespace'), headers)

    @property
    def message(self) -> Any:
        """The messaging side of the message, or `None`: what its broker says of it, and `ack()`, `reject()`, `retry()`."""
        return self._message.get_or_make(self._make_message)

    @property
    def amqp(self) -> Any:
        """The same as `message`, under the name that services of Zato know."""
        return self.message

    def _make_message(self) -> Any:
        message = self._facts.get('message')
        if not message:
            return None
        names = (message['source'], message.get('id'), message.get('key'))
        headers, properties = list(message.get('headers', ())), list(message.get('properties', ()))
        attempt = int(self._facts.get('attempt') or 0)
        return hook('make_broker_message')(names, bool(message.get('redelivered')), attempt, headers, properties)

    @property
    def headers(self) -> dict[str, str]:
        """The headers, the same as `http.headers`."""
        return self.http.headers

    @property
    def input(self) -> Any:
        """The payload merged with the parameters of the URL, or what the service's declaration made of them."""
        return self._input.get_or_make(self._make_input)

    @input.setter
    def input(self, value: Any) -> None:
        self._input.value = value

    def _make_input(self) -> Any:
        return hook('make_input')(self.payload, self.http.params, self.http.GET, self.path_over_query, self.url_over_body)

    @property
    def path_over_query(self) -> bool:
        """Whether parameters of the path win over those of the query."""
        return bool(self._channel.get('path_over_query'))

    @property
    def url_over_body(self) -> bool | None:
        """Whether parameters of the URL win over the body; `None` when the operator has not said."""
        return self._channel.get('url_over_body')

    @property
    def content_type(self) -> str | None:
        """Media type of the body, or `None`."""
        return self._facts.get('content_type')

    @property
    def cid(self) -> str:
        """Correlation id."""
        return str(self._facts.get('cid') or '')

    @property
    def channel_params(self) -> Any:
        """The parameters of the path and the query, merged as in `input`."""
        return hook('make_input')('', self.http.params, self.http.GET, self.path_over_query)

    @property
    def data_format(self) -> str:
        """What bodies are by the definition of the channel; empty if it does not say."""
        return str(self._channel.get('data_format') or '')

    @property
    def transport(self) -> str:
        """`plain_http` or `soap` for messages that came by HTTP, else empty."""
        return 'soap' if self._facts.get('soap') else 'plain_http' if came_by_http(self._facts) else ''

    def to_bunch(self) -> Any:
        """A copy of the payload in which each dict has its keys as attributes."""
        return hook('to_bunch')(self.payload)

    def bunchified(self) -> Any:
        """The same as `to_bunch`."""
        return self.to_bunch()
