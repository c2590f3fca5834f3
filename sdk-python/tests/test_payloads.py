"""Input and output of services."""

import contextlib
import datetime
import io
import unittest
import uuid

from tests import _stub

_stub.install()

# The package takes over the standard streams when it is imported; the test runner wants them back.
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    from caisson import _runtime as runtime
    from caisson._bunch import Message


class Payloads(unittest.TestCase):
    """What becomes of payloads."""

    def test_serialise(self) -> None:
        """Text and bytes stay, empty things are empty, the rest is JSON."""
        for payload, expected in (
            ('a', (b'a', False)), (b'a', (b'a', False)), ([], (b'', False)), (0, (b'', False)), (Message(), (b'', False)),
            (['a'], (b'["a"]', True)), (5, (b'5', True)), ((1, 2), (b'[1, 2]', True)),
        ):
            self.assertEqual(runtime.serialise(payload), expected)

    def test_json_of_common_types(self) -> None:
        """Dates and UUIDs are text."""
        self.assertEqual(runtime.dumps({'d': datetime.date(2024, 1, 2), 'u': uuid.UUID(int=1)}),
                         '{"d": "2024-01-02", "u": "00000000-0000-0000-0000-000000000001"}')
        with self.assertRaisesRegex(TypeError, 'builtins.object'):
            runtime.dumps({'o': object()})

    def test_input(self) -> None:
        """The body wins over the query, the query over the path."""
        made = runtime.make_input({'a': 1}, runtime.make_bunch([('a', '2'), ('b', '2')]), runtime.parse_query('b=3&c=4&c=5'))
        self.assertEqual(made, {'a': 1, 'b': '3', 'c': ['4', '5']})
        self.assertEqual(made.b, '3')
        with self.assertRaisesRegex(AttributeError, 'No such key'):
            made.missing

    def test_free_form_payload(self) -> None:
        """Attributes come into being when they are used."""
        message = Message()
        message.customer.name = 'Ann'
        self.assertEqual(message, {'customer': {'name': 'Ann'}})


if __name__ == '__main__':
    unittest.main()
