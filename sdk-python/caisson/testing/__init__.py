"""Tests of services without a server: under CPython with pytest or unittest, and inside the sandbox with `caisson test DIR`.

    from caisson.testing import App
    from crm.api import GetCustomer

    def test_a_customer_is_found() -> None:
        app = App()
        app.http['crm'].answers('GET', '/customers/7', json={'name': 'Ann'})
        response = app.run(GetCustomer, {'id': 7})
        assert response.status_code == 200
        assert response.json() == {'name': 'Ann'}
        app.http['crm'].assert_called_once_with('GET', '/customers/7')

What a service asks for and the test has recorded nothing for is an `UnexpectedCall`, whose message shows what to record.
"""

from __future__ import annotations

from typing import Any

from caisson._service import Service
from caisson.testing._amqp import AMQPConnection, AMQPMessage
from caisson.testing._app import App, Connections
from caisson.testing._cache import CacheFake
from caisson.testing._case import ServiceTestCase
from caisson.testing._expect import UnexpectedCall
from caisson.testing._facts import Options
from caisson.testing._http import HTTPCall, HTTPConnection
from caisson.testing._locks import LockFakes
from caisson.testing._logs import LogRecord, Logs
from caisson.testing._redis import RedisCall, RedisConnection
from caisson.testing._response import Response, Settlement
from caisson.testing._services import BackgroundCall, FakeService, ServiceCall
from caisson.testing._sql import SQLCall, SQLConnection, SQLTransaction
from caisson.testing._time import Clock

__all__ = [
    'AMQPConnection', 'AMQPMessage', 'App', 'BackgroundCall', 'CacheFake', 'Clock', 'Connections', 'FakeService', 'HTTPCall', 'HTTPConnection', 'LockFakes',
    'LogRecord', 'Logs', 'Options', 'RedisCall', 'RedisConnection', 'Response', 'SQLCall', 'SQLConnection', 'SQLTransaction', 'ServiceCall',
    'ServiceTestCase', 'Settlement', 'UnexpectedCall', 'run',
]


def run(service: type[Service], payload: Any = None, **options: Any) -> Response:
    """Runs a service that needs nothing around it: `run(Hello, {'name': 'Ann'}).json()`. As `App().run(...)`."""
    return App().run(service, payload, **options)
