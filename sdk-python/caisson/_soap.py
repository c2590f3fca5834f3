"""What services see of SOAP messages."""

from __future__ import annotations

import json
from typing import Any

from caisson._bunch import Bunch, collect

__all__ = ['SOAPMessage', 'Soap', 'make_soap', 'make_soap_message']


class SOAPMessage(Bunch):
    """What is within an element: elements by name, a list where a name repeats; attributes as `@name`, text beside them as `#text`.

    `message.customer.name` and `message['customer']['name']` are the same. Assigned to `self.response.payload`, it is the answer.
    """


class Soap:
    """The SOAP side of a message; in services, `self.request.soap`."""

    def __init__(
        self, version: str, action: str | None, operation: str, namespace: str | None, headers: SOAPMessage
    ) -> None:
        self.soap_version = version
        """`1.1` or `1.2`."""
        self.soap_action = action
        """What the header `SOAPAction` says, or the parameter `action` of the content type."""
        self.operation = operation
        """Name of the operation, which is the first element of the body."""
        self.namespace = namespace
        """Its namespace."""
        self.headers = headers
        """The header blocks by name, but for those of WS-Security."""

    def __repr__(self) -> str:
        return f'<Soap {self.soap_version} {{{self.namespace or ""}}}{self.operation}>'


def make_soap_message(value: Any) -> Any:
    """The value with SOAPMessage in place of each dict."""
    if isinstance(value, dict):
        return SOAPMessage((key, make_soap_message(item)) for key, item in value.items())
    if isinstance(value, list):
        return [make_soap_message(item) for item in value]
    return value


def make_soap(
    version: str, action: str | None, operation: str, namespace: str | None, headers: list[tuple[str, str | None, str]]
) -> Soap:
    """The SOAP side of a message; what is within a header block comes as JSON."""
    blocks = ((name, make_soap_message(json.loads(content))) for name, _, content in headers)
    found = SOAPMessage()
    collect(blocks, found)
    return Soap(version, action, operation, namespace, found)
