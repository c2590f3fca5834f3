"""JSON Schema: what each keyword finds."""

import unittest

from tests import _stub

_stub.install()

from caisson._json_schema import Schema  # noqa: E402
from caisson._program import NotDeployable  # noqa: E402

REFERENCES = {
    '$defs': {'node': {'type': 'object', 'properties': {'next': {'$ref': '#/$defs/node'}, 'n': {'type': 'integer'}}}},
    '$ref': '#/$defs/node',
}

CASES = (
    # schema, what fits, what does not, the paths of what is wrong with the latter
    ({'type': 'integer'}, [1, 2.0, -3], [True, '1', 1.5, None], ['']),
    ({'type': ['string', 'null']}, ['a', None], [1, []], ['']),
    ({'enum': [1, 'a', None]}, [1, 'a', None], [True, 'b'], ['']),
    ({'const': {'a': [1]}}, [{'a': [1]}], [{'a': [True]}, {}], ['']),
    ({'minimum': 1, 'exclusiveMaximum': 3}, [1, 2.9, 'x', True], [3, 0.5], ['']),
    ({'minimum': 1, 'exclusiveMinimum': True}, [1.1], [1], ['']),
    ({'multipleOf': 0.1}, [0.3, 7], [0.35], ['']),
    ({'minLength': 2, 'maxLength': 3, 'pattern': '^a'}, ['ab', 'abc', 5], ['a', 'abcd'], ['']),
    ({'required': ['a', 'b']}, [{'a': 1, 'b': None}, 5], [{'a': 1}], ['/b']),
    ({'properties': {'a': {'type': 'string'}}, 'additionalProperties': False}, [{'a': 'x'}, {}], [{'b': 1}], ['/b']),
    (
        {'patternProperties': {'^x': {'type': 'integer'}}, 'additionalProperties': {'type': 'string'}},
        [{'x1': 1, 'y': 'a'}],
        [{'x1': 'a'}],
        ['/x1'],
    ),
    ({'items': {'type': 'integer'}, 'minItems': 1, 'uniqueItems': True}, [[1, 2]], [[1, 'a']], ['[1]']),
    ({'uniqueItems': True}, [[1, '1', True], [{'a': 1}, {'a': 2}]], [[1, 1.0], [{'a': 1, 'b': 2}, {'b': 2, 'a': 1}]], ['[1]']),
    ({'prefixItems': [{'type': 'string'}], 'items': {'type': 'integer'}}, [['a', 1], []], [['a', 'b']], ['[1]']),
    ({'items': [{'type': 'string'}], 'additionalItems': False}, [['a'], []], [['a', 1]], ['[1]']),
    ({'contains': {'const': 5}, 'maxContains': 1}, [[1, 5]], [[1], [5, 5]], ['']),
    ({'anyOf': [{'type': 'string'}, {'minimum': 5}]}, ['a', 7], [3], ['']),
    ({'oneOf': [{'minimum': 1}, {'minimum': 5}]}, [3], [7, 0], ['']),
    ({'allOf': [{'minimum': 1}, {'maximum': 5}]}, [3], [7], ['']),
    ({'not': {'type': 'string'}}, [1], ['a'], ['']),
    (
        {'if': {'required': ['a']}, 'then': {'required': ['b']}, 'else': {'required': ['c']}},
        [{'a': 1, 'b': 1}, {'c': 1}],
        [{'a': 1}],
        ['/b'],
    ),
    ({'dependentRequired': {'a': ['b']}}, [{'b': 1}, {}], [{'a': 1}], ['/b']),
    ({'propertyNames': {'maxLength': 2}}, [{'ab': 1}], [{'abc': 1}], ['/abc']),
    ({'minProperties': 1, 'maxProperties': 2}, [{'a': 1}], [{}, {'a': 1, 'b': 2, 'c': 3}], ['']),
    ({'format': 'date'}, ['2024-02-29', 5], ['2023-02-29', 'today'], ['']),
    (
        {'format': 'date-time'},
        ['2024-01-01T10:00:00Z', '2024-01-01t10:00:00.5+02:00'],
        ['2024-01-01 10:00', '2024-01-01T25:00:00Z'],
        [''],
    ),
    ({'format': 'uuid'}, ['00000000-0000-0000-0000-000000000001'], ['1'], ['']),
    ({'format': 'email'}, ['a@b.example'], ['a@', 'a b@c.d'], ['']),
    ({'format': 'ipv4'}, ['10.0.0.1'], ['10.0.0.256', '::1'], ['']),
    ({'format': 'whatever'}, ['x'], [], []),
    (REFERENCES, [{'next': {'next': {'n': 1}}}], [{'next': {'next': {'n': 'x'}}}], ['/next/next/n']),
    (True, [1, None], [], []),
    (False, [], [1], ['']),
)

WRONG = (
    ({'typ': 'object'}, 'unknown keyword `typ`; did you mean `type`'),
    ({'type': 'int'}, "unknown type 'int'; did you mean `integer`"),
    ({'properties': {'a': {'required': True}}}, r'#/properties/a/required: `required` is a list'),
    ({'pattern': '('}, 'no regular expression'),
    ({'$ref': 'http://x/y'}, 'leads out of the document'),
    ({'$ref': '#/$defs/a'}, 'there is no #/'),
    ({'minimum': '1'}, 'a number is wanted'),
    ({'anyOf': []}, 'a list of schemas'),
    ({'items': 5}, 'a schema is an object'),
)


class Keywords(unittest.TestCase):
    """All of them."""

    def test_each_keyword(self) -> None:
        """What fits, and what does not with its path."""
        for schema, fits, does_not, paths in CASES:
            compiled = Schema(schema)
            for value in fits:
                self.assertEqual(compiled.problems(value), [], (schema, value))
            for value in does_not:
                self.assertEqual([path for path, _ in compiled.problems(value)], paths, (schema, value))

    def test_a_schema_that_cannot_be_meant(self) -> None:
        """Is refused when it is compiled."""
        for schema, says in WRONG:
            with self.assertRaisesRegex(NotDeployable, says):
                Schema(schema)

    def test_circles_end(self) -> None:
        """Nesting has a bound."""
        value: dict = {}
        for _ in range(1_000):
            value = {'next': value}
        self.assertIn('nested', Schema(REFERENCES).problems(value)[0][1])


if __name__ == '__main__':
    unittest.main()
