"""Makes of what a service has set on its response what is sent, by its declaration.

Text, bytes and iterators are sent as they are. A dict, a model or any other object is reduced to the declared names; a list is
reduced item by item.
"""

from __future__ import annotations

from typing import Any

from caisson._answers import MODEL_HEADER
from caisson._bunch import Message
from caisson._kinds import AnyKind
from caisson._kinds_nested import DictKind, Field, FieldsKind, ListKind, ModelKind
from caisson._model import Model, ModelRows
from caisson._problems import MISSING, nearest

try:
    import _caisson_model as _native
except ImportError:
    # Under CPython. What is native is faster, and does nothing else.
    _native = None  # type: ignore[assignment]

__all__ = ['NoSuchOutput', 'Output', 'Payload']

_AS_IT_IS = (str, bytes, bytearray, memoryview, int, float, complex)
# What calls in the background come as: nobody takes their answers out of a wrapper.
_BACKGROUND = frozenset(('invoke-async', 'scheduler', 'fanout-call', 'parallel-exec-call'))
_EMPTY: tuple[Any, ...] = (None, '', b'', [], {}, ())


class NoSuchOutput(KeyError):
    """A service sets an element of its output that it has not declared."""

    def __str__(self) -> str:
        return str(self.args[0])


class OutputMissing(Exception):
    """A service has not set an element that its `class SimpleIO` requires in the output."""


class Payload:
    """`self.response.payload` of a service that declares names: set them as attributes or items, or make it a list by
    `payload[:] = rows` and `payload.append(row)`.
    """

    __slots__ = ('_fields', '_values', '_rows')

    def __init__(self, fields: dict[str, Field]) -> None:
        object.__setattr__(self, '_fields', fields)
        object.__setattr__(self, '_values', {})
        object.__setattr__(self, '_rows', None)

    def _check(self, name: Any) -> Field:
        field: Field | None = self._fields.get(name)
        if field is None:
            hint = nearest(str(name), self._fields) or f'; declared are: {", ".join(self._fields)}'
            raise NoSuchOutput(f'No such output element `{name}`{hint}')
        return field

    def __setattr__(self, name: str, value: Any) -> None:
        self._check(name)
        self._values[name] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        try:
            return self[name]
        except NoSuchOutput as error:
            raise AttributeError(str(error)) from None

    def __setitem__(self, name: Any, value: Any) -> None:
        if isinstance(name, (slice, int)):
            self._list()[name] = value
        else:
            setattr(self, name, value)

    def __getitem__(self, name: Any) -> Any:
        if isinstance(name, (slice, int)):
            return self._list()[name]
        field = self._check(name)
        if name not in self._values:
            if isinstance(field.kind, ListKind):
                self._values[name] = []
            elif isinstance(field.kind, (AnyKind, DictKind, FieldsKind)):
                self._values[name] = Message()
            else:
                raise NoSuchOutput(f'The output element `{name}` has not been set')
        return self._values[name]

    def _list(self) -> list[Any]:
        if self._rows is None:
            object.__setattr__(self, '_rows', [])
        rows: list[Any] = self._rows
        return rows

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Any:
        return iter(self._values if self._rows is None else self._rows)

    def __len__(self) -> int:
        return len(self._values if self._rows is None else self._rows)

    def __repr__(self) -> str:
        return f'<Payload {self._values if self._rows is None else self._rows!r}>'

    def append(self, row: Any) -> None:
        """One more row of a list."""
        self._list().append(row)

    def extend(self, rows: Any) -> None:
        """More rows of a list."""
        self._list().extend(rows)

    def update(self, values: Any = (), **more: Any) -> None:
        """Sets several elements."""
        for name, value in dict(values, **more).items():
            self[name] = value

    def get(self, name: str, default: Any = None) -> Any:
        """The element, or the default if it was not set."""
        return self._values.get(name, default)

    def to_dict(self) -> Any:
        """What was set: a dict, or a list of rows."""
        return dict(self._values) if self._rows is None else list(self._rows)


class Output:
    """The output side of a service."""

    def __init__(self, side: Any) -> None:
        self._side = side
        self._settings = side.settings
        self._fields = {field.name: field for field in side.fields or ()}
        # The Model whose objects, or lists of them, the service answers with.
        self.model = _model_of(side.kind)
        self._native = None
        # Whether a row of names may lack some without anybody having to say something about it.
        self._may_lack = not side.is_simple_io and all(field.default is MISSING for field in side.fields or ())
        if _native is not None and not side.settings.skip_empty_output:
            from caisson._native_plan import reader_of
            self._native = reader_of(side, is_output=True)

    def prepare(self, service: Any) -> None:
        """Makes the payload one that knows the declared names."""
        kind = self._side.kind
        if kind is None:
            service.response.payload = Payload(self._fields)
        elif isinstance(kind, ModelKind):
            service.response.payload = kind.shape.make({})
        elif isinstance(kind, ListKind):
            service.response.payload = ModelRows()

    def write(self, service: Any) -> None:
        """Replaces the payload by what is sent."""
        response = service.response
        payload = response.payload
        if payload is None or isinstance(payload, _AS_IT_IS) or hasattr(payload, '__next__') or hasattr(payload, '__anext__'):
            return
        if _is_untouched(payload):
            response.payload = ''
            return
        made = self._model(payload) if self._side.kind is not None else self._names(payload, service)
        if self._settings.response_elem:
            if service.channel.type not in _BACKGROUND:
                made = {self._settings.response_elem: made}
        elif self.model is not None and service.channel.type == 'invoke' and self._is_of_model(payload):
            response.headers[MODEL_HEADER] = '1'
        response.payload = made

    def _is_of_model(self, payload: Any) -> bool:
        """Whether a payload is an object of the declared Model, or a list of these."""
        rows = payload if isinstance(payload, (list, tuple)) else (payload,)
        return all(isinstance(row, self.model) for row in rows)

    def _model(self, payload: Any) -> Any:
        if self._native is not None:
            made = self._native.dump(payload)
            if made is not None:
                return made
        kind = self._side.kind
        if isinstance(payload, (list, tuple)) and not isinstance(kind, ListKind):
            return [kind.dump(item) for item in payload]
        return kind.dump(payload)

    def _names(self, payload: Any, service: Any) -> Any:
        if isinstance(payload, Payload):
            payload = payload.to_dict()
        if isinstance(payload, (list, tuple, set, frozenset)):
            return [self._row(row, service) for row in payload]
        row = self._row(payload, service)
        return [row] if self._settings.output_repeated else row

    def _row(self, row: Any, service: Any) -> Any:
        if row is None or isinstance(row, (*_AS_IT_IS, list, tuple)):
            return row
        if self._native is not None:
            made = self._native.dump(row)
            if made is not None and (self._may_lack or len(made) == len(self._fields)):
                return made
        made = {}
        for name, field in self._fields.items():
            value = _take(row, name)
            if value is MISSING:
                value = self._missing(field, service)
                if value is MISSING:
                    continue
            value = None if value is None else field.kind.dump(value)
            if not self._is_skipped(name, value):
                made[name] = value
        return made

    def _missing(self, field: Field, service: Any) -> Any:
        """What stands for an element that was not set: in the dialect of 3.2 a default, and an error if it is required."""
        if field.default is not MISSING:
            return field.fallback()
        if not self._side.is_simple_io:
            return MISSING
        if not field.optional:
            raise OutputMissing(
                f'{service.get_name()} has not set the output element `{field.name}`; set it, or declare it as optional: `-{field.name}`')
        return self._settings.default_output

    def _is_skipped(self, name: str, value: Any) -> bool:
        skip, force = self._settings.skip_empty_output, self._settings.force_empty_output
        return bool(skip) and (skip is True or name in skip) and not (force is True or name in force) \
            and any(type(value) is type(empty) and value == empty for empty in _EMPTY)


def _model_of(kind: Any) -> Any:
    kind = kind.item if isinstance(kind, ListKind) else kind
    cls = kind.shape.cls if isinstance(kind, ModelKind) else None
    return cls if cls is not None and issubclass(cls, Model) else None


def _is_untouched(payload: Any) -> bool:
    if isinstance(payload, Payload):
        return payload._rows is None and not payload._values
    return (isinstance(payload, ModelRows) and not payload) or \
        (hasattr(type(payload), '__caisson_shape__') and not getattr(payload, '__dict__', True))


def _take(row: Any, name: str) -> Any:
    """An element of a dict or an object; also of a row of a database."""
    if not isinstance(row, dict):
        row = getattr(row, '_mapping', row)
    if isinstance(row, dict) or hasattr(row, 'keys'):
        try:
            return row[name]
        except (KeyError, IndexError):
            return MISSING
    value = getattr(row, name, MISSING)
    return MISSING if callable(value) else value
