"""What a value of an input that holds other values may be: lists, objects, models, and one of several kinds.

All of them stop at `DEEPEST` levels. A single value stands for a list of one where the sender could not say otherwise (URLs, forms, SOAP).
"""

from __future__ import annotations

from typing import Any, Callable

from caisson._kinds import Kind
from caisson._problems import BAD, DEEPEST, MISSING, Problems

__all__ = ['DictKind', 'Field', 'FieldsKind', 'ListKind', 'ModelKind', 'OptionalKind', 'UnionKind', 'read_fields']


class Field:
    """A named element of an object. `default` is a value or MISSING, `factory` makes one; without either it is required unless
    `optional`, when a missing element is what `empty` says.
    """

    __slots__ = ('name', 'kind', 'optional', 'default', 'factory', 'description', 'empty')

    def __init__(self, name: str, kind: Kind, *, optional: bool = False, default: Any = MISSING,
                 factory: Callable[[], Any] | None = None, description: str = '', empty: Any = None) -> None:
        self.name = name
        self.kind = kind
        self.optional = optional
        self.default = default
        self.factory = factory
        self.description = description
        self.empty = empty

    @property
    def is_required(self) -> bool:
        """Whether an input must have it."""
        return not self.optional and self.default is MISSING and self.factory is None

    def fallback(self) -> Any:
        """What it is when it is missing. A new object each time, if it can be changed."""
        if self.factory is not None:
            return self.factory()
        value = self.empty if self.default is MISSING else self.default
        if isinstance(value, (list, dict, set)):
            import copy
            return copy.deepcopy(value)
        return value

    def read(self, data: dict[Any, Any], path: str, problems: Problems) -> Any:
        """Its value in an object; BAD when there are problems."""
        value = data.get(self.name, MISSING)
        if value is None and self.kind.takes_null:
            return None
        if value is MISSING or value is None:
            return problems.missing(f'{path}/{self.name}', value) if self.is_required else self.fallback()
        if isinstance(value, str) and not value and not self.kind.takes_empty and not self.is_required:
            return self.fallback()
        return self.kind.read(value, f'{path}/{self.name}', problems)


def read_fields(fields: list[Field], data: dict[Any, Any], path: str, problems: Problems) -> dict[str, Any]:
    """The values of all fields by name. Some are BAD if there are problems."""
    return {field.name: field.read(data, path, problems) for field in fields}


class _Nested(Kind):
    """Counts levels."""

    def inside(self, value: Any, path: str, problems: Problems) -> Any:
        """The value, read one level deeper."""
        raise NotImplementedError

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        if problems.depth >= DEEPEST:
            return problems.wrong(path, f'no more than {DEEPEST} levels', value)
        problems.depth += 1
        try:
            return self.inside(value, path, problems)
        finally:
            problems.depth -= 1


class ListKind(_Nested):
    """A list; `make` gives it another type, such as `set`."""

    wanted = 'a list'

    def __init__(self, item: Kind, make: Callable[[list[Any]], Any] = list) -> None:
        self.item = item
        self._make = make

    @property
    def zero(self) -> Any:
        return self._make([])

    def inside(self, value: Any, path: str, problems: Problems) -> Any:
        if isinstance(value, (set, frozenset, tuple)):
            value = list(value)
        if not isinstance(value, list):
            if not problems.wrap:
                return problems.wrong(path, self.wanted, value, kind='no-list')
            value = [value]
        before = problems.count
        read = [self._item(item, f'{path}[{index}]', problems) for index, item in enumerate(value)]
        if problems.count > before:
            return BAD
        if self._make is list:
            return read
        try:
            return self._make(read)
        except TypeError:
            return problems.wrong(path, 'a list of single values', value)

    def _item(self, value: Any, path: str, problems: Problems) -> Any:
        if value is None and not self.item.takes_null:
            return problems.missing(path, value)
        return self.item.read(value, path, problems)

    def dump(self, value: Any) -> Any:
        return [self.item.dump(item) for item in value] if isinstance(value, (list, tuple, set, frozenset)) else value

    def schema(self, document: Any) -> dict[str, Any]:
        schema: dict[str, Any] = {'type': 'array'}
        item = self.item.schema(document)
        if item:
            schema['items'] = item
        if self._make in (set, frozenset):
            schema['uniqueItems'] = True
        return schema

    def native(self) -> Any:
        return ('list', self.item) if self._make is list else None


class DictKind(_Nested):
    """An object with any keys."""

    wanted = 'an object'

    def __init__(self, value: Kind, key: Kind | None = None) -> None:
        self.value = value
        self._key = key

    @property
    def zero(self) -> Any:
        return {}

    def inside(self, value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            return problems.wrong(path, self.wanted, value)
        before = problems.count
        read = {}
        for key, item in value.items():
            inner = f'{path}/{key}' if str(key).isascii() else f'{path}/{ascii(key)[1:-1]}'
            if self._key is not None:
                key = self._key.read(key, inner, problems)
            if item is None and not self.value.takes_null:
                problems.missing(inner, item)
            else:
                read[key] = self.value.read(item, inner, problems)
        return BAD if problems.count > before else read

    def dump(self, value: Any) -> Any:
        return {key: self.value.dump(item) for key, item in value.items()} if isinstance(value, dict) else value

    def schema(self, document: Any) -> dict[str, Any]:
        inner = self.value.schema(document)
        return {'type': 'object', 'additionalProperties': inner} if inner else {'type': 'object'}

    def native(self) -> Any:
        return ('dict', self.value) if self._key is None else None


class FieldsKind(_Nested):
    """An object with declared keys, as `Dict('customer', 'id', '-name')` has them."""

    wanted = 'an object'

    def __init__(self, fields: list[Field]) -> None:
        self.fields = fields

    @property
    def zero(self) -> Any:
        return {}

    def inside(self, value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            return problems.wrong(path, self.wanted, value)
        from caisson._bunch import Bunch
        before = problems.count
        read = read_fields(self.fields, value, path, problems)
        return BAD if problems.count > before else Bunch(read)

    def dump(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {field.name: field.kind.dump(value[field.name]) for field in self.fields if field.name in value}

    def schema(self, document: Any) -> dict[str, Any]:
        schema: dict[str, Any] = document.fields(self.fields)
        return schema


class ModelKind(_Nested):
    """An object of a model or of a dataclass."""

    wanted = 'an object'

    def __init__(self, cls: type) -> None:
        self.cls = cls

    @property
    def shape(self) -> Any:
        """The compiled fields of the model; models may name one another in circles, hence late."""
        from caisson._shape import shape_of
        return shape_of(self.cls)

    def inside(self, value: Any, path: str, problems: Problems) -> Any:
        if isinstance(value, self.cls):
            return value
        if not isinstance(value, dict):
            return problems.wrong(path, self.wanted, value)
        return self.shape.read(value, path, problems)

    def dump(self, value: Any) -> Any:
        return self.shape.dump(value)

    def schema(self, document: Any) -> dict[str, Any]:
        schema: dict[str, Any] = document.model(self.shape)
        return schema

    def native(self) -> Any:
        return ('model', self.cls)


class OptionalKind(Kind):
    """A value or null, where it is no field: an item of a list, a value of a dict."""

    takes_null = True

    def __init__(self, inner: Kind) -> None:
        self.inner = inner
        self.wanted = inner.wanted
        self.takes_empty = inner.takes_empty

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        return None if value is None else self.inner.read(value, path, problems)

    def dump(self, value: Any) -> Any:
        return None if value is None else self.inner.dump(value)

    def schema(self, document: Any) -> dict[str, Any]:
        schema: dict[str, Any] = document.or_null(self.inner.schema(document))
        return schema

    def native(self) -> Any:
        return ('optional', self.inner)


class UnionKind(Kind):
    """One of several kinds: the one that takes the value as it is, else the first that takes it at all."""

    def __init__(self, options: list[Kind]) -> None:
        self.options = options
        self.wanted = ' or '.join(dict.fromkeys(option.wanted for option in options))
        self.takes_empty = any(option.takes_empty for option in options)

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        taken = []
        for option in self.options:
            trial = Problems(problems.service, problems.wrap)
            trial.depth = problems.depth
            read = option.read(value, path, trial)
            if not trial.count:
                if read is value or (type(read) is type(value) and read == value):
                    problems.created.extend(trial.created)
                    return read
                taken.append((read, trial.created))
        if not taken:
            return problems.wrong(path, self.wanted, value)
        problems.created.extend(taken[0][1])
        return taken[0][0]

    def dump(self, value: Any) -> Any:
        for option in self.options:
            dumped = option.dump(value)
            if dumped is not value:
                return dumped
        return value

    def schema(self, document: Any) -> dict[str, Any]:
        return {'anyOf': [option.schema(document) for option in self.options]}
