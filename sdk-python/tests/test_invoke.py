"""Calls of other services, with a native module that records what it is asked."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import types
import unittest
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest import mock

from tests import _stub

_stub.install()

# The package takes over the standard streams when it is imported; the test runner wants them back.
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    import _caisson
    from caisson import Answer, BadRequest, InvokeTimeout, NotFound, Service, ServiceError, UnknownService
    from caisson._invoke import make_environ
    from caisson._runtime import describe_error

JSON = [('Content-Type', 'application/json')]
AWAY = (False, 'not-found', None, 'no service named gone', False, [])
BUSY = (False, 'unavailable', None, 'busy', True, [])


def good(value: Any, status: int = 200) -> Any:
    """What the native module gives for an answer."""
    return True, status, JSON, json.dumps(value).encode()


class Native:
    """Stands for both native modules: gives the answers that it was told, and keeps what it was asked."""

    def __init__(self, *answers: Any, known: tuple[str, ...] = ()) -> None:
        self.answers = list(answers)
        self.known = known
        self.asked: list[Any] = []

    def invoke(self, *call: Any) -> Any:
        """One call."""
        self.asked.append(call)
        return self.answers.pop(0)

    def invoke_all(self, calls: list[Any]) -> Any:
        """Several calls."""
        self.asked.append(calls)
        return [self.answers.pop(0) for _ in calls]

    def find(self, name: str) -> str | None:
        """Whether there is a service."""
        return name if name in self.known else None

    def enqueue(self, task: dict[str, Any]) -> Any:
        """A call in the background."""
        self.asked.append(task)
        return self.answers.pop(0) if self.answers else (True, 7, task.get('cid') or 'new')

    def enqueue_group(self, *group: Any) -> Any:
        """Several."""
        self.asked.append(group)
        return True, 8, group[4] or 'new'


class Caller(Service):
    """The one that calls."""

    name = 'caller'
    cid = 'cid'
    environ: Any = None


class Callee(Service):
    """One of the same package."""

    name = 'callee'
    impl_name = 'module.Callee'


class Case(unittest.TestCase):
    """With a native module."""

    def with_native(self, *answers: Any, known: tuple[str, ...] = ()) -> Native:
        """Puts a native module in place for the rest of the test."""
        native = Native(*answers, known=known)
        module = types.ModuleType('_caisson_calls')
        for function in ('invoke_all', 'find', 'enqueue', 'enqueue_group'):
            setattr(module, function, getattr(native, function))
        for patch in (mock.patch.dict(sys.modules, {'_caisson_calls': module}),
                      mock.patch.object(_caisson, 'invoke', native.invoke, create=True)):
            patch.start()
            self.addCleanup(patch.stop)
        return native


class Invoke(Case):
    """`self.invoke`."""

    def test_payloads(self) -> None:
        """Of every kind, by position or by keywords; those that say how to call are no part of it."""
        for arguments, keywords, expected in (
            (('a',), {}, (None, b'')),
            (('a', 'text'), {}, ('text/plain; charset=utf-8', b'text')),
            (('a', b'\xff'), {}, ('application/octet-stream', b'\xff')),
            (('a', {'n': 1}), {}, ('application/json', b'{"n": 1}')),
            (('a', [1, 2]), {}, ('application/json', b'[1, 2]')),
            (('a', 0), {}, ('application/json', b'0')),
            (('a',), {'n': 1, 'as_bunch': True, 'channel': 'x'}, ('application/json', b'{"n": 1}')),
            (('a',), {'data_format': 'json', 'transport': ''}, (None, b'')),
            (('a', {'n': 1}), {'m': 2}, ('application/json', b'{"n": 1}')),
        ):
            with self.subTest(arguments=arguments, keywords=keywords):
                native = self.with_native(good({}))
                Caller().invoke(*arguments, **keywords)
                self.assertEqual(native.asked, [('a', *expected, None)])

    def test_answers(self) -> None:
        """As values, bunches, texts, without a wrapper, with all that belongs to them."""
        answer = good({'response': {'a': {'b': [{'c': 1}]}}, '_meta': 1}, 201)
        for options, expected in (
            ({}, {'response': {'a': {'b': [{'c': 1}]}}, '_meta': 1}),
            ({'skip_response_elem': True}, {'a': {'b': [{'c': 1}]}}),
            ({'serialize': True}, answer[3].decode()),
        ):
            self.with_native(answer)
            self.assertEqual(Caller().invoke('a', **options), expected)
        for whole in ({'a': 1}, {'response': 1, 'a': 2}, [1], 'text'):
            self.with_native(good(whole))
            self.assertEqual(Caller().invoke('a', skip_response_elem=True), whole, 'this is no wrapper')
        self.with_native(answer, answer)
        self.assertEqual(Caller().invoke('a', as_bunch=True).response.a.b[0].c, 1)
        whole = Caller().invoke('a', as_response=True)
        self.assertIsInstance(whole, Answer)
        self.assertEqual((whole.status_code, whole.headers, whole.ok, whole.error), (201, {'content-type': 'application/json'}, True, None))
        self.assertEqual(whole.payload['_meta'], 1)

    def test_errors(self) -> None:
        """Each is the exception for its status; nothing is raised when all of the answer is wanted."""
        for answer, kind, status in (
            (AWAY, UnknownService, 404), (AWAY, KeyError, 404), (AWAY, NotFound, 404),
            ((False, 'not-found', 404, 'No such order', False, []), NotFound, 404),
            ((False, 'invalid-input', 400, 'x', False, [('A', 'b')]), BadRequest, 400),
            ((False, 'timeout', None, 'late', True, []), InvokeTimeout, 504),
            ((False, 'timeout', None, 'late', True, []), TimeoutError, 504),
        ):
            with self.subTest(answer=answer, kind=kind):
                self.with_native(answer, answer)
                with self.assertRaises(kind) as caught:
                    Caller().invoke('gone')
                self.assertEqual((getattr(caught.exception, 'status'), str(caught.exception)), (status, answer[3]))
                whole = Caller().invoke('gone', as_response=True)
                self.assertEqual((whole.ok, whole.status_code, whole.payload, type(whole.error)),
                                 (False, status, None, type(caught.exception)))
        self.assertNotIsInstance(NotFound('x'), KeyError)

    def test_a_name_that_nothing_has_passes_on_as_404(self) -> None:
        """The caller's caller reads it too."""
        self.with_native(AWAY)
        try:
            Caller().invoke('gone')
        except UnknownService as error:
            self.assertEqual(error.name, 'gone')
            self.assertEqual(describe_error(error, 'cid')[:3], ('not-found', 404, 'no service named gone'))

    def test_a_timeout_is_milliseconds_for_the_host(self) -> None:
        """And `None` when nothing is to be raised."""
        native = self.with_native(good(1), (False, 'timeout', None, 'late', True, []))
        self.assertEqual(Caller().invoke('a', {'n': 1}, timeout=1.5), 1)
        self.assertEqual(native.asked[0], [('a', 'application/json', b'{"n": 1}', 1500, None)])
        self.assertIsNone(Caller().invoke('a', timeout=0.0001, raise_timeout=False))
        self.assertEqual(native.asked[1][0][3], 1)
        for bad in (-1, float('nan'), float('inf'), 1e12):
            with self.assertRaises(ValueError):
                Caller().invoke('a', timeout=bad)

    def test_the_method_of_wsgi_environ_goes_along(self) -> None:
        """With one call and with several; nothing else of it does."""
        native = self.with_native(*[good(1)] * 5)
        caller = Caller()
        for environ, method in (({'REQUEST_METHOD': 'POST', 'PATH_INFO': '/x'}, 'POST'), ({'REQUEST_METHOD': 'get'}, 'GET'),
                                ({'REQUEST_METHOD': ''}, None), ({}, None)):
            caller.invoke('a', wsgi_environ=environ)
            self.assertEqual(native.asked.pop(), ('a', None, b'', method))
        caller.invoke('a', timeout=1, wsgi_environ={'REQUEST_METHOD': 'PUT'})
        self.assertEqual(native.asked.pop(), [('a', None, b'', 1000, 'PUT')])
        native.answers[:] = [good(1)]
        caller.invoke_all([('a', '')], wsgi_environ={'REQUEST_METHOD': 'PUT'})
        self.assertEqual(native.asked.pop(), [('a', None, b'', None, 'PUT')])
        for bad in ('A B', 'GET\r\n', 'x' * 33, 'GÉT', 7):
            with self.assertRaisesRegex(ValueError, 'REQUEST_METHOD in wsgi_environ'):
                caller.invoke('a', wsgi_environ={'REQUEST_METHOD': bad})
        with self.assertRaisesRegex(TypeError, 'wsgi_environ has to be a dict, not str'):
            caller.invoke('a', wsgi_environ='POST')
        self.assertEqual(native.asked, [])

    def test_which_service(self) -> None:
        """By name, by class, by id, by module and class; never itself, never what is no service."""
        native = self.with_native(*[good(1)] * 6, known=('other.Far',))
        caller = Caller()
        caller.invoke(Callee)
        caller.invoke_by_id('callee')
        caller.invoke_by_impl_name('module.Callee')
        caller.invoke_by_impl_name('other.Far')
        caller.invoke_by_impl_name('crm.my_api.GetIt')
        self.assertEqual([call[0] for call in native.asked], ['callee', 'callee', 'callee', 'other.Far', 'crm.my-api.get-it'])
        for itself in ('caller', Caller):
            with self.assertRaisesRegex(ServiceError, 'cannot invoke itself'):
                caller.invoke(itself)
        for bad in (None, 5, object(), int):
            with self.assertRaises(TypeError):
                caller.invoke(bad)  # type: ignore[arg-type]

    def test_together(self) -> None:
        """Answers in order; the first error when all have ended, or none of them."""
        native = self.with_native(good(1), good({'a': 2}))
        self.assertEqual(Caller().invoke_all([('a', ''), (Callee, {'n': 1})], timeout=2), [1, {'a': 2}])
        self.assertEqual(native.asked[0], [('a', None, b'', 2000, None), ('callee', 'application/json', b'{"n": 1}', 2000, None)])
        self.with_native(good(1), AWAY, BUSY)
        with self.assertRaises(UnknownService):
            Caller().invoke_all([('a', ''), ('b', ''), ('c', '')])
        self.with_native(good(1), BUSY)
        answers = Caller().invoke_all([('a', ''), ('b', '')], as_response=True)
        self.assertEqual([(one.ok, one.status_code) for one in answers], [(True, 200), (False, 503)])
        self.assertEqual(Caller().invoke_all([]), [])


class Later(Case):
    """`self.invoke_async`."""

    def test_all_of_it(self) -> None:
        """What is given reaches the host."""
        native = self.with_native()
        caller = Caller()
        cid = caller.invoke_async('a', {'n': 1}, cid='mine', expiration=2, callback=['b', Callee], environ={'k': 'v'}, zato_ctx={'z': 1})
        self.assertEqual(cid, 'mine')
        task = native.asked[0]
        self.assertEqual((task['service'], task['body'], task['callback'], task['expires_ms']), ('a', b'{"n": 1}', ['b', 'callee'], 2000))
        self.assertEqual(json.loads(task['environ']), {'k': 'v', 'zato_ctx': {'z': 1}})
        self.assertEqual(caller.invoke_async(Callee), 'new')
        self.assertEqual(native.asked[1], {
            'service': 'callee', 'content_type': None, 'body': b'', 'environ': None, 'cid': None, 'callback': []})

    def test_callbacks(self) -> None:
        """By name, by class, the service itself, several, and the one whose name says so."""
        for callback, expected in (
            ('b', ['b']), (Callee, ['callee']), (['b', Callee], ['b', 'callee']), (('b',), ['b']), (None, ['caller-async-callback']),
        ):
            native = self.with_native(known=('caller-async-callback',))
            Caller().invoke_async('a', callback=callback)
            self.assertEqual(native.asked[0]['callback'], expected)
        native, caller = self.with_native(), Caller()
        caller.invoke_async('a', callback=caller)
        caller.invoke_async('caller')
        self.assertEqual([task['callback'] for task in native.asked], [['caller'], []])
        with self.assertRaises(TypeError):
            caller.invoke_async('a', callback=5)

    def test_payloads(self) -> None:
        """Keywords, and text as JSON."""
        native = self.with_native()
        Caller().invoke_async('a', n=1)
        Caller().invoke_async('a', 'x', to_json_string=True)
        self.assertEqual([(task['content_type'], task['body']) for task in native.asked],
                         [('application/json', b'{"n": 1}'), ('application/json', b'"x"')])

    def test_refusals(self) -> None:
        """A full queue and an unknown name are exceptions."""
        self.with_native((False, 'quota-exceeded', None, 'too much waits', False, []), AWAY)
        with self.assertRaisesRegex(ServiceError, 'too much waits'):
            Caller().invoke_async('a')
        with self.assertRaises(UnknownService):
            Caller().invoke_async('gone')
        with self.assertRaises(ValueError):
            Caller().invoke_async('a', expiration=-1)
        with self.assertRaises(TypeError):
            Caller().invoke_async('a', environ=[1])

    def test_what_a_chain_shares(self) -> None:
        """It is passed on with what was changed in it."""
        shared = make_environ('{"a": {"b": [1]}}')
        self.assertEqual(shared.a.b, [1])
        native, caller = self.with_native(), Caller()
        caller.environ = shared
        shared.more = 1
        caller.invoke_async('a')
        self.assertEqual(json.loads(native.asked[0]['environ']), {'a': {'b': [1]}, 'more': 1})
        for text in (None, '[]', 'null'):
            self.assertEqual(make_environ(text), {})


class Patterns(Case):
    """`self.patterns`."""

    def test_fanout_and_parallel(self) -> None:
        """All calls are one group."""
        native, caller = self.with_native(), Caller()
        caller.patterns.fanout.invoke({'a': {'n': 1}, Callee: ''}, 'f', ['t', Callee], cid='c')
        caller.patterns.parallel.invoke({'a': 'x'}, on_target='t')
        kind, tasks, on_target, on_final, cid = native.asked[0]
        self.assertEqual((kind, [task['service'] for task in tasks], on_target, on_final, cid),
                         ('fanout', ['a', 'callee'], ['t', 'callee'], ['f'], 'c'))
        self.assertEqual((native.asked[1][0], native.asked[1][2:]), ('parallel', (['t'], [], None)))
        for bad in ({}, [], None):
            with self.assertRaises(ValueError):
                caller.patterns.fanout.invoke(bad, 'f')  # type: ignore[arg-type]

    def test_retry_stops_at_the_first_answer(self) -> None:
        """And gives it back."""
        native = self.with_native(BUSY, BUSY, good({'a': 1}), good('never'))
        with mock.patch('time.sleep') as sleep:
            self.assertEqual(Caller().patterns.invoke_retry.invoke('a', 'x', repeats=5, minutes=2), {'a': 1})
        self.assertEqual((len(native.asked), [call.args[0] for call in sleep.call_args_list]), (3, [120, 120]))

    def test_retry_raises_the_last_error(self) -> None:
        """After as many attempts as were asked for."""
        native = self.with_native(BUSY, BUSY, AWAY)
        with mock.patch('time.sleep'), self.assertRaises(UnknownService):
            Caller().patterns.invoke_retry.invoke('a', repeats=2, seconds=1)
        self.assertEqual(len(native.asked), 3)

    def test_retry_in_the_background(self) -> None:
        """From the beginning, or after the first failure."""
        native = self.with_native()
        caller = Caller()
        cid = caller.patterns.invoke_retry.invoke_async('a', 'x', repeats=3, seconds=2, callback=Callee, context={'k': 1})
        task = native.asked[0]
        self.assertEqual((task['repeats'], task['interval_ms'], task['delay_ms'], task['callback'], task['cid']), (3, 2000, 0, ['callee'], cid))
        self.assertRegex(cid, '^cid~[0-9a-z]{12}$')
        self.assertEqual(json.loads(task['report']), {
            'orig_cid': 'cid', 'call_cid': cid, 'source': 'caller', 'target': 'a', 'retry_seconds': 2, 'retry_repeats': 3,
            'context': {'k': 1}})
        native = self.with_native(BUSY)
        caller.patterns.invoke_retry.invoke('a', repeats=3, seconds=2, async_fallback=True)
        self.assertEqual((native.asked[1]['repeats'], native.asked[1]['delay_ms']), (2, 2000))
        native = self.with_native(BUSY)
        with self.assertRaises(ServiceError):
            caller.patterns.invoke_retry.invoke('a', repeats=0, async_fallback=True)

    def test_what_makes_no_sense(self) -> None:
        """Is refused before anything is called."""
        native = self.with_native()
        for options in ({'repeats': -1}, {'repeats': 10**6}, {'repeats': 1.5}, {'seconds': -1}, {'seconds': 1, 'minutes': 1}):
            with self.assertRaises(ValueError):
                Caller().patterns.invoke_retry.invoke('a', **options)
        self.assertEqual(native.asked, [])


class Schedule(Case):
    """`self.schedule`."""

    def test_when(self) -> None:
        """After a time, or at one."""
        now = datetime.now(timezone.utc)
        for options, low, high in (
            ({}, 0, 0), ({'after_seconds': 5}, 5_000, 5_000), ({'after_minutes': 2, 'after_seconds': 1}, 121_000, 121_000),
            ({'start_date': (now + timedelta(hours=1)).isoformat()}, 3_500_000, 3_600_000),
            ({'start_date': (now + timedelta(hours=1)).replace(tzinfo=None)}, 3_500_000, 3_600_000),
            ({'start_date': '2001-01-01T00:00:00'}, 0, 0),
        ):
            with self.subTest(options=options):
                native = self.with_native()
                self.assertEqual(Caller().schedule.onetime('a', data={'n': 1}, **options), 7)
                task = native.asked[0]
                self.assertTrue(low <= task['delay_ms'] <= high, task)
                self.assertTrue(task['scheduled'])

    def test_the_service_that_asks_may_come_first(self) -> None:
        """As in Zato."""
        native, caller = self.with_native(), Caller()
        caller.schedule.onetime(caller, 'a', 'job')
        caller.schedule.onetime(caller, Callee, name='job')
        caller.schedule.onetime('a', 'job')
        caller.schedule.onetime(target='a', name='job')
        self.assertEqual([(task['service'], task['name']) for task in native.asked],
                         [('a', 'job'), ('callee', 'job'), ('a', 'job'), ('a', 'job')])
        for wrong in ((caller,), ()):
            with self.assertRaisesRegex(TypeError, 'its name or its class'):
                caller.schedule.onetime(*wrong)

    def test_names(self) -> None:
        """As given, with a prefix, or made up."""
        native = self.with_native()
        for options in ({'name': 'job'}, {'prefix': 'p'}, {}):
            Caller().schedule.onetime(Callee, **options)
        names = [task['name'] for task in native.asked]
        self.assertEqual(names[0], 'job')
        self.assertTrue(names[1].startswith('p 20') and names[2].startswith('caller -> callee 20'), names)

    def test_what_makes_no_sense(self) -> None:
        """Negative, endless, both, or no time at all."""
        native = self.with_native()
        for options in (
            {'after_seconds': -1}, {'after_minutes': 1e9}, {'after_seconds': float('nan')}, {'start_date': 'soon'},
            {'start_date': '2030-01-01', 'after_seconds': 1}, {'start_date': '9999-01-01'},
        ):
            with self.assertRaises(ValueError, msg=str(options)):
                Caller().schedule.onetime('a', **options)
        with self.assertRaises(TypeError):
            Caller().schedule.onetime('a', start_date=5)
        self.assertEqual(native.asked, [])


if __name__ == '__main__':
    unittest.main()
