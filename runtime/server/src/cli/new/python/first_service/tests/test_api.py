"""Run these inside the sandbox with `caisson test`, or under CPython with pytest."""

from caisson.testing import App

from first_service.api import FirstService


def test_who_is_named_is_greeted() -> None:
    """And it is logged."""
    app = App()
    response = app.run(FirstService, {'name': 'Ada'})
    assert response.status_code == 200
    assert response.json() == {'greeting': 'Hello, Ada'}
    app.logs.assert_logged('Greeting Ada')


def test_without_a_name_it_is_the_world() -> None:
    """Whatever way the message comes."""
    response = App().run(FirstService, method='GET', query='name=')
    assert response.json() == {'greeting': 'Hello, world'}
