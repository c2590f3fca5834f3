"""The surroundings of a service in a test: its connections, the other services, the log and the clock."""

from __future__ import annotations

import itertools
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from time import time as _machine_time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import _caisson

from caisson._answers import MODEL_HEADER
from caisson._service import Service
from caisson.testing import _amqp, _http, _redis, _sql
from caisson.testing._cache import CacheFake, native_cache
from caisson.testing._calls import native as native_calls
from caisson.testing._expect import UnexpectedCall
from caisson.testing._facts import message_facts
from caisson.testing._locks import LockFakes, native_lock
from caisson.testing._logs import Logs
from caisson.testing._response import Response, Settlement
from caisson.testing._running import call, facts_of
from caisson.testing._services import BackgroundCall, FakeService, refused
from caisson.testing._time import Clock

if TYPE_CHECKING:
    import datetime

__all__ = ['App', 'Connections']

FakeT = TypeVar('FakeT')

_RAISED = 'raise'

_INHERITED = ('cid', 'principal', 'peer', 'deadline_ms', 'environ')
"""Facts of a message that the services which are called for it have too."""


class Connections(Mapping[str, FakeT], Generic[FakeT]):
    """Fake connections by their names; one that is not there yet is made."""

    def __init__(self, make: Callable[[str, list[UnexpectedCall]], FakeT], unexpected: list[UnexpectedCall]) -> None:
        self._make = make
        self._unexpected = unexpected
        self._made: dict[str, FakeT] = {}

    def __getitem__(self, name: str) -> FakeT:
        if name not in self._made:
            self._made[name] = self._make(name, self._unexpected)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._made

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


class App:
    """Runs services in a test, with everything around them faked.

        app = App()
        app.http['crm'].answers('GET', '/customers/7', json={'name': 'Ann'})
        response = app.run(GetCustomer, {'id': 7})
        assert response.json() == {'name': 'Ann'}
        app.http['crm'].assert_called_once_with('GET', '/customers/7')

    `services` are those that are really called when the service under test invokes them. Fakes answer only while a service runs,
    or within `with app:`.
    """

    def __init__(self, *services: type[Service]) -> None:
        self._unexpected: list[UnexpectedCall] = []
        self.http: Connections[_http.HTTPConnection] = Connections(_http.HTTPConnection, self._unexpected)
        """Connections of the type `http`, by name."""
        self.sql: Connections[_sql.SQLConnection] = Connections(_sql.SQLConnection, self._unexpected)
        """Connections of the type `sql`, by name."""
        self.redis: Connections[_redis.RedisConnection] = Connections(_redis.RedisConnection, self._unexpected)
        """Connections of the type `redis`, by name; `self.redis` of a service is the one named `default`."""
        self.amqp: Connections[_amqp.AMQPConnection] = Connections(_amqp.AMQPConnection, self._unexpected)
        """Connections of the type `amqp`, by name."""
        self.cache: Connections[CacheFake] = Connections(lambda name, _unexpected: CacheFake(name), self._unexpected)
        """Caches of the server, by name."""
        self.locks = LockFakes(lambda: self.clock)
        """Locks among all servers."""
        self.background: list[BackgroundCall] = []
        """Calls that nobody waits for, in their order. They are noted, not made."""
        self.logs = Logs()
        """What services have logged."""
        self.clock: Clock | None = None
        """The clock, once `freeze` was called."""
        self._services: dict[str, FakeService | type[Service]] = {}
        self._cids = itertools.count(1)
        self._under_way: list[Mapping[str, Any]] = []
        self._settlement: Settlement | None = None
        self._undo: list[tuple[Any, str, Any]] = []
        self._entered = 0
        self.add(*services)

    def add(self, *services: type[Service]) -> App:
        """Lets these services really run when they are invoked."""
        for cls in services:
            self._services[facts_of(cls).name] = cls
        return self

    def service(self, name: str, answer: Any = ..., *, error: BaseException | None = None, **options: Any) -> FakeService:
        """The fake that stands for another service; with `answer` or `error` it is told what to answer.

        `options` are those of `FakeService.answers`: `status`, `headers`, `payload`, `by`, `times`.
        """
        fake = self._services.get(name)
        if not isinstance(fake, FakeService):
            fake = self._services[name] = FakeService(name, self._unexpected)
        if error is not None:
            fake.fails(error, **options)
        elif answer is not ... or options:
            fake.answers('' if answer is ... else answer, **options)
        return fake

    def freeze(self, when: str | float | datetime.datetime) -> Clock:
        """Lets time stand still at `when` (ISO 8601, a datetime, or seconds since 1970) for services; `app.clock.move(60)` moves it."""
        if self.clock is not None:
            self.clock.set(when)
            return self.clock
        self.clock = Clock(when)
        if self._entered:
            self.clock.start()
        return self.clock

    def run(self, service: type[Service] | str, payload: Any = None, **options: Any) -> Response:
        """Runs a service with a message, and returns what it answers.

        `payload` is text, bytes, or anything with a JSON form; `options` are those of `caisson.testing.Options`: `method`, `path`, `query`,
        `params`, `headers`, `principal`, `channel`, ... An error that the service raises is part of the answer (`status_code`, `error`);
        a mistake in it (any exception that is no `ServiceError`, which a caller would see as 500) is raised here, unless
        `errors='answer'` is given.
        """
        errors = options.pop('errors', _RAISED)
        if errors not in (_RAISED, 'answer'):
            raise ValueError(f"errors is 'raise' or 'answer', not {errors!r}")
        cls = self._class(service)
        facts = message_facts(facts_of(cls).name, f'test-{next(self._cids)}', payload, options)
        self._settlement = None
        with self:
            response = self._call(cls, facts)
        # It is for services that call.
        response.headers.pop(MODEL_HEADER, None)
        response.settlement = self._settlement
        self._raise_unexpected()
        if errors == _RAISED and response.error is not None and not _is_meant(response.error):
            raise response.error
        return response

    def run_background(self) -> list[Response]:
        """Makes the calls of `background` that have a real service, in their order, and takes them from the list."""
        answers = []
        waiting, self.background[:] = list(self.background), []
        for one in waiting:
            cls = self._services.get(one.service)
            if isinstance(cls, FakeService):
                with self:
                    cls._invoke(one.task.get('content_type'), one.task.get('body') or b'')
            elif cls is None:
                self.background.append(one)
            else:
                channel = {'name': one.task.get('name') or one.kind, 'kind': one.kind}
                answers.append(self.run(cls, one.payload or None, channel=channel, cid=one.cid))
        return answers

    def _class(self, service: type[Service] | str) -> type[Service]:
        if not isinstance(service, str):
            return service
        known = self._services.get(service)
        if isinstance(known, type):
            return known
        real = [name for name, one in self._services.items() if isinstance(one, type)]
        raise KeyError(f'no service {service!r} was added to the app; there are: {", ".join(sorted(real)) or "none"}')

    def _raise_unexpected(self) -> None:
        """A service may have caught it, and the test has to fail all the same."""
        if self._unexpected:
            error = self._unexpected[0]
            self._unexpected.clear()
            raise error

    # What the native modules do while services run.

    def _call(self, cls: type[Service], facts: Mapping[str, Any]) -> Response:
        self._under_way.append(facts)
        # The deadline is one of the machine's time, whatever the service is shown.
        self.locks._begin(facts['deadline_ms'] / 1000 - _machine_time())
        try:
            return call(cls, facts)
        finally:
            self.locks._end()
            self._under_way.pop()

    def _invoke(self, name: str, content_type: str | None, body: bytes, method: str | None = None) -> Any:
        known = self._services.get(name)
        if isinstance(known, FakeService):
            return known._invoke(content_type, body, method)
        if known is None and not name:
            error = UnexpectedCall('a service was invoked by its class, which is not known to the app: add it with app.add(Class)')
            self._unexpected.append(error)
            raise error
        if known is None:
            return self.service(name)._invoke(content_type, body, method)
        facts = message_facts(name, f'test-{next(self._cids)}', None, {})
        caller = self._under_way[-1] if self._under_way else {}
        facts.update({fact: caller[fact] for fact in _INHERITED if fact in caller}, content_type=content_type, body=body)
        if method is not None:
            facts['http'] = {'method': method}
        response = self._call(known, facts)
        if response.error is not None:
            if not _is_meant(response.error):
                self.logs.note(logging.ERROR, name, f'{type(response.error).__name__}: {response.error}')
            return refused(response.error)
        return True, response.status_code, list(response.headers.items()), response.body

    def _settle(self, how: str, delay_ms: int | None = None) -> None:
        self._settlement = Settlement(how, delay_ms)

    def __enter__(self) -> App:
        self._entered += 1
        if self._entered == 1:
            self._install()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._entered -= 1
        if self._entered == 0:
            self._remove()

    def _install(self) -> None:
        natives: dict[str, Mapping[str, Callable[..., Any]]] = {
            '_caisson': {'invoke': self._invoke, 'settle': self._settle}, '_caisson_http': _http.native(self.http),
            '_caisson_sql': _sql.native(self.sql), '_caisson_redis': _redis.native(self.redis),
            '_caisson_amqp': _amqp.native(self.amqp), '_caisson_calls': native_calls(self), '_caisson_lock': native_lock(self.locks),
            # A service may use the Redis connections that the test has named.
            '_caisson_cache': native_cache(self.cache, lambda name: name in self.redis),
        }
        for name, functions in natives.items():
            module = _caisson if name == '_caisson' else sys.modules.get(name) or _import(name)
            for function, fake in functions.items():
                if module is not None:
                    self._undo.append((module, function, getattr(module, function, None)))
                    setattr(module, function, fake)
        self.logs.start()
        if self.clock is not None:
            self.clock.start()

    def _remove(self) -> None:
        if self.clock is not None:
            self.clock.stop()
        self.logs.stop()
        while self._undo:
            module, function, original = self._undo.pop()
            setattr(module, function, original)


def _import(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError:
        return None


def _is_meant(error: BaseException) -> bool:
    from caisson._errors import ServiceError

    return isinstance(error, ServiceError)
