"""`caisson.testing`: services run with everything around them faked."""

from __future__ import annotations

import datetime
import decimal
import logging
import time
import unittest
from typing import Any

from tests import _stub

_stub.install()

from caisson import CapabilityError, NotFound, Service, amqp, http, redis, sql  # noqa: E402
from caisson.testing import App, ServiceTestCase, UnexpectedCall, run  # noqa: E402


class Echo(Service):
    """Answers what it was given, and the facts of the message."""

    def handle(self) -> None:
        request = self.request
        self.response.headers['X-Cid'] = self.cid
        self.response.payload = {
            'payload': request.payload, 'input': request.input, 'method': request.http.method, 'headers': request.headers,
            'get': request.http.GET, 'params': request.http.params, 'user': self.channel.security.username, 'who': self.principal,
            'claims': self.channel.security.claims, 'type': self.channel.type, 'channel': self.channel.name,
        }


class Fails(Service):
    """Raises what it is told to."""

    def handle(self) -> None:
        self.response.headers['X-Own'] = 'yes'
        if self.request.payload == 'mistake':
            raise ZeroDivisionError('no')
        raise NotFound(self.cid, 'No such order', headers={'X-Why': 'gone'})


class Verbs(Service):
    """Answers some methods."""

    def handle_GET(self) -> None:
        self.response.payload = 'got'

    def handle_POST(self) -> None:
        self.response.payload = 'posted'
        self.response.status_code = 201


class Pieces(Service):
    """Answers in pieces."""

    def handle(self) -> None:
        self.response.payload = ({'n': number} for number in range(2))


class Calls(Service):
    """Calls another service and says what it answered."""

    def handle(self) -> None:
        try:
            self.response.payload = {'answer': self.invoke(self.request.payload, {'id': 7})}
        except NotFound as error:
            self.response.payload = {'error': str(error), 'status': error.status}


class Customer(Service):
    """Gets a customer, whatever goes wrong."""

    def handle(self) -> None:
        try:
            answer = http.connect('crm').get('/customers/{id}', id=self.request.payload['id'], full=True)
            self.response.payload = {'status': answer.status, 'data': answer.json()}
        except CapabilityError as error:
            self.response.payload = {'kind': error.kind}
        except Exception:
            self.response.payload = 'swallowed'


class Messages(unittest.TestCase):
    """What a service is given, and what comes back."""

    def test_a_message_of_another_service(self) -> None:
        """Unless the test says that it came by HTTP."""
        answer = run(Echo, {'a': 1}, principal='ann', channel='orders')
        self.assertEqual(answer.status_code, 200)
        told = answer.json()
        self.assertEqual((told['payload'], told['input'], told['method']), ({'a': 1}, {'a': 1}, ''))
        self.assertEqual((told['who'], told['user'], told['type'], told['channel']), ('ann', 'ann', 'invoke', 'orders'))
        self.assertEqual(answer.headers, {'x-cid': 'test-1', 'content-type': 'application/json'})
        self.assertEqual(answer.payload, told)

    def test_a_message_by_http(self) -> None:
        """With all that HTTP has."""
        answer = run(
            Echo, {'a': 1}, method='put', query={'b': [1, 2]}, params={'id': '7'}, headers={'X-A': 'b'},
            principal={'name': 'ann', 'kind': 'jwt', 'claims': {'role': 'x'}})
        told = answer.json()
        self.assertEqual((told['method'], told['get'], told['params']), ('PUT', {'b': ['1', '2']}, {'id': '7'}))
        self.assertEqual(told['input'], {'a': 1, 'b': ['1', '2'], 'id': '7'})
        self.assertEqual(told['headers'], {'x-a': 'b', 'content-type': 'application/json'})
        self.assertEqual((told['claims'], told['type']), ({'role': 'x'}, 'http-soap'))
        self.assertEqual(run(Echo, path='/').json()['method'], 'GET')

    def test_unknown_options_are_refused(self) -> None:
        """With those that there are."""
        with self.assertRaisesRegex(TypeError, "no 'qeury'; it may have .*query"):
            run(Echo, qeury='a=1')

    def test_errors_are_answers_and_mistakes_are_raised(self) -> None:
        """As a test wants them."""
        answer = run(Fails)
        self.assertEqual((answer.status_code, answer.message, answer.ok), (404, 'No such order', False))
        self.assertIsInstance(answer.error, NotFound)
        self.assertEqual(answer.headers, {'x-own': 'yes', 'x-why': 'gone'})
        with self.assertRaises(NotFound):
            answer.raise_for_error()
        with self.assertRaises(ZeroDivisionError):
            run(Fails, 'mistake')
        answer = App().run(Fails, 'mistake', errors='answer')
        self.assertEqual((answer.status_code, answer.message), (500, 'An error has occurred'))

    def test_functions_for_methods(self) -> None:
        """Answer by method; others are refused."""
        self.assertEqual(run(Verbs, method='GET').text, 'got')
        self.assertEqual((run(Verbs).text, run(Verbs, method='POST').status_code), ('posted', 201))
        answer = run(Verbs, method='DELETE')
        self.assertEqual((answer.status_code, answer.headers), (405, {'allow': 'GET, POST'}))

    def test_functions_for_methods_answer_other_services_too(self) -> None:
        """By the method that the caller gives."""
        class Chooses(Service):
            def handle(self) -> None:
                said = []
                for method in ('GET', 'POST', 'DELETE'):
                    answer = self.invoke('verbs', 'x', wsgi_environ={'REQUEST_METHOD': method}, as_response=True)
                    said.append([answer.status_code, answer.payload, type(answer.error).__name__])
                said.append(self.invoke_all([('echo', 'text')], wsgi_environ={'REQUEST_METHOD': 'PUT'})[0])
                self.response.payload = said

        app = App(type('Verbs', (Verbs,), {'name': 'verbs'}), type('Echo', (Echo,), {'name': 'echo'}))
        *said, echoed = app.run(Chooses).json()
        self.assertEqual(said, [[200, 'got', 'NoneType'], [201, 'posted', 'NoneType'], [405, None, 'MethodNotAllowed']])
        self.assertEqual([echoed[name] for name in ('method', 'payload', 'type')], ['PUT', 'text', 'invoke'])
        app = App()
        app.service('verbs', 'faked')
        app.service('echo', 'faked')
        app.run(Chooses)
        self.assertEqual([call.method for call in app.service('verbs').calls], ['GET', 'POST', 'DELETE'])

    def test_pieces_are_gathered(self) -> None:
        """With the type that follows."""
        answer = run(Pieces)
        self.assertEqual((answer.body, answer.content_type), (b'{"n": 0}\n{"n": 1}\n', 'application/x-ndjson'))

    def test_what_cannot_be_sent_is_a_mistake(self) -> None:
        """Of the service."""
        class Wrong(Service):
            def handle(self) -> None:
                self.response.headers['X'] = 'a\r\nb'

        with self.assertRaisesRegex(ValueError, 'must not contain a line end'):
            run(Wrong)

    def test_a_service_that_waits(self) -> None:
        """`async def handle`."""
        class Waits(Service):
            async def handle(self) -> None:  # type: ignore[override]
                self.response.payload = 'waited'

        self.assertEqual(run(Waits).text, 'waited')

    def test_messages_of_brokers_are_settled(self) -> None:
        """And the test sees how."""
        class Later(Service):
            def handle(self) -> None:
                self.request.message.retry(1.5)
                self.response.payload = self.request.message.headers

        answer = run(Later, b'x', message={'source': 'orders', 'headers': {'a': 'b'}})
        assert answer.settlement is not None
        self.assertEqual((answer.settlement.how, answer.settlement.delay_ms, answer.json()), ('retry', 1500, {'a': 'b'}))


class Others(unittest.TestCase):
    """Other services."""

    def test_faked(self) -> None:
        """With answers, errors, and what they were given."""
        app = App()
        fake = app.service('crm.get', answer={'name': 'Ann'})
        self.assertEqual(app.run(Calls, 'crm.get').json(), {'answer': {'name': 'Ann'}})
        fake.assert_called_once_with({'id': 7})
        app.service('crm.gone', error=NotFound('No such customer'))
        self.assertEqual(app.run(Calls, 'crm.gone').json(), {'error': 'No such customer', 'status': 404})
        with self.assertRaisesRegex(AssertionError, "payload: expected {'id': 8}, was {'id': 7}"):
            fake.assert_called_once_with({'id': 8})

    def test_real(self) -> None:
        """Those that were added."""
        app = App(Fails, Echo)
        self.assertEqual(app.run(Calls, 'tests.test-testing.fails').json(), {'error': 'No such order', 'status': 404})
        self.assertEqual(app.run(Calls, 'tests.test-testing.echo').json()['answer']['payload'], {'id': 7})

    def test_a_service_that_is_called_has_the_facts_of_its_caller(self) -> None:
        """Its correlation id, who calls, and what a chain shares."""
        class Inner(Service):
            def handle(self) -> None:
                self.response.payload = [self.cid, self.principal, self.environ, self.in_reply_to, self.channel.type]

        class Outer(Service):
            def handle(self) -> None:
                self.response.payload = self.invoke(Inner.get_name())

        options: dict[str, Any] = {'cid': 'c', 'principal': 'ann', 'environ': {'k': 1}, 'in_reply_to': 'r', 'method': 'GET'}
        self.assertEqual(App(Inner).run(Outer, **options).json(), ['c', 'ann', {'k': 1}, None, 'invoke'])

    def test_unexpected(self) -> None:
        """Fails the test."""
        with self.assertRaisesRegex(UnexpectedCall, r"nothing is recorded for\n.*crm.get .*\n(.*\n)*.*app.service\('crm.get', answer="):
            run(Calls, 'crm.get')


class Systems(unittest.TestCase):
    """Connections."""

    def test_http(self) -> None:
        """In order, the last one from then on."""
        app = App()
        crm = app.http['crm'].answers('GET', '/customers/7', json={'n': 1}).answers('GET', '/customers/{id}', status=404, json=None, text='no')
        crm.answers('GET', re_path(), json='other')
        self.assertEqual(app.run(Customer, {'id': 7}).json(), {'status': 200, 'data': {'n': 1}})
        crm.assert_called_once_with('GET', '/customers/7', params={'full': 'true'})
        self.assertEqual(crm.last.template, '/customers/{id}')
        crm.reset()
        crm.fails('GET', '/customers/8', kind='timeout')
        self.assertEqual(app.run(Customer, {'id': 8}).json(), {'kind': 'timeout'})

    def test_what_is_not_recorded_shows_what_to_record(self) -> None:
        """Even if the service swallows it."""
        app = App()
        app.http['crm'].answers('GET', '/customers/7', json={}).answers('POST', '/orders', json={})
        with self.assertRaises(UnexpectedCall) as raised:
            app.run(Customer, {'id': 8})
        text = str(raised.exception)
        self.assertIn("http connection 'crm': nothing is recorded for\n    GET /customers/8?full=true\n", text)
        self.assertIn('the nearest first:\n    GET /customers/7\n', text)
        self.assertIn("app.http['crm'].answers('GET', '/customers/8', json={...})", text)
        self.assertEqual(app.service('x', answer=1).calls, [])

    def test_http_with_bodies(self) -> None:
        """Streams and uploads too."""
        class Moves(Service):
            def handle(self) -> None:
                crm = http.connect('crm')
                with crm.stream('GET', '/export') as answer:
                    content = answer.read()
                answer = crm.upload('PUT', '/import', [content, 'z'])
                self.response.payload = {'status': answer.status, 'text': answer.read().decode()}

        app = App()
        app.http['crm'].answers('GET', '/export', text='abc').answers('PUT', '/import', status=201, by=lambda call: len(call.body))
        self.assertEqual(app.run(Moves).json(), {'status': 201, 'text': '4'})
        app.http['crm'].assert_called_with('PUT', '/import', text='abcz')
        with self.assertRaisesRegex(AssertionError, 'was called 2 times and not once:\n    GET /export\n    PUT /import  abcz'):
            app.http['crm'].assert_called_once()

    def test_sql(self) -> None:
        """Values go and come as they are."""
        class Orders(Service):
            def handle(self) -> None:
                db = sql.connect('db')
                rows = db.query('select * from orders\n where day > ?', datetime.date(2024, 1, 2))
                streamed = list(db.stream('select 1'))
                with db.transaction() as transaction:
                    changed = transaction.execute('update orders set a = :a', a=decimal.Decimal('1.5'))
                self.response.payload = {'rows': rows, 'changed': changed.affected, 'streamed': streamed}

        app = App()
        db = app.sql['db']
        db.answers('SELECT * FROM orders WHERE day > ?;', rows=[{'id': 1, 'price': decimal.Decimal('2.50')}])
        db.answers('select 1', [(1,)], columns=['one']).answers('update orders ...', affected=3)
        answer = app.run(Orders).json()
        self.assertEqual(answer, {'rows': [{'id': 1, 'price': '2.50'}], 'changed': 3, 'streamed': [{'one': 1}]})
        db.assert_called_with('select * from orders where day > ?', [datetime.date(2024, 1, 2)])
        self.assertEqual((db.last.params, db.transactions[0].state), ({'a': decimal.Decimal('1.5')}, 'committed'))
        db.assert_all_used()
        with self.assertRaisesRegex(UnexpectedCall, r"app.sql\['other'\].answers\('select 1', rows="):
            with app:
                sql.connect('other').query('select 1')

    def test_redis(self) -> None:
        """In memory."""
        class Counts(Service):
            def handle(self) -> None:
                client = redis.connect('default') if hasattr(redis, 'connect') else redis.Client('default')
                client.set('a', 'b', ex=10)
                client.hset('h', {'x': 1})
                self.response.payload = [client.incr('n'), client.get('a'), client.hgetall('h'), client.get('none'),
                                         client.command('XLEN', 's')]

        app = App()
        app.redis['default'].put({'n': 4}).answers('XLEN', 's', value=9)
        self.assertEqual(app.run(Counts).json(), [5, 'b', {'x': '1'}, None, 9])
        self.assertEqual(app.redis['default'].data, {'n': '5', 'a': 'b', 'h': {'x': '1'}})
        app.redis['default'].assert_called_with('SET', 'a', 'b', 'PX', '10000')

    def test_amqp(self) -> None:
        """Everything is taken, and seen."""
        class Publishes(Service):
            def handle(self) -> None:
                amqp.connect('broker').publish({'id': 1}, exchange='orders', routing_key='new', headers={'a': 1, 'b': 2}, priority=3)

        app = App()
        app.run(Publishes)
        app.amqp['broker'].assert_published_once(exchange='orders', json={'id': 1}, headers={'a': 1}, properties={'priority': 3})
        app.amqp['broker'].fails(exchange='orders')
        with self.assertRaises(CapabilityError):
            app.run(Publishes).raise_for_error()


class Shared(unittest.TestCase):
    """What the server keeps for services: caches and locks, as their native modules answer."""

    def test_a_cache_keeps_entries_and_lets_them_end(self) -> None:
        """The most recently used come first."""
        import _caisson_cache as cache

        app = App()
        app.freeze(1000)
        with app:
            for key in ('a.1', 'a.2', 'b'):
                self.assertEqual(cache.put('c', 'keys', [key], 0, b'x', 500 if key == 'b' else 0, 0, 1), (True, []))
            self.assertEqual(cache.put('c', 'keys', ['a.1'], 0, b'y', 0, 1, 1), (True, [('a.1', b'x')]))
            self.assertEqual(cache.get('c', 'prefix', ['a.'], 1, 1), (True, [('a.2', b'x')]))
            self.assertEqual(cache.get('c', 'keys', ['b'], 0, 2), (True, [('b', b'x', 0, 1, 500, 1000500, 1000000, 0, 1000000, 0)]))
            app.clock.move(1)  # type: ignore[union-attr]
            self.assertEqual((cache.count('c'), cache.count('other')), ((True, 2), (True, 0)))
            self.assertEqual(cache.delete('c', 'regex', ['^a'], 0, 0), (True, [('a.2', b''), ('a.1', b'')]))
            self.assertEqual((cache.granted('r'), app.redis['r'].name, cache.granted('r')), (False, 'r', True))

    def test_locks_are_held_by_one(self) -> None:
        """Or by somebody else, if the test says so."""
        import _caisson_lock as lock

        app = App()
        with app:
            _, token = lock.acquire('orders', 1000, 0)
            self.assertEqual((lock.acquire('orders', 1000, 0)[1], app.locks.held), ('conflict', ['orders']))
            self.assertEqual((lock.release(token), lock.release(token)[1]), ((True, True), 'invalid-input'))
            app.locks.busy('orders')
            self.assertEqual(lock.acquire('orders', 1000, 0), (True, None))
        self.assertEqual(app.locks.taken, ['orders'])

    def test_calls_in_the_background_are_noted_and_made_when_asked(self) -> None:
        """By services that are real."""
        import _caisson_calls as calls

        app = App(Echo)
        name = 'tests.test-testing.echo'
        with app:
            self.assertEqual(calls.find('tests.test_testing.Echo'), name)
            taken = calls.enqueue({'service': name, 'content_type': 'application/json', 'body': b'[1]', 'delay_ms': 1500, 'cid': 'c'})
            self.assertEqual(taken, (True, 1, 'c'))
            calls.enqueue({'service': 'other', 'body': b'', 'scheduled': True, 'callback': [name]})
            answers = calls.invoke_all([(name, None, b'', None, None)])
            self.assertEqual(answers[0][:2], (True, 200))
        one, two = app.background
        self.assertEqual((one.payload, one.delay, one.kind, two.kind, two.callback), ([1], 1.5, 'invoke-async', 'scheduler', [name]))
        [answer] = app.run_background()
        self.assertEqual((answer.json()['payload'], answer.json()['type']), ([1], 'invoke-async'))
        self.assertEqual(app.background, [two])


class Surroundings(ServiceTestCase):
    """Time and the log."""

    services = [Echo]

    def test_time_stands_still(self) -> None:
        """And sleeping moves it."""
        class Sleeps(Service):
            def handle(self) -> None:
                before = datetime.datetime.now(datetime.timezone.utc)
                time.sleep(90)
                after = datetime.datetime.now(datetime.timezone.utc)
                self.response.payload = [before, after, time.time(), isinstance(before, datetime.datetime), datetime.date(2020, 1, 2)]

        clock = self.app.freeze('2030-01-31T12:00:00')
        self.assertEqual(self.run_service(Sleeps).json(), [
            '2030-01-31T12:00:00+00:00', '2030-01-31T12:01:30+00:00', clock.now.timestamp(), True, '2020-01-02'])
        self.assertNotEqual(datetime.datetime.now().year, 2030)

    def test_logs_are_kept(self) -> None:
        """By level and logger."""
        class Logs(Service):
            def handle(self) -> None:
                self.logger.warning('Order %s is late', 7)
                logging.getLogger('other').info('x')

        self.run_service(Logs)
        self.app.logs.assert_logged('Order 7', level='warning')
        self.assertEqual([record.logger for record in self.app.logs], ['tests.test-testing.logs', 'other'])
        with self.assertRaisesRegex(AssertionError, 'warning  tests.test-testing.logs: Order 7 is late'):
            self.app.logs.assert_logged('Order 8')

    def test_services_by_name(self) -> None:
        """Those that were added."""
        self.assertEqual(self.run_service('tests.test-testing.echo', 'x').json()['payload'], 'x')
        with self.assertRaisesRegex(KeyError, 'there are: tests.test-testing.echo'):
            self.run_service('tests.echo')


def re_path() -> Any:
    """A pattern for any path."""
    import re
    return re.compile('^/other')


if __name__ == '__main__':
    unittest.main()
