"""Models compiled: the fields of a class from its annotations, how an input becomes an object of it, and an object a dict."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any, ClassVar

from caisson._annotations import Scope, kind_of, split_optional
from caisson._kinds_nested import Field, read_fields
from caisson._problems import BAD, MISSING, DeclarationError, Problems

__all__ = ['ModelContext', 'Shape', 'is_model', 'shape_of']

_ATTRIBUTE = '__caisson_shape__'


class ModelContext:
    """What `after_created(ctx)` is given."""

    def __init__(self, service: Any, data: dict[str, Any], cls: type) -> None:
        self.service = service
        """The service that reads its input, or None."""
        self.data = data
        """The dict that the model was made from."""
        self.DataClass = cls
        """The class of the model."""


def is_model(cls: Any) -> bool:
    """Whether a class is a model or a dataclass."""
    if not isinstance(cls, type):
        return False
    return issubclass(cls, _model()) or '__dataclass_fields__' in cls.__dict__


def _model() -> type:
    from caisson._model import Model
    return Model


def shape_of(cls: type) -> Shape:
    """The compiled fields of a model. Compiled once; with an annotation that means nothing, a DeclarationError."""
    shape = cls.__dict__.get(_ATTRIBUTE)
    if shape is None:
        shape = Shape(cls)
        # Set before its fields are compiled: they may name the class itself.
        setattr(cls, _ATTRIBUTE, shape)
        try:
            shape.compile()
        except BaseException:
            delattr(cls, _ATTRIBUTE)
            raise
    return shape


class Shape:
    """The fields of a model."""

    def __init__(self, cls: type) -> None:
        self.cls = cls
        self.fields: list[Field] = []
        self.by_name: dict[str, Field] = {}
        self.after_created = callable(getattr(cls, 'after_created', None))
        self.post_init = callable(getattr(cls, '__post_init__', None))

    def compile(self) -> None:
        """Reads the annotations of the class and of those that it inherits from."""
        known = getattr(self.cls, '__dataclass_fields__', {})
        for owner in reversed(self.cls.__mro__):
            for name, annotation in _annotations(owner).items():
                if name.startswith('_caisson_') or (name.startswith('__') and name.endswith('__')):
                    continue
                scope = self._scope(owner, name)
                annotation = scope.resolve(annotation) if isinstance(annotation, str) else annotation
                if _is_class_variable(annotation):
                    self.by_name.pop(name, None)
                    continue
                self.by_name[name] = self._field(name, annotation, known.get(name), scope)
        self.fields = list(self.by_name.values())

    def _scope(self, owner: type, name: str) -> Scope:
        where = f'{self.cls.__qualname__}.{name}'
        return Scope(where, lambda text: _resolve(text, owner, self.cls, where))

    def _field(self, name: str, annotation: Any, known: Any, scope: Scope) -> Field:
        inner, is_optional, description = split_optional(annotation)
        kind = kind_of(inner, scope)
        default, factory = MISSING, None
        declared = known if known is not None else getattr(self.cls, name, MISSING)
        if isinstance(declared, dataclasses.Field):
            if declared.default is not dataclasses.MISSING:
                default = declared.default
            elif declared.default_factory is not dataclasses.MISSING:
                factory = declared.default_factory
            description = str(dict(declared.metadata).get('description', '')) or description
        elif declared is not MISSING and not hasattr(declared, '__set__'):
            default = declared
        if default is not MISSING and default is getattr(_model(), name, MISSING):
            # An element called `get` or `clone`: what dataclasses take for its default is a method of models.
            default = MISSING
        return Field(name, kind, optional=is_optional, default=default, factory=factory, description=description, empty=kind.zero)

    def read(self, data: dict[Any, Any], path: str, problems: Problems) -> Any:
        """An object of the class, or BAD when there are new problems."""
        before = problems.count
        values = read_fields(self.fields, data, path, problems)
        if problems.count > before:
            return BAD
        made = self.make(values)
        if self.after_created or self.post_init:
            problems.created.append((made, data))
        return made

    def make(self, values: dict[str, Any]) -> Any:
        """An object with these values, by no `__init__`: they have been checked."""
        made: Any = object.__new__(self.cls)
        for name, value in values.items():
            object.__setattr__(made, name, value)
        return made

    def dump(self, value: Any) -> Any:
        """The declared elements of an object or of a dict, as they are sent."""
        if isinstance(value, dict):
            return {field.name: field.kind.dump(value[field.name]) for field in self.fields if field.name in value}
        if isinstance(value, (str, bytes, int, float, list, tuple)) or value is None:
            return value
        is_own = isinstance(value, self.cls) and hasattr(value, '__dict__')
        dumped = {}
        for field in self.fields:
            # What was not set must not come into being by being read.
            item = value.__dict__.get(field.name, MISSING) if is_own else getattr(value, field.name, MISSING)
            if item is MISSING and is_own and not field.is_required:
                item = field.fallback()
            if item is not MISSING:
                dumped[field.name] = None if item is None else field.kind.dump(item)
        return dumped


def finish(problems: Problems) -> None:
    """Raises if there are problems; else calls the hooks of the models that were made, inner ones first."""
    if problems.found:
        raise problems.error()
    for made, data in problems.created:
        if callable(getattr(made, '__post_init__', None)):
            made.__post_init__()
        if callable(getattr(made, 'after_created', None)):
            made.after_created(ModelContext(problems.service, data, type(made)))


def _annotations(owner: type) -> dict[str, Any]:
    if owner is object:
        return {}
    found = owner.__dict__.get('__annotations__')
    if found is None:
        # From Python 3.14 on they are made when they are first asked for.
        try:
            found = getattr(owner, '__annotations__', None) or {}
        except Exception as error:
            raise DeclarationError(f'the annotations of {owner.__qualname__} cannot be resolved: {error}') from None
        for base in owner.__mro__[1:]:
            if found is base.__dict__.get('__annotations__'):
                return {}
    return dict(found)


def _resolve(text: str, owner: type, cls: type, where: str) -> Any:
    """An annotation that is text (`from __future__ import annotations`) as what it names."""
    module = sys.modules.get(owner.__module__)
    names = {**vars(owner), cls.__name__: cls, owner.__name__: owner}
    try:
        return eval(text, dict(vars(module)) if module else {}, names)
    except Exception as error:
        raise DeclarationError(
            f'the annotation of {where}, {text!r}, cannot be resolved: {error}') from None


def _is_class_variable(annotation: Any) -> bool:
    return annotation is ClassVar or getattr(annotation, '__origin__', None) is ClassVar \
        or isinstance(annotation, dataclasses.InitVar) or annotation is dataclasses.InitVar
