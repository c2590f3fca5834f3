"""Elements of declarations by names, and what names say about types.

`input = 'customer_id', '-note', Int('-limit', default=10), Dict('address', 'street', '-zip')`: a leading dash makes an element
optional. Two dialects differ in what a bare name means; see `Dialect`.
"""

from __future__ import annotations

from typing import Any

from caisson import _kinds as kinds
from caisson import _kinds_special as special
from caisson._kinds import Kind
from caisson._kinds_nested import DictKind, Field, FieldsKind, ListKind
from caisson._problems import MISSING, DeclarationError, nearest

__all__ = [
    'AsIs', 'Bool', 'Boolean', 'CSV', 'Date', 'DateTime', 'Decimal', 'Dialect', 'Dict', 'DictList', 'Element', 'Float', 'ForceType',
    'Int', 'Integer', 'List', 'ListOfDicts', 'MODERN', 'Nested', 'Opaque', 'SIMPLE_IO', 'Text', 'UTC', 'UUID', 'Unicode', 'fields_of',
]


class Dialect:
    """How bare names are read.

    `int_names` and `int_suffixes` are integers, `bool_prefixes` booleans; every other name is `text` or anything. An optional element
    that is missing is `missing`, a boolean one `missing_bool`. `csv` has the arguments of `csv.reader` for `CSV`.
    """

    def __init__(self, *, int_names: tuple[str, ...] = (), int_suffixes: tuple[str, ...] = (), bool_prefixes: tuple[str, ...] = (),
                 text: bool = False, missing: Any = None, missing_bool: Any = None) -> None:
        self.int_names = int_names
        self.int_suffixes = int_suffixes
        self.bool_prefixes = bool_prefixes
        self.text = text
        self.missing = missing
        self.missing_bool = missing_bool
        self.csv: dict[str, Any] = {}

    def copy(self) -> Dialect:
        """A dialect of its own, to be changed by the settings of one class."""
        made = Dialect()
        made.__dict__.update(self.__dict__, csv=dict(self.csv))
        return made

    def kind(self, name: str) -> Kind:
        """The kind of an element of which only the name is known."""
        if name.startswith(self.bool_prefixes):
            return kinds.BoolKind()
        if name in self.int_names or name.endswith(self.int_suffixes):
            return kinds.IntKind()
        return kinds.TextKind() if self.text else kinds.AnyKind()


_BOOL_PREFIXES = ('by_', 'has_', 'is_', 'may_', 'needs_', 'should_')

SIMPLE_IO = Dialect(
    int_names=('id',), int_suffixes=('_count', '_id', '_size', '_size_min', '_size_max', '_timeout'),
    bool_prefixes=_BOOL_PREFIXES, text=True, missing='', missing_bool=False)
"""Of a `class SimpleIO`, as Zato 3.2 reads it."""

MODERN = Dialect(int_suffixes=('_count', '_timeout'), bool_prefixes=_BOOL_PREFIXES)
"""Of `input`, `output` and `class IO`, as Zato 4.1 reads them."""


class Element:
    """An element with a type of its own: `Int('-limit', default=10, description='Most rows')`.

    The name's leading dash makes it optional, and so does a default. Used by itself (`ForceType`), it takes anything.
    """

    def __init__(self, name: str, *inner: Any, default: Any = MISSING, description: str = '') -> None:
        if not isinstance(name, str) or not name.lstrip('-'):
            raise DeclarationError(f'{type(self).__name__}(...) takes the name of the element first, a text, not {name!r}')
        if inner and not isinstance(self, (Dict, DictList)):
            raise DeclarationError(f'{type(self).__name__}({name!r}, ...) takes one name; only Dict and DictList have keys')
        self.optional = name.startswith('-')
        self.name = name[1:] if self.optional else name
        self.inner = inner
        self.default = default
        self.description = description

    def plain_kind(self) -> Kind:
        """The kind of its value, where no dialect has a say."""
        return self.kind(MODERN)

    def kind(self, dialect: Dialect) -> Kind:
        """The kind of its value."""
        return kinds.OpaqueKind()

    def field(self, dialect: Dialect, optional: bool = False) -> Field:
        """The element as a field."""
        kind = self.kind(dialect)
        missing = dialect.missing_bool if isinstance(kind, kinds.BoolKind) else dialect.missing
        return Field(self.name, kind, optional=self.optional or optional, default=self.default, description=self.description,
                     empty=missing)

    def __repr__(self) -> str:
        return f'{type(self).__name__}({"-" if self.optional else ""}{self.name})'


class AsIs(Element):
    """Anything, as it is."""


class Opaque(Element):
    """Anything, as it is."""


class Bool(Element):
    """A boolean; also the texts true, yes, on, 1 and their opposites."""

    def kind(self, dialect: Dialect) -> Kind:
        return kinds.BoolKind()


class CSV(Element):
    """A line of comma-separated values, which becomes a list of text."""

    def kind(self, dialect: Dialect) -> Kind:
        return special.CsvKind(dialect.csv)


class Date(Element):
    """A day, `2024-01-31`, which becomes a `datetime.date`."""

    def kind(self, dialect: Dialect) -> Kind:
        return special.DateKind()


class DateTime(Element):
    """A point in time in ISO 8601, which becomes a `datetime.datetime`, with a zone if the text has one."""

    def kind(self, dialect: Dialect) -> Kind:
        return special.DateTimeKind()


class Decimal(Element):
    """An exact number, which becomes a `decimal.Decimal`."""

    def kind(self, dialect: Dialect) -> Kind:
        return special.DecimalKind()


class Dict(Element):
    """An object. With further names only those keys are taken: `Dict('customer', 'id', '-name')`."""

    def kind(self, dialect: Dialect) -> Kind:
        if not self.inner:
            return DictKind(kinds.OpaqueKind())
        return FieldsKind(fields_of(self.inner, dialect, f'{type(self).__name__}({self.name!r})'))


class DictList(Dict):
    """A list of objects, each as `Dict` has it."""

    def kind(self, dialect: Dialect) -> Kind:
        return ListKind(super().kind(dialect))


class Float(Element):
    """A finite number, which becomes a `float`."""

    def kind(self, dialect: Dialect) -> Kind:
        return kinds.FloatKind()


class Int(Element):
    """A whole number."""

    def kind(self, dialect: Dialect) -> Kind:
        return kinds.IntKind()


class List(Element):
    """A list of anything."""

    def kind(self, dialect: Dialect) -> Kind:
        return ListKind(kinds.OpaqueKind())


class Text(Element):
    """Text; a number becomes its text."""

    def kind(self, dialect: Dialect) -> Kind:
        return kinds.TextKind()


class UTC(Element):
    """A point in time, which becomes a `datetime.datetime` in UTC."""

    def kind(self, dialect: Dialect) -> Kind:
        return special.UtcKind()


class UUID(Element):
    """A UUID, which becomes a `uuid.UUID`."""

    def kind(self, dialect: Dialect) -> Kind:
        return special.UuidKind()


Boolean = Bool
ForceType = Element
Integer = Int
ListOfDicts = DictList
Nested = Dict
Unicode = Text

_WRAPPERS = ('AsIs', 'Bool', 'CSV', 'Date', 'DateTime', 'Decimal', 'Dict', 'DictList', 'Float', 'Int', 'List', 'Opaque', 'Text', 'UTC',
             'UUID')


def fields_of(names: Any, dialect: Dialect, where: str, optional: bool = False) -> list[Field]:
    """The fields that names and elements declare. `where` names the declaration in errors."""
    found: dict[str, Field] = {}
    for one in (names,) if isinstance(names, (str, Element)) else names:
        if isinstance(one, str):
            field = _of_name(one, dialect, where, optional)
        elif isinstance(one, Element):
            field = one.field(dialect, optional)
        else:
            raise DeclarationError(f'{where}: {_what(one)}')
        if field.name in found:
            raise DeclarationError(f'{where}: `{field.name}` is declared twice; keep one of them')
        found[field.name] = field
    return list(found.values())


def _of_name(name: str, dialect: Dialect, where: str, optional: bool) -> Field:
    bare = name[1:] if name.startswith('-') else name
    if not bare.strip() or bare != bare.strip() or bare.startswith('-'):
        raise DeclarationError(f'{where}: {name!r} is no name of an element; write it as in \'name\', or \'-name\' if it is optional')
    return Element.field(_Bare(name), dialect, optional)


class _Bare(Element):
    """An element of which only the name is known."""

    def kind(self, dialect: Dialect) -> Kind:
        return dialect.kind(self.name)


def _what(one: Any) -> str:
    """What is wrong with something that is no element, and what to write instead."""
    if isinstance(one, type) and issubclass(one, Element):
        return f'{one.__name__} has no name; write {one.__name__}(\'name\')'
    name = one.__name__ if isinstance(one, type) else type(one).__name__
    from caisson._shape import is_model
    if is_model(one):
        return f'the model {name} cannot be one of several elements; declare it alone, as in `input = {name}`'
    python = {'str': 'Text', 'dict': 'Dict', 'list': 'List', 'bool': 'Bool', 'int': 'Int', 'float': 'Float', 'date': 'Date'}
    hint = f'; did you mean `{python[name]}`?' if name in python else nearest(name, _WRAPPERS)
    shown = f'the class {name}' if isinstance(one, type) else f'{one!r} ({name})'
    return f'{shown} is no element{hint} Elements are names and {", ".join(_WRAPPERS)}'
