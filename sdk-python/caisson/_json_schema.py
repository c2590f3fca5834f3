"""JSON Schema for `schema` of a service: compiled when the package is loaded, so that a wrong schema is an error of the
deployment.

The keywords of draft 2020-12 that say something about values, and those of draft 7 in their place (`definitions`, `items` as
a list, `dependencies`), are known; `$ref` within the document only. `format` is checked for `date`, `date-time`, `time`,
`email`, `uuid`, `ipv4` and `ipv6`; other formats are notes, as the standard has them.
"""

from __future__ import annotations

import json
from typing import Any, Callable

from caisson._errors import ModelValidationError
from caisson._json_schema_base import ANNOTATIONS, Compiler, Found
from caisson._json_schema_rules import RULES
from caisson._program import NotDeployable, read

__all__ = ['Schema', 'compile_schema', 'payload_check']

_MOST = 50


class Schema(Compiler):
    """A compiled schema: `problems(value)` lists what is wrong as (path, sentence)."""

    def __init__(self, document: Any, name: str = 'schema') -> None:
        super().__init__(document, name, RULES)
        self._check = self.compile(document, '#')

    def problems(self, value: Any) -> list[tuple[str, str]]:
        """All that is wrong with a value, outer things first."""
        found: Found = []
        self._check(value, '', found)
        return found


def compile_schema(schema: Any, cls: type) -> Schema:
    """The schema of a class: a dict, or the path of a JSON file in the package (or beside the class's module)."""
    where = f'{cls.__module__}.{cls.__name__}.schema'
    if isinstance(schema, (str, bytes)) or hasattr(schema, '__fspath__'):
        path = str(schema)
        beside = f'{cls.__module__.replace(".", "/")}.py'
        try:
            schema = json.loads(read(path, beside))
        except FileNotFoundError as error:
            raise NotDeployable(f'{where}: {error.strerror}: {path}') from None
        except ValueError as error:
            raise NotDeployable(f'{where}: {path} is not JSON: {error}', path, getattr(error, 'lineno', None)) from None
        where = path
    if not isinstance(schema, (dict, bool)):
        raise NotDeployable(
            f'{where}: a JSON Schema is a dict or the path of a JSON file in the package, not {type(schema).__name__}'
        )
    return Schema(schema, where)


def payload_check(schema: Schema) -> Callable[[Any], None]:
    """The step that checks the payload of a service; ModelValidationError (400) with every path at once."""

    def check(service: Any) -> None:
        payload = service.request.payload
        if isinstance(payload, (bytes, bytearray)):
            try:
                payload = json.loads(payload)
            except (ValueError, RecursionError):
                raise ModelValidationError(service.cid, 'The body is not valid JSON', elem_path='/') from None
        elif isinstance(payload, str) and not payload:
            raise ModelValidationError(service.cid, 'The body is empty; JSON is wanted', elem_path='/')
        found = schema.problems(payload)
        if found:
            raise _error(service.cid, found)

    return check


def _error(cid: str, found: list[tuple[str, str]]) -> ModelValidationError:
    texts = [f'{path or "/"}: {text}' for path, text in found[:_MOST]]
    if len(found) > _MOST:
        texts.append(f'and {len(found) - _MOST} more')
    error = ModelValidationError(cid, '; '.join(texts), elem_path=found[0][0] or '/')
    error.problems = [{'path': path or '/', 'kind': 'wrong', 'wanted': text, 'got': ''} for path, text in found]
    return error


# Named here for those who look for what is known.
KEYWORDS = tuple(sorted((*RULES, *ANNOTATIONS)))
"""All keywords that a schema may have."""
