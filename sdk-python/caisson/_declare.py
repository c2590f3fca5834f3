"""What a service declares about its input and output: `declaration_of(cls)`.

The rules are in `docs/declarations.md`; the parts are `_simple_io` (reading the class), `_elements` (names and wrappers), `_kinds` (what
values may be), `_model` and `_shape` (models), `_input`, `_output` and `_schema`.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ['Declaration', 'declaration_of', 'schemas_of']

_ATTRIBUTE = '_caisson_declaration'


class Declaration:
    """The declared input and output of a service, compiled."""

    def __init__(self, cls: type) -> None:
        from caisson._input import Input
        from caisson._output import Output
        from caisson._simple_io import sides_of

        self._input_side, self._output_side = sides_of(cls)
        self._input = Input(self._input_side) if self._input_side is not None else None
        self._output = Output(self._output_side) if self._output_side is not None else None
        # Made now: whatever is wrong with a model that one of them names is an error of this class, before it is deployed.
        self._schemas = _documents(self._input_side, self._output_side)

    @property
    def has_input(self) -> bool:
        """Whether an input is declared."""
        return self._input is not None

    @property
    def has_output(self) -> bool:
        """Whether an output is declared."""
        return self._output is not None

    @property
    def output_model(self) -> Any:
        """The Model that is declared as the output, by itself or as a list of it; None for any other output."""
        return self._output.model if self._output is not None else None

    def read_input(self, service: Any) -> None:
        """Checks the message and sets `service.request.input`: a ServiceInput for names, else an object of the model.

        ModelValidationError (400) with all that is wrong.
        """
        if self._input is not None:
            self._input.read(service)

    def prepare_output(self, service: Any) -> None:
        """Makes `service.response.payload` one that knows the declared names. To be called before `handle`."""
        if self._output is not None:
            self._output.prepare(service)

    def write_output(self, service: Any) -> None:
        """Makes `service.response.payload` what is to be sent."""
        if self._output is not None:
            self._output.write(service)

    def input_schema(self) -> dict[str, Any] | None:
        """JSON Schema (2020-12) of the input, None without one."""
        return self._schemas[0]

    def output_schema(self) -> dict[str, Any] | None:
        """JSON Schema (2020-12) of the output, None without one."""
        return self._schemas[1]


def _documents(input_side: Any, output_side: Any) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    from caisson._schema import input_document, output_document

    return (
        input_document(input_side) if input_side is not None else None,
        output_document(output_side) if output_side is not None else None,
    )


def declaration_of(cls: type) -> Declaration | None:
    """What a class declares, None if it declares nothing. Made once; a DeclarationError if it cannot be meant."""
    made: Declaration | None = cls.__dict__.get(_ATTRIBUTE)
    if made is not None or _ATTRIBUTE in cls.__dict__:
        return made
    if any(getattr(cls, name, None) is not None for name in ('input', 'output', 'SimpleIO', 'IO')):
        made = Declaration(cls)
        if not made.has_input and not made.has_output:
            made = None
    setattr(cls, _ATTRIBUTE, made)
    return made


def schemas_of(cls: type) -> tuple[str | None, str | None]:
    """JSON texts of the schemas of input and output."""
    declaration = declaration_of(cls)
    if declaration is None:
        return None, None
    documents = declaration.input_schema(), declaration.output_schema()
    return tuple(None if one is None else json.dumps(one) for one in documents)  # type: ignore[return-value]
