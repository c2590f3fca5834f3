"""What a class declares, in either of Zato's dialects, as two sides.

* A `class SimpleIO` is read as Zato 3.2 reads it, and everything else that the class declares with it.
* `input` and `output` of the class itself, or in a `class IO`, are read as Zato 4.1 reads them.
* A side that is declared twice is an error, and so is an attribute that means nothing.
"""

from __future__ import annotations

import inspect
from typing import Any

from caisson._annotations import Scope, kind_of, split_optional
from caisson._elements import MODERN, SIMPLE_IO, Dialect, Element, fields_of
from caisson._kinds import Kind
from caisson._kinds_nested import Field
from caisson._problems import DeclarationError, nearest

__all__ = ['Settings', 'Side', 'sides_of']

_SIDES = ('input_required', 'input_optional', 'input', 'output_required', 'output_optional', 'output')
_OPTIONS = (
    'bool_parameter_prefixes', 'csv_delimiter', 'csv_dialect', 'csv_quotechar', 'default_input_value', 'default_output_value',
    'default_value', 'force_empty_keys', 'int_parameter_suffixes', 'int_parameters', 'output_repeated', 'request_elem',
    'response_elem', 'skip_empty_keys', 'use_channel_params_only',
)
_CLASSES = {
    'SkipEmpty': ('force_empty_input', 'force_empty_output', 'input', 'output'),
    'CSV': ('delimiter', 'dialect', 'quotechar'),
}


class Settings:
    """What a `class SimpleIO` says beside names. Sets of names are empty for none; True stands for all."""

    def __init__(self) -> None:
        self.response_elem: str | None = None
        self.request_elem: str | None = None
        self.output_repeated = False
        self.use_channel_params_only = False
        self.default_output: Any = ''
        self.skip_empty_input: Any = frozenset()
        self.skip_empty_output: Any = frozenset()
        self.force_empty_input: Any = frozenset()
        self.force_empty_output: Any = frozenset()


class Side:
    """One side of a declaration: either `fields` (names) or `kind` (a model, a list of models, ...)."""

    def __init__(self, fields: list[Field] | None, kind: Kind | None, is_simple_io: bool, settings: Settings) -> None:
        self.fields = fields
        self.kind = kind
        self.is_simple_io = is_simple_io
        self.settings = settings


def sides_of(cls: type) -> tuple[Side | None, Side | None]:
    """Input and output of a class, None where it declares none."""
    simple, modern = _inner(cls, 'SimpleIO'), _inner(cls, 'IO')
    dialect, settings = MODERN, Settings()
    sources: list[tuple[str, dict[str, Any]]] = []
    own = {name: _declared(cls, name) for name in ('input', 'output')}
    sources.append((cls.__qualname__, {name: value for name, value in own.items() if value is not None}))
    if modern is not None:
        sources.append((f'{cls.__qualname__}.IO', _attributes(modern, f'{cls.__qualname__}.IO', _SIDES)))
    if simple is not None:
        where = f'{cls.__qualname__}.SimpleIO'
        found = _attributes(simple, where, (*_SIDES, *_OPTIONS, *_CLASSES))
        sources.append((where, found))
        dialect = SIMPLE_IO.copy()
        _apply(found, where, dialect, settings)
    made = [_side(side, sources, dialect, simple is not None, settings) for side in ('input', 'output')]
    return made[0], made[1]


def _declared(cls: type, name: str) -> Any:
    """An attribute of a service that is a declaration, and no method that happens to have this name."""
    value = getattr(cls, name, None)
    if inspect.isroutine(value) or isinstance(value, property) or hasattr(value, '__get__') and not isinstance(value, type):
        return None
    return value


def _inner(cls: type, name: str) -> Any:
    found = getattr(cls, name, None)
    if found is not None and not isinstance(found, type):
        raise DeclarationError(f'{cls.__qualname__}.{name} must be a class, not {found!r}')
    return found


def _attributes(inner: type, where: str, known: tuple[str, ...]) -> dict[str, Any]:
    """The attributes of an inner class, all of them known."""
    found: dict[str, Any] = {}
    for owner in reversed(inner.__mro__[:-1]):
        found.update((name, value) for name, value in vars(owner).items() if not name.startswith('_'))
    for name in found:
        if name not in known:
            raise DeclarationError(f'{where} has no setting `{name}`{nearest(name, known)} Known are: {", ".join(known)}')
    return found


def _side(side: str, sources: list[tuple[str, dict[str, Any]]], dialect: Dialect, is_simple_io: bool, settings: Settings) -> Side | None:
    names = (side, f'{side}_required', f'{side}_optional')
    found = [
        (f'{where}.{name}', name, declared[name]) for where, declared in sources for name in names
        if name in declared and not _is_empty(declared[name])
    ]
    if len({where.rsplit('.', 1)[0] for where, _, _ in found}) > 1:
        raise DeclarationError(f'{" and ".join(where for where, _, _ in found)} both declare the {side}; keep one of them')
    if not found:
        return None
    kind = next((made for where, _, value in found if (made := _kind(value, where)) is not None), None)
    if kind is not None:
        if len(found) > 1:
            raise DeclarationError(f'{found[0][0]}: a model is the whole {side}, and {found[1][0]} declares more of it')
        return Side(None, kind, is_simple_io, settings)
    fields: dict[str, Field] = {}
    for where, name, value in found:
        for field in fields_of(_names(value, where), dialect, where, name.endswith('_optional')):
            if field.name in fields:
                raise DeclarationError(f'{where}: `{field.name}` is declared twice; keep one of them')
            fields[field.name] = field
    return Side(list(fields.values()), None, is_simple_io, settings)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, (str, tuple, list, set, frozenset)) and not value)


def _names(value: Any, where: str) -> Any:
    if isinstance(value, (str, Element, tuple, list)):
        return value
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    return [value]


def _kind(value: Any, where: str) -> Kind | None:
    """The kind of a side that is no list of names: a model, `list_[Order]`, `dict`, ..."""
    if isinstance(value, (str, Element, tuple, list, set, frozenset)):
        return None
    if isinstance(value, type) and issubclass(value, Element):
        return None
    if isinstance(value, type) or hasattr(value, '__origin__') or hasattr(value, '__args__'):
        def unknown(text: str) -> Any:
            raise DeclarationError(f'{where}: write the class {text} itself instead of its name')
        return kind_of(split_optional(value)[0], Scope(where, unknown))
    return None


def _apply(found: dict[str, Any], where: str, dialect: Dialect, settings: Settings) -> None:
    """Takes over what is no name of an element."""
    settings.response_elem = found.get('response_elem', 'response') or None
    settings.request_elem = found.get('request_elem') or None
    settings.output_repeated = bool(found.get('output_repeated', False))
    settings.use_channel_params_only = bool(found.get('use_channel_params_only', False))
    for option, attribute in (('int_parameters', 'int_names'), ('int_parameter_suffixes', 'int_suffixes'),
                              ('bool_parameter_prefixes', 'bool_prefixes')):
        if option in found:
            setattr(dialect, attribute, _texts(found[option], f'{where}.{option}'))
    for option in ('default_value', 'default_input_value'):
        if option in found:
            dialect.missing = dialect.missing_bool = found[option]
    settings.default_output = found.get('default_output_value', found.get('default_value', ''))
    inner = {name: _attributes(found[name], f'{where}.{name}', known) for name, known in _CLASSES.items() if name in found}
    csv = {**inner.get('CSV', {}), **{key: found[f'csv_{key}'] for key in _CLASSES['CSV'] if f'csv_{key}' in found}}
    dialect.csv = csv
    skip = inner.get('SkipEmpty', {})
    settings.skip_empty_input = _some(skip.get('input', False), f'{where}.SkipEmpty.input')
    settings.skip_empty_output = _some(skip.get('output', found.get('skip_empty_keys', False)), f'{where}.skip_empty_keys')
    settings.force_empty_input = _some(skip.get('force_empty_input', False), f'{where}.SkipEmpty.force_empty_input')
    settings.force_empty_output = _some(
        skip.get('force_empty_output', found.get('force_empty_keys', False)), f'{where}.force_empty_keys')


def _some(value: Any, where: str) -> Any:
    """True for all names, or the names."""
    return value if value is True else frozenset(_texts(value or (), where))


def _texts(value: Any, where: str) -> tuple[str, ...]:
    value = (value,) if isinstance(value, str) else value
    if not isinstance(value, (tuple, list, set, frozenset)) or not all(isinstance(one, str) for one in value):
        raise DeclarationError(f'{where} must be a name or several names, not {value!r}')
    return tuple(value)
