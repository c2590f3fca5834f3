"""Tells the native reader (`_caisson_model`) what a declaration says.

The native reader only knows what is right and common: it makes exactly what the reader in Python makes, or nothing, and then the one in
Python decides, also about every error. What it knows nothing of (hooks of models, unions, `__slots__`) is never given to it.
"""

from __future__ import annotations

from typing import Any

import _caisson_model as native

from caisson._bunch import Bunch, ServiceInput
from caisson._kinds import Kind
from caisson._kinds_nested import DictKind, Field, FieldsKind, ListKind, ModelKind, OptionalKind, UnionKind
from caisson._problems import MISSING

__all__ = ['model_reader', 'reader_of']

# Kinds whose `convert` says it all: the native reader calls it.
_NESTED = (DictKind, FieldsKind, ListKind, ModelKind, OptionalKind, UnionKind)


class _Plans(dict[type, Any]):
    """The plans of models by their classes."""

    def __init__(self, is_output: bool) -> None:
        super().__init__()
        self.is_output = is_output


class _NotNative(Exception):
    """Something that only the reader in Python knows."""


def reader_of(side: Any, is_output: bool = False) -> Any:
    """The native reader for a side of a declaration, or None. For an output, hooks of models do not matter; names are those of a row."""
    plans = _Plans(is_output)
    try:
        if side.fields is None:
            return native.reader(_node(side.kind, plans))
        plan = native.Plan(ServiceInput, True)
        plan.fill([_field(field, plans) for field in side.fields])
        return native.reader(plan)
    except _NotNative:
        return None


def model_reader(cls: type) -> Any:
    """The native reader of a model from a dict, or None where only the one in Python can read it."""
    try:
        return native.reader(_node(ModelKind(cls), _Plans(is_output=False)))
    except Exception:
        # What is wrong with a model is told where it is used, and a model that nobody uses keeps no package from loading.
        return None


def _node(kind: Kind, plans: _Plans) -> Any:
    code = kind.native()
    if isinstance(code, str):
        return code
    if isinstance(kind, ModelKind):
        return _model(kind, plans)
    if isinstance(kind, FieldsKind):
        plan = native.Plan(Bunch, True)
        plan.fill([_field(field, plans) for field in kind.fields])
        return plan
    if code is not None:
        return code[0], _node(code[1], plans)
    if isinstance(kind, _NESTED):
        raise _NotNative
    call = 'call', kind.convert, None if type(kind).dump is Kind.dump else kind.dump
    text = kind.native_text()
    return call if text is None else ('text', text, call)


def _model(kind: ModelKind, plans: _Plans) -> Any:
    if kind.cls in plans:
        return plans[kind.cls]
    shape = kind.shape
    has_hook = (shape.after_created or shape.post_init) and not plans.is_output
    if has_hook or not _is_plain(kind.cls, shape):
        raise _NotNative
    plan = plans[kind.cls] = native.Plan(kind.cls, False)
    plan.fill([_field(field, plans) for field in shape.fields])
    return plan


def _is_plain(cls: type, shape: Any) -> bool:
    """Whether an object of the class is its `__dict__` and nothing more."""
    try:
        made: Any = object.__new__(cls)
    except TypeError:
        return False
    if not hasattr(made, '__dict__') or any('__slots__' in owner.__dict__ for owner in cls.__mro__):
        return False
    return not any(hasattr(getattr(cls, field.name, None), '__set__') for field in shape.fields)


def _field(field: Field, plans: _Plans) -> tuple[Any, ...]:
    """Name, node, whether null and the empty text are values, and what stands for a missing element."""
    node = _node(field.kind, plans)
    if field.is_required:
        fallback: Any = ('none', None)
    else:
        value = field.empty if field.default is MISSING else field.default
        is_shared = field.factory is None and not isinstance(value, (list, dict, set))
        fallback = ('value', value) if is_shared else ('make', field.fallback)
    return field.name, node, field.kind.takes_null, field.kind.takes_empty, *fallback
