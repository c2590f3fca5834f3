"""The plugin of pytest that comes with the package: the fixture `app`."""

from __future__ import annotations

import pytest

from caisson.testing._app import App

__all__ = ['app']


@pytest.fixture
def app() -> App:
    """The surroundings of a service, made anew for each test: `def test_it(app): app.run(GetCustomer, ...)`."""
    return App()
