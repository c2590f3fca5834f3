"""`self.request.http`: the HTTP side of a message."""

from __future__ import annotations

from typing import Any, Mapping

from caisson._standin._lazy import Lazy, hook

__all__ = ['Http', 'came_by_http']


def came_by_http(facts: Mapping[str, Any]) -> bool:
    """Whether a message came by HTTP. One of another service may have a method all the same, for `handle_GET` and its like."""
    return facts.get('http') is not None and (facts.get('channel') or {}).get('kind') != 'invoke'


class Http:
    """The HTTP facts of one message. For a message that did not come by HTTP they are all empty."""

    def __init__(self, http: Mapping[str, Any] | None, body: bytes) -> None:
        self._http = http or {}
        self._body = body
        self._lazy = {name: Lazy() for name in ('params', 'get', 'post', 'headers')}

    @property
    def method(self) -> str:
        """Upper case: `GET`, `POST`, ..."""
        return str(self._http.get('method', ''))

    @property
    def path(self) -> str:
        """Path as received, still percent-encoded."""
        return str(self._http.get('path', ''))

    @property
    def query(self) -> str:
        """Query as received, without the `?`."""
        return str(self._http.get('query', ''))

    @property
    def params(self) -> Any:
        """Parameters that the channel's path captured."""
        return self._lazy['params'].get_or_make(lambda: hook('make_bunch')(list(self._http.get('params', ()))))

    @property
    def GET(self) -> Any:
        """Parameters of the query string; one that is repeated is a list."""
        return self._lazy['get'].get_or_make(lambda: hook('parse_query')(self.query))

    @property
    def POST(self) -> Any:
        """Fields of a form in the body."""
        return self._lazy['post'].get_or_make(lambda: hook('parse_form')(self._body))

    @property
    def headers(self) -> dict[str, str]:
        """Headers, names in lower case; one that is repeated has its values joined with a comma."""
        made: dict[str, str] = self._lazy['headers'].get_or_make(self._make_headers)
        return made

    def _make_headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in self._http.get('headers', ()):
            found[name] = f'{found[name]}, {value}' if name in found else value
        return found

    @property
    def user_agent(self) -> str:
        """The header `User-Agent`, or an empty text."""
        for name, value in self._http.get('headers', ()):
            if name == 'user-agent':
                return str(value)
        return ''

    def get_form_data(self) -> Any:
        """The same as `POST`."""
        return self.POST
