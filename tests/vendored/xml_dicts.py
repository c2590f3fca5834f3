"""xmltodict: attributes, namespaces, lists, streaming, and back."""
import xmltodict
from caisson import Service

XML = '<?xml version="1.0"?><o:order xmlns:o="urn:o" id="7"><o:item n="1">a &amp; b</o:item><o:item n="2"/><o:note><![CDATA[<x>]]></o:note></o:order>'


class Work(Service):
    def handle(self):
        seen = []
        xmltodict.parse('<l><i>1</i><i>2</i></l>', item_depth=2, item_callback=lambda path, item: seen.append(item) or True)
        try:
            xmltodict.parse('<a><b></a>')
            wrong = 'parsed'
        except Exception as error:
            wrong = type(error).__name__
        self.response.payload = {
            'plain': xmltodict.parse(XML), 'namespaces': xmltodict.parse(XML, process_namespaces=True, namespaces={'urn:o': None})['order']['note'],
            'force': xmltodict.parse('<a><b>1</b></a>', force_list=('b',)), 'streamed': seen, 'wrong': wrong,
            'back': xmltodict.unparse({'order': {'@id': '7', 'item': ['a & b', None], '#text': 't'}}),
        }
