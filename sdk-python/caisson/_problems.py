"""What is wrong with an input: all of it at once, each with its path, what was wanted and what came.

The text of one problem is `Element missing: /items[0]/sku`, or `/items[0]/qty: an integer is wanted, not the text 'two'`; several are
joined by `; `. In a service that declares names, as in `input = 'a', 'b'`, top-level paths go without the slash, as Zato writes them.
Values of elements with secret names are never shown.
"""

from __future__ import annotations

from typing import Any

from caisson._errors import ElementIsNotAList, ElementMissing, ModelValidationError

__all__ = ['BAD', 'DEEPEST', 'MISSING', 'DeclarationError', 'Problems', 'is_secret', 'nearest']

DEEPEST = 100
"""Levels of nesting that are read; more are a problem of the input."""

_MOST_TOLD = 50
_MOST_KEPT = 1_000
_LONGEST_TEXT = 40

# Exact names as Zato has them, and what names of secrets usually have in them.
_SECRETS = frozenset(('auth_data', 'auth_token', 'password', 'password1', 'password2', 'secret_key', 'token', 'api_key'))
_SECRET_PARTS = ('password', 'passwd', 'secret', 'token', 'api_key', 'apikey', 'credential', 'private_key', 'authorization')


class _Marker:
    """A value that is no value of an input."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name

    def __bool__(self) -> bool:
        return False


MISSING = _Marker('MISSING')
BAD = _Marker('BAD')


class DeclarationError(Exception):
    """A class declares its input or output in a way that cannot be meant; the package is not deployed.

    `filename` and `lineno` say where, as far as it is known.
    """

    filename: str | None = None
    lineno: int | None = None


def nearest(name: str, known: Any) -> str:
    """`; did you mean \\`x\\`?` for the known name that is most like this one, else nothing."""
    import difflib

    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    if not found:
        lower = {one.lower(): one for one in known}
        found = [lower[one] for one in difflib.get_close_matches(name.lower(), list(lower), n=1, cutoff=0.6)]
    return f'; did you mean `{found[0]}`?' if found else ''


def is_secret(name: str) -> bool:
    """Whether the value of an element of this name must not be shown."""
    name = name.lower().replace('-', '_')
    return name in _SECRETS or any(part in name for part in _SECRET_PARTS)


def shown(value: Any, path: str = '') -> str:
    """A value in a few words: `the text 'abc'`, `the number 5`, `an object`, `null`."""
    if value is None:
        return 'null'
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, dict):
        return 'an object'
    if isinstance(value, (list, tuple)):
        return f'a list of {len(value)}'
    kind = {str: 'the text', int: 'the number', float: 'the number', bytes: 'the bytes'}.get(type(value))
    if kind is None:
        return f'a value of type {type(value).__name__}'
    if any(is_secret(part) for part in path.replace('[', '/').split('/')):
        return f'{kind} ***'
    return f'{kind} {_short(value)}'


def _short(value: Any) -> str:
    if isinstance(value, (str, bytes)):
        # `ascii`, since the text may hold what cannot be sent (a lone surrogate).
        text = ascii(value[:_LONGEST_TEXT])
        return text + ('...' if len(value) > _LONGEST_TEXT else '')
    if isinstance(value, int) and value.bit_length() > 200:
        return f'of {value.bit_length()} bits'
    return repr(value)


class Problems:
    """The problems of one input, and what reading it needs to know."""

    def __init__(self, service: Any = None, wrap: bool = False, slash: bool = True) -> None:
        self.service = service
        """The service that reads, for `after_created`; None outside of one."""
        self.wrap = wrap
        """Whether a single value stands for a list of one: in URLs, forms and SOAP nothing else can say so."""
        self.depth = 0
        self.created: list[tuple[Any, dict[str, Any]]] = []
        """Models with a hook `after_created`, inner ones first, each with the dict that it was made from."""
        self.count = 0
        self.found: list[dict[str, str]] = []
        """What was found, up to a thousand: a list of a million wrong items is not worth more."""
        self._slash = slash

    def missing(self, path: str, value: Any) -> Any:
        """A required element is not there or is null."""
        return self._add(path, 'missing', 'a value', 'nothing' if value is MISSING else 'null')

    def wrong(self, path: str, wanted: str, value: Any, why: str = '', kind: str = 'wrong', got: str = '') -> Any:
        """An element is not what was declared. `got` says what came where the value itself is not to be shown."""
        got = (got or shown(value, path)) + (f' ({why})' if why else '')
        return self._add(path or '/', kind, wanted, got)

    def _add(self, path: str, kind: str, wanted: str, got: str) -> Any:
        self.count += 1
        if len(self.found) < _MOST_KEPT:
            self.found.append({'path': path, 'kind': kind, 'wanted': wanted, 'got': got})
        return BAD

    def error(self) -> ModelValidationError:
        """The exception that tells all of them."""
        kinds = {one['kind'] for one in self.found}
        cls = ElementMissing if kinds == {'missing'} else ElementIsNotAList if kinds == {'no-list'} else ModelValidationError
        texts = [self._text(one) for one in self.found[:_MOST_TOLD]]
        if self.count > _MOST_TOLD:
            texts.append(f'and {self.count - _MOST_TOLD} more')
        error = cls('; '.join(texts), elem_path=self.found[0]['path'] if self.found else '')
        error.problems = list(self.found)
        return error

    def _text(self, one: dict[str, str]) -> str:
        path = one['path'] if self._slash or one['path'] == '/' else one['path'].lstrip('/')
        if one['kind'] == 'missing':
            return f'Element missing: {path}' + (' (null)' if one['got'] == 'null' else '')
        return f'{path}: {one["wanted"]} is wanted, not {one["got"]}'
