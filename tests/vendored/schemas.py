"""jsonschema with pyrsistent: drafts, references, formats, all errors with their paths."""
import jsonschema
from caisson import Service

SCHEMA = {
    '$schema': 'https://json-schema.org/draft/2020-12/schema', '$defs': {'sku': {'type': 'string', 'pattern': '^[A-Z]{2,}$'}},
    'type': 'object', 'required': ['id'], 'additionalProperties': False,
    'properties': {'id': {'type': 'integer', 'minimum': 1}, 'items': {'type': 'array', 'items': {'$ref': '#/$defs/sku'}, 'uniqueItems': True},
                   'when': {'type': 'string', 'format': 'date'}},
}


class Work(Service):
    def handle(self):
        validator = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
        bad = {'id': 0, 'items': ['AB', 'x', 'AB'], 'when': '2026-13-01', 'more': 1}
        jsonschema.validate({'id': 1, 'items': ['AB', 'CD'], 'when': '2026-02-03'}, SCHEMA)
        errors = sorted([error.json_path, error.validator] for error in validator.iter_errors(bad))
        self.response.payload = {'errors': errors, 'missing': [error.message for error in validator.iter_errors({})],
                                 'draft7': jsonschema.Draft7Validator({'const': 1}).is_valid(2)}
