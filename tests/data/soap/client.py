"""Calls a SOAP channel with zeep, which knows it from its WSDL alone.

Standard input is one JSON object: `wsdl`, `version`, `operation`, and with `user`, `password`, `digest` who calls. Of an operation
that has types, `arguments` are what it is called with, which zeep checks; of one that takes anything, `fields` are its elements. What
came back is printed as JSON: `answer`, `fault`, or `refused` if zeep did not send it.
"""

import json
import sys

from lxml import etree
from zeep import Client
from zeep.exceptions import Fault, ValidationError
from zeep.helpers import serialize_object
from zeep.wsse.username import UsernameToken


def element(namespace, name, text):
    """An element with a text."""
    made = etree.Element(etree.QName(namespace, name))
    made.text = text
    return made


def bind(client, version):
    """The port for this version of SOAP."""
    for service in client.wsdl.services.values():
        for name, port in service.ports.items():
            if type(port.binding).__name__ == {'1.1': 'Soap11Binding', '1.2': 'Soap12Binding'}[version]:
                return client.bind(service.name, name), port.binding
    raise SystemExit(f'the WSDL has no port for SOAP {version}')


def main():
    """Makes the call."""
    asked = json.load(sys.stdin)
    wsse = UsernameToken(asked['user'], asked['password'], use_digest=asked['digest']) if 'user' in asked else None
    client = Client(asked['wsdl'], wsse=wsse)
    service, binding = bind(client, asked['version'])
    namespace = binding.name.namespace
    arguments = asked.get('arguments')
    if arguments is None:
        arguments = {'_value_1': [element(namespace, name, text) for name, text in asked['fields'].items()]}
    try:
        answer = getattr(service, asked['operation'])(**arguments)
    except Fault as fault:
        print(json.dumps({'fault': fault.message, 'code': fault.code}))
        return
    except ValidationError as error:
        print(json.dumps({'refused': error.message}))
        return
    if 'arguments' in asked:
        print(json.dumps({'answer': serialize_object(answer, dict)}, default=str))
    else:
        print(json.dumps({'answer': {etree.QName(one).localname: one.text for one in answer or ()}}))


main()
