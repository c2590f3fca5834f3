"""Locks of tests: they are had, refused, lost and given back as the server's."""

from __future__ import annotations

import unittest
from typing import Any

from tests import _stub

_stub.install()

from caisson import CapabilityError, LockTimeout, Service  # noqa: E402
from caisson.testing import App  # noqa: E402


class Takes(Service):
    """Takes a lock, and says whether it had it."""

    name = 'takes'

    def handle(self) -> None:
        try:
            lock = self.lock('orders', **self.request.payload).acquire()
            self.response.payload = f'had it: {lock.is_acquired}'
        except LockTimeout:
            self.response.payload = 'too late'


class Around(Service):
    """Calls the other one while it holds the lock itself, and says what that said and whether its own was held to the end."""

    def handle(self) -> None:
        lock = self.lock('orders', ttl=self.request.payload['ttl']).acquire()
        said = self.invoke('takes', self.request.payload['inner'])
        self.response.payload = [said, lock.release(), lock.release(), self.invoke('takes', {'block': 0})]


class Runs(Service):
    """Runs a function of the test."""

    function: Any = None

    def handle(self) -> None:
        self.response.payload = type(self).function(self)


def inside(app: App, function: Any) -> Any:
    """What a function answers that a service runs."""
    Runs.function = staticmethod(function)
    return app.run(Runs).json()


class Locks(unittest.TestCase):
    """`app.locks`."""

    def test_another_message_holds_it(self) -> None:
        """As long as its ttl; nobody waits for that in truth."""
        for ttl, block, said in ((600, 0, 'too late'), (600, 50, 'too late'), (5, 3, 'too late'), (3, 5, 'had it: True')):
            answer = App(Takes).run(Around, {'ttl': ttl, 'inner': {'block': block}}).json()
            held = said == 'too late'
            self.assertEqual(answer, [said, held, False, 'had it: True'], (ttl, block))

    def test_a_message_gives_back_what_it_holds(self) -> None:
        """However it ends."""
        app = App()
        for _ in range(2):
            self.assertEqual(app.run(Takes, {'block': 0}).text, 'had it: True')
            self.assertEqual(app.locks.held, [])
        self.assertEqual(app.locks.taken, ['orders', 'orders'])

    def test_its_time_may_be_over(self) -> None:
        """Then it is told when it gives it back, and others had it."""
        app = App(Takes)
        app.freeze('2030-01-31T12:00')

        def late(service: Service) -> Any:
            lock = service.lock('orders', ttl=5).acquire()
            service.sleep(6)
            return [app.locks.held, service.invoke('takes', {'block': 0}), lock.release()]

        self.assertEqual(inside(app, late), [[], 'had it: True', False])
        app.logs.assert_logged("the lock 'orders' was held for longer than its ttl of 5 s")

    def test_a_clock_that_stands_still_moves_by_the_time_that_is_waited(self) -> None:
        """No further than the deadline."""
        for block, moved in ((7, 7), (True, 60)):
            app = App()
            clock = app.freeze(0)
            app.locks.busy('orders')
            self.assertEqual(app.run(Takes, {'block': block}).text, 'too late')
            self.assertAlmostEqual(clock.now.timestamp(), moved, delta=1)

    def test_what_can_never_be_had_is_an_error(self) -> None:
        """In the words of the server."""
        def kinds(service: Service) -> Any:
            import _caisson_lock as native

            said = []
            for name, ttl in (('', 1), ('\u00e9' * 129, 1), ('a', 0)):
                said.append(native.acquire(name, ttl, 0)[1])
            service.lock('a').acquire()
            for attempt in (lambda: service.lock('a', block=50).acquire(), lambda: [service.lock(str(n)).acquire() for n in range(40)]):
                try:
                    attempt()
                except CapabilityError as error:
                    said.append(error.kind)
            return said

        app = App()
        self.assertEqual(inside(app, kinds), ['invalid-input'] * 3 + ['conflict', 'quota-exceeded'])
        self.assertEqual(len(app.locks.taken), 32)

    def test_a_lock_of_another_message_cannot_be_given_back(self) -> None:
        """Nor one that was given back."""
        import _caisson_lock as native

        app = App(type('Forges', (Runs,), {'name': 'forges'}))

        def outer(service: Service) -> Any:
            _, token = native.acquire('orders', 1000, 0)
            Runs.function = staticmethod(lambda _service: native.release(token)[1])
            return [service.invoke('forges'), native.release(token), native.release(token)[1]]

        self.assertEqual(inside(app, outer), ['invalid-input', [True, True], 'invalid-input'])


if __name__ == '__main__':
    unittest.main()
