"""A service that is CPython itself, made by componentize-py against the contract in `wit/`.

It is no guest of the Python SDK: it imports the contract as it is. What it is asked comes as JSON: `echo` answers it, `fail` raises an
error, `call` calls services at the same time, `where` tells the interpreter.
"""

import asyncio
import json
import platform

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import invoker, log
from wit_world.imports.caisson_capability_types import ErrorKind
from wit_world.imports.caisson_service_types import Error, Request, Response


def answer(value):
    """An answer with status 200."""
    headers = [('content-type', 'application/json')]
    return Response(200, headers, json.dumps(value).encode(), None)


async def call(service):
    """What another service answers, as text."""
    response = await invoker.invoke(service, Request(None, None, None, None, b''))
    return response.body.decode()


class Handler(exports.Handler):
    """Exports `caisson:service/handler`."""

    async def handle(self, context, request):
        """Answers one message."""
        asked = json.loads(request.body)
        log.write(log.Level.INFO, 'cpython', f'{context.service} was asked for {asked["do"]}')
        match asked['do']:
            case 'echo':
                return answer(asked['value'])
            case 'where':
                return answer([platform.python_implementation(), context.cid])
            case 'fail':
                raise Err(Error(ErrorKind.CONFLICT, None, 'it is there already', 'for the log', False, []))
            case 'call':
                return answer(await asyncio.gather(*[call(service) for service in asked['services']]))
