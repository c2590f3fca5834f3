"""For those who write tests as classes."""

from __future__ import annotations

import unittest
from typing import Any, ClassVar

from caisson._service import Service
from caisson.testing._app import App
from caisson.testing._response import Response

__all__ = ['ServiceTestCase']


class ServiceTestCase(unittest.TestCase):
    """A test case with an app of its own for each test.

        class Orders(ServiceTestCase):
            services = [Price]

            def test_total(self):
                self.assertEqual(self.run_service(Total, {'id': 7}).json(), {'total': 12})
    """

    services: ClassVar[list[type[Service]]] = []
    """Services that really run when they are invoked."""

    app: App
    """Made anew for each test."""

    def setUp(self) -> None:
        """Makes the app. A class that has its own `setUp` calls this one first."""
        super().setUp()
        self.app = App(*self.services)

    def run_service(self, service: type[Service] | str, payload: Any = None, **options: Any) -> Response:
        """As `App.run`."""
        return self.app.run(service, payload, **options)
