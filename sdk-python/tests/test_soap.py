"""What services see of SOAP messages."""

import contextlib
import io
import unittest

from tests import _stub

_stub.install()

with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    from caisson import SOAPMessage
    from caisson import _runtime as runtime
    from zato.common import SOAPMessage as SameMessage


class Soap(unittest.TestCase):
    """Messages and their facts."""

    def test_values_are_found_by_dots_and_by_items(self) -> None:
        """At any depth, in lists too."""
        message = runtime.make_soap_message({'a': {'b': [{'c': '1', '@d': '2'}, 'x']}, 'n': None})
        self.assertEqual(message.a.b[0].c, '1')
        self.assertEqual(message['a']['b'][0]['@d'], '2')
        self.assertIsNone(message.n)
        self.assertIsInstance(message.a.b[0], SOAPMessage)
        self.assertIs(SOAPMessage, SameMessage)
        with self.assertRaisesRegex(AttributeError, 'No such key `z`'):
            message.a.z

    def test_what_is_no_message_stays_as_it_is(self) -> None:
        """An empty operation, or a body that could not be read."""
        for value in ('', b'x', [], {}):
            self.assertEqual(runtime.make_soap_message(value), value)

    def test_facts(self) -> None:
        """Header blocks by name; those that repeat are a list."""
        headers = [('Trace', 'urn:t', '"7"'), ('Hop', None, '{"@n": "1"}'), ('Hop', None, '"b"'), ('Hop', None, 'null')]
        soap = runtime.make_soap('1.2', None, 'Get', 'urn:o', headers)
        self.assertEqual((soap.soap_version, soap.soap_action, soap.operation, soap.namespace), ('1.2', None, 'Get', 'urn:o'))
        self.assertEqual(soap.headers.Trace, '7')
        self.assertEqual(soap.headers.Hop[0]['@n'], '1')
        self.assertEqual(soap.headers.Hop[1:], ['b', None])
        self.assertEqual(repr(soap), '<Soap 1.2 {urn:o}Get>')


if __name__ == '__main__':
    unittest.main()
