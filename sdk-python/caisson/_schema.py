"""JSON Schema (2020-12) of declarations."""

from __future__ import annotations

import json
from typing import Any

from caisson._kinds import AnyKind, OpaqueKind, StrKind
from caisson._kinds_nested import Field, ListKind, ModelKind
from caisson._problems import MISSING, is_secret

__all__ = ['input_document', 'output_document']

_DIALECT = 'https://json-schema.org/draft/2020-12/schema'


class Document:
    """One schema while it is made. Models are in `$defs`, under their names."""

    def __init__(self, is_output: bool) -> None:
        self._is_output = is_output
        self._defs: dict[str, dict[str, Any]] = {}
        self._names: dict[type, str] = {}

    def whole(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The document with this schema at its root."""
        document = {'$schema': _DIALECT, **schema}
        if self._defs:
            document['$defs'] = dict(sorted(self._defs.items()))
        return document

    def model(self, shape: Any) -> dict[str, Any]:
        """A reference to a model."""
        name = self._names.get(shape.cls)
        if name is None:
            name = shape.cls.__name__
            if name in self._defs:
                name = f'{shape.cls.__module__}.{shape.cls.__qualname__}'.replace('<locals>', '').replace('..', '.')
            self._names[shape.cls] = name
            # Taken before its elements are described: they may refer back.
            self._defs[name] = {}
            self._defs[name].update(self.body(shape))
        return {'$ref': f'#/$defs/{name}'}

    def body(self, shape: Any) -> dict[str, Any]:
        """What a model is."""
        schema: dict[str, Any] = {'title': shape.cls.__name__}
        doc = shape.cls.__dict__.get('__doc__')
        # A dataclass without a docstring is given its signature for one.
        if isinstance(doc, str) and doc.strip() and not doc.startswith(f'{shape.cls.__name__}('):
            schema['description'] = ' '.join(doc.split('\n\n')[0].split())
        return {**schema, **self.fields(shape.fields)}

    def fields(self, fields: list[Field]) -> dict[str, Any]:
        """An object with these elements."""
        schema: dict[str, Any] = {'type': 'object', 'properties': {field.name: self._property(field) for field in fields}}
        required = [field.name for field in fields if (not field.optional if self._is_output else field.is_required)]
        if required:
            schema['required'] = required
        return schema

    def _property(self, field: Field) -> dict[str, Any]:
        schema = dict(field.kind.schema(self))
        if is_secret(field.name) and isinstance(field.kind, (AnyKind, StrKind)):
            schema.update({'type': 'string', 'format': 'password'})
        if field.optional and not isinstance(field.kind, AnyKind):
            schema = self.or_null(schema)
        if field.description:
            schema['description'] = field.description
        if not self._is_output:
            _add_default(schema, field)
        return schema

    def or_null(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The same or null."""
        if not schema:
            return schema
        kind = schema.get('type')
        if kind is None or 'enum' in schema:
            return {'anyOf': [schema, {'type': 'null'}]}
        return {**schema, 'type': [*(kind if isinstance(kind, list) else [kind]), 'null']}


def _add_default(schema: dict[str, Any], field: Field) -> None:
    """The default, if it is one that JSON has."""
    from caisson._runtime import json_default

    if field.factory is None and field.default is MISSING:
        return
    try:
        schema['default'] = json.loads(json.dumps(field.kind.dump(field.fallback()), default=json_default, allow_nan=False))
    except Exception:
        # A factory may need what is there only while a request runs. Then there is nothing to tell.
        return


def input_document(side: Any) -> dict[str, Any]:
    """The schema of an input."""
    document = Document(False)
    schema = _root(side, document)
    if side.settings.request_elem:
        schema = {'type': 'object', 'properties': {side.settings.request_elem: schema}, 'required': [side.settings.request_elem]}
    return document.whole(schema)


def output_document(side: Any) -> dict[str, Any]:
    """The schema of an output."""
    document = Document(True)
    schema = _root(side, document)
    if side.settings.output_repeated:
        schema = {'type': 'array', 'items': schema}
    if side.settings.response_elem:
        schema = {'type': 'object', 'properties': {side.settings.response_elem: schema}, 'required': [side.settings.response_elem]}
    return document.whole(schema)


def _root(side: Any, document: Document) -> dict[str, Any]:
    if side.fields is not None:
        return document.fields(side.fields)
    if isinstance(side.kind, ModelKind):
        return document.body(side.kind.shape)
    if isinstance(side.kind, ListKind):
        return side.kind.schema(document)
    return {} if isinstance(side.kind, OpaqueKind) else side.kind.schema(document)
