"""Models: classes whose annotations say what an input or an output has.

    @dataclass(init=False)
    class Order(Model):
        order_id: int
        items: list_[Item]
        note: optional[str] = None

With or without `@dataclass`. What is required, optional and converted is in `docs/declarations.md`.
"""

from __future__ import annotations

import json
from typing import Any

from caisson._problems import BAD, MISSING, Problems, nearest

__all__ = ['Model', 'ModelRows', 'prepare_readers']


class Model:
    """The base of models.

    Elements are attributes; `model['sku']` and `model.get('sku')` are the same. Reading an element that was not set gives its default;
    one that is a model, a list or a dict comes into being then, so that `order.customer.name = 'Ann'` works. Setting what the class
    does not declare is an AttributeError. A method `after_created(self, ctx)` is called when an input has become an object; `ctx` has
    `service`, `data` and `DataClass`.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # What `@dataclass` would generate reads all elements, and some may not have been set.
        for name in ('__repr__', '__eq__'):
            if name not in cls.__dict__:
                setattr(cls, name, getattr(cls, name))

    def __init__(self, *args: Any, **values: Any) -> None:
        if args:
            raise TypeError(f'{type(self).__name__} takes its elements by name')
        shape = _shape(type(self))
        for field in shape.fields:
            if isinstance(field.default, (list, dict, set)):
                self.__dict__[field.name] = field.fallback()
        for name, value in values.items():
            setattr(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        field = _shape(type(self)).by_name.get(name)
        if field is None:
            raise AttributeError(self._unknown(name))
        made = _first_value(field)
        if made is MISSING:
            raise AttributeError(f'`{name}` of {type(self).__name__} has not been set')
        object.__setattr__(self, name, made)
        return made

    def __setattr__(self, name: str, value: Any) -> None:
        cls = type(self)
        # Names with an underscore are the class's own business, and properties know themselves what to do.
        if name not in _shape(cls).by_name and not name.startswith('_') and not hasattr(getattr(cls, name, None), '__set__'):
            raise AttributeError(self._unknown(name))
        object.__setattr__(self, name, value)

    def _unknown(self, name: str) -> str:
        known = _shape(type(self)).by_name
        hint = nearest(name, known) or f'; it has: {", ".join(known) or "nothing"}'
        return f'{type(self).__name__} declares no element `{name}`{hint}'

    def __getitem__(self, name: str) -> Any:
        try:
            return getattr(self, name)
        except AttributeError as error:
            raise KeyError(str(error)) from None

    def __setitem__(self, name: str, value: Any) -> None:
        setattr(self, name, value)

    def __contains__(self, name: object) -> bool:
        return name in self.__dict__

    def get(self, name: str, default: Any = None) -> Any:
        """The element, or the default where there is none or it has not been set."""
        value = getattr(self, name, default)
        return default if value is None else value

    def __repr__(self) -> str:
        shown = ', '.join(f'{name}={value!r}' for name, value in _set_values(self))
        return f'{type(self).__name__}({shown})'

    def __eq__(self, other: object) -> Any:
        if type(other) is not type(self):
            return NotImplemented
        return dict(_set_values(self)) == dict(_set_values(other))

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def from_dict(cls, data: Any, service: Any = None) -> Any:
        """An object from a dict, checked and converted; a list of objects from a list. ModelValidationError if it does not fit."""
        # What is plain is read natively, to the same result; what is not, and every error, below.
        reader = _reader(cls) if type(data) is dict else None
        made = reader.value(data) if reader is not None else None
        if made is not None:
            return made
        from caisson._kinds_nested import ListKind, ModelKind
        from caisson._shape import finish

        problems = Problems(service)
        kind: Any = ModelKind(cls)
        made = (ListKind(kind) if isinstance(data, list) else kind).read(data, '', problems)
        finish(problems)
        return made

    @classmethod
    def from_json(cls, text: str | bytes) -> Any:
        """The same from JSON. A text that is no JSON is a ModelValidationError as well."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            problems = Problems()
            problems.wrong('', 'JSON', text)
            raise problems.error() from None
        return cls.from_dict(data)

    def to_dict(self) -> dict[str, Any]:
        """A dict of all elements that have been set or have a default; models within it are dicts, too."""
        return {name: _plain(value) for name, value in _set_values(self)}

    def to_json(self, indent: int | None = None) -> str:
        """JSON of it: dates as ISO 8601, decimals and UUIDs as text."""
        from caisson._runtime import json_default

        return json.dumps(_shape(type(self)).dump(self), default=json_default, indent=indent)

    def clone(self) -> Any:
        """A copy that shares nothing with this one."""
        import copy

        made = object.__new__(type(self))
        for name, value in self.__dict__.items():
            object.__setattr__(made, name, copy.deepcopy(value))
        return made


class ModelRows(list[Any]):
    """The payload of a service whose output is a list of models, until it assigns one: `append`, `[:] = rows`."""


def _shape(cls: type) -> Any:
    from caisson._shape import shape_of
    return cls.__dict__.get('__caisson_shape__') or shape_of(cls)


def _reader(cls: type) -> Any:
    """The native reader of a model, or None where there is none. Made at first use, which `load_program` sees to."""
    known = cls.__dict__.get('__caisson_reader__', MISSING)
    if known is not MISSING:
        return known
    try:
        from caisson._native_plan import model_reader
    except ImportError:
        # Under CPython.
        return None
    made = model_reader(cls)
    type.__setattr__(cls, '__caisson_reader__', made)
    return made


def prepare_readers() -> None:
    """Makes the readers of all models, so that no request has to."""
    waiting = Model.__subclasses__()
    while waiting:
        cls = waiting.pop()
        waiting.extend(cls.__subclasses__())
        _reader(cls)


def _first_value(field: Any) -> Any:
    """What an element is before it is set."""
    from caisson._kinds_nested import DictKind, ListKind, ModelKind

    if field.default is not MISSING or field.factory is not None:
        return field.fallback()
    if isinstance(field.kind, ModelKind):
        return field.kind.shape.make({})
    if field.optional or isinstance(field.kind, (DictKind, ListKind)):
        return field.kind.zero
    return MISSING


def _set_values(model: Any) -> list[tuple[str, Any]]:
    """Names and values of what has been set or has a default."""
    values = []
    for field in _shape(type(model)).fields:
        value = model.__dict__.get(field.name, MISSING) if hasattr(model, '__dict__') else getattr(model, field.name, MISSING)
        if value is MISSING and not field.is_required:
            value = getattr(model, field.name)
        if value is not MISSING and value is not BAD:
            values.append((field.name, value))
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if hasattr(value, '__dataclass_fields__') and not isinstance(value, type):
        import dataclasses
        return dataclasses.asdict(value)
    return value
