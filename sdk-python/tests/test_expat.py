"""The XML parser of the sandbox, beside CPython's: the same events and the same errors."""

import pyexpat
import unittest
from typing import Any

from tests import _stub

_stub.install()

from caisson import _expat  # noqa: E402

# Not compared: content models are only told as far as their kind, and default handlers get the source in other pieces.
LEFT_OUT = {'DefaultHandler', 'DefaultHandlerExpand', 'NotStandaloneHandler', 'ExternalEntityRefHandler', 'SkippedEntityHandler', 'ElementDeclHandler'}

GOOD = (
    b'<a/>', b'<a>x &amp; y &#65;&#x42; z</a>', b'<a  x="1"  y=\'2\' />', b'<a ></a >', b'\xef\xbb\xbf<a/>', '<a>zażółć</a>'.encode(),
    b'<?xml version="1.0" encoding="utf-8"?>\n<a b="1">t<!-- c --><?pi data?><![CDATA[<x>]]></a>', b'<?xml version="1.0" standalone="yes"?><a/>',
    '<?xml version="1.0" encoding="iso-8859-2"?><a>ż</a>'.encode('iso-8859-2'), '<a>ż</a>'.encode('utf-16'), b'<a>\r\nx\ry</a>',
    b'<a k=" x\ny\tz&#10;"/>', b'<a>&lt;b&gt;</a>\n<!-- after -->\n', b'<o:a xmlns:o="urn:o" o:k="1" xmlns="urn:d"><b/><o:c/></o:a>',
    b'<!DOCTYPE a [<!ENTITY e "v<b>x</b>">]><a>1&e;2</a>', b'<!DOCTYPE a [<!ENTITY e "q">]><a b="x&e;y"/>', b'<!DOCTYPE a SYSTEM "x.dtd"><a/>',
    b'<!DOCTYPE a PUBLIC "p" "s" [<!ATTLIST a k CDATA "d" r (x|y) #REQUIRED><!NOTATION n SYSTEM "n">]><a/>',
    b'<!DOCTYPE a [<!ENTITY e SYSTEM "f"><!ENTITY u SYSTEM "f" NDATA n>]><a/>', b'<a>' + b'x' * 3000 + b'</a>',
)

BAD = (
    b'', b'   ', b'<a', b'<a>', b'<a></b>', b'<a><b></a>', b'<a/><b/>', b'<a/>x', b'<a b="1" b="2"/>', b'<a b=1/>', b'<a x="1"y="2"/>', b'<1a/>',
    b'<a/ >', b'<a>&nope;</a>', b'<a>&#0;</a>', b'<a>&amp</a>', b'<a>]]></a>', b'<a><!-- a -- b --></a>', b'<a><b k="<"/></a>', b'<a b="&e;"/>',
    b'<p:a/>', b'<a p:b="1"/>', b'<a>\x01</a>', b' <?xml version="1.0"?><a/>', b'<a><?xml version="1.0"?></a>', b'<a>a\n\nb<c>\n</d></a>',
    b'<!DOCTYPE a [<!ENTITY x "&y;"><!ENTITY y "&x;">]><a>&x;</a>',
)


def trace(module: Any, document: bytes, separator: str | None, step: int) -> list[Any]:
    """What handlers are told, text joined, and how it ends: an error's code and line."""
    events: list[Any] = []
    parser = module.ParserCreate(None, separator)
    for name in _expat.HANDLERS:
        if name not in LEFT_OUT:
            setattr(parser, name, lambda *arguments, name=name: events.append((name, *arguments)))
    try:
        for start in range(0, len(document), step):
            parser.Parse(document[start:start + step], False)
        parser.Parse(b'', True)
    except module.ExpatError as error:
        events.append(('error', error.code, error.lineno))
    joined: list[Any] = []
    for event in events:
        if event[0] == 'CharacterDataHandler' and joined and joined[-1][0] == event[0]:
            joined[-1] = (event[0], joined[-1][1] + event[1])
        else:
            joined.append(event)
    return joined


class Expat(unittest.TestCase):
    """Documents, whole and in pieces, with and without namespaces."""

    def compare(self, documents: tuple[bytes, ...]) -> None:
        """Both parsers say the same about each document."""
        for document in documents:
            for separator in (None, ' '):
                for step in (len(document) or 1, 5, 1):
                    with self.subTest(document=document, separator=separator, step=step):
                        self.assertEqual(trace(_expat, document, separator, step), trace(pyexpat, document, separator, step))

    def test_good_documents_are_told_as_expat_tells_them(self) -> None:
        """Names keep their prefixes unless namespaces are asked for; text, references and declarations are expat's."""
        self.compare(GOOD)

    def test_bad_documents_are_refused_with_expats_codes(self) -> None:
        """Code and line; the interpreter's own parser takes most of these for good."""
        self.compare(BAD)

    def test_no_document_fills_the_memory_by_its_entities(self) -> None:
        """Ten entities that each repeat the one before ten times stop at the bound."""
        declarations = ''.join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(10))
        with self.assertRaises(_expat.ExpatError) as raised:
            _expat.ParserCreate().Parse(f'<!DOCTYPE a [{declarations}]><a>&e9;</a>', True)
        self.assertEqual(raised.exception.code, 43)

    def test_external_entities_are_never_fetched(self) -> None:
        """They are told to the handler, and otherwise leave nothing."""
        text: list[str] = []
        parser = _expat.ParserCreate()
        parser.CharacterDataHandler = text.append
        parser.Parse('<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>1&f;2</a>', True)
        self.assertEqual(text, ['1', '2'])

    def test_what_a_handler_raises_arrives(self) -> None:
        """And ends the parsing."""
        parser = _expat.ParserCreate()

        def refuse(*arguments: Any) -> None:
            raise KeyError('mine')

        parser.StartElementHandler = refuse
        with self.assertRaises(KeyError):
            parser.Parse('<a/>', True)

    def test_pieces_of_text_are_joined_when_asked_for(self) -> None:
        """With `buffer_text` there is one call for text between two tags."""
        text: list[str] = []
        parser = _expat.ParserCreate()
        parser.buffer_text = True
        parser.CharacterDataHandler = text.append
        parser.Parse('<a>1&amp;2\n3</a>', True)
        self.assertEqual(text, ['1&2\n3'])

    def test_wrong_arguments_are_refused(self) -> None:
        """As expat refuses them."""
        with self.assertRaises(ValueError):
            _expat.ParserCreate(namespace_separator='too long')
        with self.assertRaises(TypeError):
            _expat.ParserCreate(encoding=1)  # type: ignore[arg-type]


if __name__ == '__main__':
    unittest.main()
