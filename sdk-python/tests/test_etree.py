"""`iterparse` of the sandbox gives the pairs and the errors that CPython's does; the reader below it is CPython's here."""

from __future__ import annotations

import io
import sys
import types
import unittest
import xml.etree.ElementTree as ElementTree
from typing import Any

from tests import _stub

_stub.install()

_native = types.ModuleType('_caisson_xml')
_native.parse = lambda text, element: None  # type: ignore[attr-defined]
_native.write = lambda *args: None  # type: ignore[attr-defined]
sys.modules.setdefault('_caisson_xml', _native)

from caisson import _etree  # noqa: E402  (needs the module above)

DOCUMENTS = ['<a/>', '<a><b>1<c/></b><b/></a>', '<a><b></a>', '', '<a/>x', '<a>' * 50 + '</a>' * 50]


def pairs(function: Any, document: str, events: Any) -> Any:
    """What comes out, or the error."""
    try:
        found = function(io.StringIO(document), events)
        return [(event, element.tag) for event, element in found], found.root.tag
    except ElementTree.ParseError as error:
        return str(error)


class TestIterparse(unittest.TestCase):
    def test_gives_what_cpython_gives(self) -> None:
        for document in DOCUMENTS:
            for events in (None, ('start',), ('start', 'end'), ()):
                with self.subTest(document=document, events=events):
                    self.assertEqual(pairs(_etree.iterparse, document, events), pairs(ElementTree.iterparse, document, events))

    def test_an_element_may_be_cleared_when_its_end_is_told(self) -> None:
        found = []
        for _, element in _etree.iterparse(io.StringIO('<a><b><c/></b><b><c/></b></a>')):
            found.append(element.tag)
            element.clear()
        self.assertEqual(found, ['c', 'b', 'c', 'b', 'a'])

    def test_an_unknown_event_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            list(_etree.iterparse(io.StringIO('<a/>'), ('begin',)))


if __name__ == '__main__':
    unittest.main()
