"""Namespaces of the XML parser: what prefixes mean, element by element."""

from __future__ import annotations

from typing import Any

__all__ = ['Names']

_XML = 'http://www.w3.org/XML/1998/namespace'


class Names:
    """Turns prefixes into namespaces, when the parser was made with a separator."""

    def __init__(self, separator: str | None) -> None:
        self.separator = separator
        self._scopes: list[dict[str, str]] = [{'xml': _XML}]
        self._added: list[list[str]] = []

    def open(self, attributes: list[tuple[str, str]], report: Any) -> list[tuple[str, str]]:
        """Begins an element: takes the declarations out of its attributes and returns the others."""
        scope = self._scopes[-1]
        added: list[str] = []
        others: list[tuple[str, str]] = []
        for name, value in attributes:
            if name == 'xmlns' or name.startswith('xmlns:'):
                prefix = name[6:]
                if prefix and not value:
                    raise LookupError('UNDECLARING_PREFIX')
                if not added:
                    scope = dict(scope)
                scope[prefix] = value
                added.append(prefix)
                report(prefix or None, value or None)
            else:
                others.append((name, value))
        self._scopes.append(scope)
        self._added.append(added)
        return others

    def close(self) -> list[str]:
        """Ends an element; the prefixes that it declared, last first."""
        self._scopes.pop()
        return self._added.pop()[::-1]

    def full(self, name: str, is_attribute: bool, triplet: bool) -> str:
        """The name with its namespace. Raises `LookupError` for a prefix that nobody declared."""
        prefix, colon, local = name.rpartition(':')
        if not colon and is_attribute:
            return name
        uri = self._scopes[-1].get(prefix)
        if uri is None and prefix:
            raise LookupError('UNBOUND_PREFIX')
        if not uri:
            return name
        full = f'{uri}{self.separator}{local}'
        return f'{full}{self.separator}{prefix}' if triplet and prefix else full
