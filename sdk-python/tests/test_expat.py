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

SKIPPED = (
    b'<!DOCTYPE a SYSTEM "x"><a>1&x;2</a>', b'<!DOCTYPE a [<!ENTITY % p SYSTEM "u">%p;]><a>&x;</a>', b'<!DOCTYPE a [<!ENTITY e "v">]><a>&e;1</a>',
    b'<?xml version="1.0" standalone="yes"?><!DOCTYPE a SYSTEM "x"><a>&x;</a>', b'<!DOCTYPE a SYSTEM "x" [<!ENTITY e "1&x;2">]><a>&e;</a>',
    b'<!DOCTYPE a [<!ENTITY f SYSTEM "f">]><a>1&f;2</a>', b'<!DOCTYPE a [<!ENTITY u SYSTEM "f" NDATA n>]><a>&u;</a>',
    b'<!DOCTYPE a SYSTEM "x" [<!ENTITY u SYSTEM "f" NDATA n>]><a b="&u;"/>', b'<!DOCTYPE a [<!ENTITY e "<b>&n;</b>">]><a>\n1 &amp; 2 &e;</a>',
)
"""Entities that are not expanded, and what becomes of them with which handlers."""


def skips(module: Any, document: bytes, names: tuple[str, ...]) -> list[Any]:
    """What these handlers are told of content, and with which error, line and column it ends."""
    told: list[Any] = []
    parser = module.ParserCreate()
    parser.buffer_text = True
    for name in (*names, 'CharacterDataHandler'):
        setattr(parser, name, lambda *arguments, name=name: told.append((name, *arguments)) or 1)
    try:
        parser.Parse(document, True)
    except module.ExpatError as error:
        told.append((error.code, error.lineno, error.offset if error.code == 11 else None))
    return [one for one in told if not str(one[0]).startswith('Default') or one[1].startswith('&')]


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

    def test_entities_that_are_not_expanded_are_told_as_expat_tells_them(self) -> None:
        """To the handler of skipped ones, else to the default handler as they stand there; or they are an error, at its place."""
        for document in SKIPPED:
            for names in ((), ('SkippedEntityHandler',), ('DefaultHandler',), ('DefaultHandlerExpand',), ('ExternalEntityRefHandler',),
                          ('SkippedEntityHandler', 'DefaultHandler')):
                with self.subTest(document=document, names=names):
                    self.assertEqual(skips(_expat, document, names), skips(pyexpat, document, names))

    def test_an_unknown_entity_in_an_attribute_is_an_error(self) -> None:
        """Expat leaves it out when the document names an external definition, and tells nobody."""
        with self.assertRaises(_expat.ExpatError) as raised:
            _expat.ParserCreate().Parse('<!DOCTYPE a SYSTEM "x"><a b="1&x;2"/>', True)
        self.assertEqual(raised.exception.code, 11)

    def test_a_handler_that_does_not_take_an_external_entity_ends_the_parsing(self) -> None:
        """By answering 0, as expat has it."""
        for module in (_expat, pyexpat):
            parser = module.ParserCreate()
            parser.ExternalEntityRefHandler = lambda *arguments: 0
            with self.assertRaises(module.ExpatError) as raised:
                parser.Parse('<!DOCTYPE a [<!ENTITY f SYSTEM "f">]><a>1&f;2</a>', True)
            self.assertEqual(raised.exception.code, 21)

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
