"""Annotations of models as kinds of values."""

from __future__ import annotations

import collections.abc
import datetime
import decimal
import enum
import types
import typing
import uuid
from typing import Any, Callable

from caisson import _kinds as kinds
from caisson import _kinds_special as special
from caisson._kinds import Kind
from caisson._kinds_nested import DictKind, ListKind, ModelKind, OptionalKind, UnionKind
from caisson._problems import DeclarationError

__all__ = ['Scope', 'kind_of', 'split_optional']

_SCALARS: dict[Any, type[Kind]] = {
    str: kinds.StrKind, int: kinds.IntKind, float: kinds.FloatKind, bool: kinds.BoolKind, decimal.Decimal: special.DecimalKind,
    datetime.datetime: special.DateTimeKind, datetime.date: special.DateKind, datetime.time: special.TimeKind, uuid.UUID: special.UuidKind,
    Any: kinds.OpaqueKind, object: kinds.OpaqueKind,
}
_LISTS = {
    list: list, set: set, frozenset: frozenset, tuple: tuple, collections.abc.Sequence: list, collections.abc.Iterable: list,
    collections.abc.Collection: list, collections.abc.MutableSequence: list, collections.abc.Set: set, collections.abc.Iterator: list,
    collections.abc.Generator: list,
}
_DICTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping, collections.OrderedDict)
_UNIONS = (typing.Union, getattr(types, 'UnionType', typing.Union))


def split_optional(annotation: Any) -> tuple[Any, bool, str]:
    """What an annotation of a field is without `optional[...]`, whether it was optional, and the description that it carries."""
    description = ''
    while True:
        annotation = _unwrap(annotation)
        extra = getattr(annotation, '__metadata__', None)
        if extra is None:
            break
        description = next((one for one in extra if isinstance(one, str)), description)
        annotation = annotation.__origin__
    if typing.get_origin(annotation) in _UNIONS:
        options = typing.get_args(annotation)
        rest = tuple(one for one in options if one is not type(None))
        if len(rest) < len(options):
            inner, _, more = split_optional(rest[0] if len(rest) == 1 else typing.Union[rest])
            return inner, True, description or more
    return annotation, False, description


class Scope:
    """Where an annotation stands: its name in errors, and what names within it mean."""

    def __init__(self, where: str, resolve: Callable[[str], Any]) -> None:
        self.where = where
        self.resolve = resolve


def kind_of(annotation: Any, where: Scope) -> Kind:
    """The kind of the values that an annotation allows."""
    inner, is_optional, _ = split_optional(annotation)
    if is_optional:
        return OptionalKind(kind_of(inner, where))
    if isinstance(inner, (str, typing.ForwardRef)):
        text = inner if isinstance(inner, str) else inner.__forward_arg__
        return kind_of(where.resolve(text), where)
    origin = typing.get_origin(inner) or inner
    arguments = typing.get_args(inner)
    if origin in _UNIONS:
        return UnionKind([kind_of(one, where) for one in arguments])
    if origin is typing.Literal:
        return special.LiteralKind(arguments)
    if isinstance(inner, typing.TypeVar):
        return kinds.OpaqueKind()
    if not isinstance(origin, type) and origin not in _SCALARS:
        raise DeclarationError(f'{where.where}: {inner!r} is no type that a model can have')
    return _of_class(origin, arguments, where)


def _of_class(cls: Any, arguments: tuple[Any, ...], where: Scope) -> Kind:
    scalar = _SCALARS.get(cls)
    if scalar is not None:
        return scalar()
    if cls in _LISTS:
        # `tuple[int, ...]` is taken as a list of int; one of several types is one of any of them.
        inner = [one for one in arguments if one is not Ellipsis]
        if cls is tuple and len(inner) > 1:
            return ListKind(UnionKind([kind_of(one, where) for one in inner]), tuple)
        return ListKind(kind_of(inner[0], where) if inner else kinds.OpaqueKind(), _LISTS[cls])
    if cls in _DICTS:
        if len(arguments) != 2:
            return DictKind(kinds.OpaqueKind())
        key = None if arguments[0] in (str, Any) else kind_of(arguments[0], where)
        return DictKind(kind_of(arguments[1], where), key)
    from caisson._elements import Element
    if isinstance(cls, type) and issubclass(cls, Element):
        return cls(where.where).plain_kind()
    from caisson._shape import is_model
    if is_model(cls):
        return ModelKind(cls)
    if issubclass(cls, enum.Enum):
        return special.EnumKind(cls)
    if issubclass(cls, dict):
        return DictKind(kinds.OpaqueKind())
    return special.InstanceKind(cls)


def _unwrap(annotation: Any) -> Any:
    """An annotation without `Final`, `NewType` and the like."""
    while True:
        if hasattr(annotation, '__supertype__'):
            annotation = annotation.__supertype__
        elif typing.get_origin(annotation) is typing.Final:
            annotation = typing.get_args(annotation)[0]
        else:
            return annotation
