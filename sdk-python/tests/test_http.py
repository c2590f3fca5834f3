"""Outgoing HTTP: the module for new services, and what services of Zato call it by."""

from __future__ import annotations

import types
import unittest
from typing import Any

from tests import _stub

_stub.install()

import _caisson_http as _native  # noqa: E402

from caisson import _zato_http as zato  # noqa: E402
from caisson import http  # noqa: E402
from caisson._capability import CapabilityError  # noqa: E402
from caisson._errors import BackendInvocationError, BadRequest  # noqa: E402


class Body:
    """A body of the host's, in pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.closed = False

    def read(self, most: int) -> tuple[Any, ...]:
        """The next piece."""
        return (True, self.pieces.pop(0) if self.pieces else None)

    def close(self) -> None:
        """Gives up the rest."""
        self.closed = True


class Upload(Body):
    """An upload of the host's, that takes `limit` pieces."""

    def __init__(self, limit: int = 10) -> None:
        super().__init__()
        self.limit = limit
        self.body = Body(b'done')

    def write(self, piece: bytes) -> tuple[Any, ...]:
        """Takes a piece."""
        if len(self.pieces) == self.limit:
            return (False, 'unavailable', 'gone', False, 'closed')
        self.pieces.append(piece)
        return (True, None)

    def finish(self) -> tuple[Any, ...]:
        """Answers."""
        return (True, (201, [], self.body))


class Case(unittest.TestCase):
    """Keeps what the host was asked for, and answers what the test says."""

    def setUp(self) -> None:
        """A host that answers `self.answer`."""
        self.asked: list[tuple[Any, ...]] = []
        self.answer: Any = (True, (200, [('content-type', 'application/json')], b'{"id": 7}'))

        def call(*arguments: Any) -> Any:
            self.asked.append(arguments)
            return self.answer(arguments) if callable(self.answer) else self.answer

        _native.send = _native.open = _native.begin = call  # type: ignore[attr-defined]


class NewServices(Case):
    """`caisson.http`."""

    def test_a_request_is_what_the_host_is_given(self) -> None:
        """Values fill the path; lists repeat, None is left out."""
        answer = http.connect('crm').get('/c/{id}', id=1, params={'q': ['a', 2], 'no': None, 'yes': True}, timeout=1.5)
        self.assertEqual(self.asked, [
            ('crm', 'GET', '/c/{id}', [('q', 'a'), ('q', '2'), ('yes', 'true'), ('id', '1')], [], None, 1500),
        ])
        self.assertEqual((answer.status, answer.ok, answer.json()), (200, True, {'id': 7}))

    def test_bodies(self) -> None:
        """Text, bytes and JSON; nothing else."""
        crm = http.connect('crm')
        for options, body, headers in (
            ({}, None, []),
            ({'body': 'é'}, 'é'.encode(), []),
            ({'body': b'\0'}, b'\0', []),
            ({'json': {'a': 1}}, b'{"a": 1}', [('Content-Type', 'application/json')]),
            ({'json': [], 'headers': {'content-type': 'x/y'}}, b'[]', [('content-type', 'x/y')]),
        ):
            crm.post('/', **options)
            self.assertEqual(self.asked.pop()[4:6], (headers, body))
        for options in ({'body': {}}, {'body': 'a', 'json': 1}):
            with self.assertRaises(TypeError):
                crm.post('/', **options)

    def test_headers_are_found_in_any_case(self) -> None:
        """And repeat."""
        headers = http.Headers([('Set-Cookie', 'a'), ('set-cookie', 'b'), ('X', '1')])
        self.assertEqual((headers['SET-COOKIE'], headers.get_all('set-cookie'), len(headers)), ('a, b', ['a', 'b'], 2))
        self.assertTrue('x' in headers and 'y' not in headers and headers.get('y') is None)

    def test_text_is_of_the_charset_that_the_answer_names(self) -> None:
        """Or UTF-8."""
        for kind, content, text in (
            ('text/plain; charset=latin-1', b'\xe9', 'é'), ('text/plain', 'é'.encode(), 'é'), ('a/b; charset=nonsense', b'a', 'a'),
        ):
            self.assertEqual(http.Response(200, [('content-type', kind)], content).text, text)

    def test_errors_are_raised_with_what_the_host_said(self) -> None:
        """As CapabilityError."""
        self.answer = (False, 'access-denied', 'no grant', False, None)
        with self.assertRaises(CapabilityError) as raised:
            http.connect('crm').get('/')
        self.assertEqual((raised.exception.kind, raised.exception.message), ('access-denied', 'no grant'))

    def test_streams_are_read_and_closed(self) -> None:
        """To the end, or early."""
        body = Body(b'one', b'two')
        self.answer = (True, (200, [], body))
        with http.connect('crm').stream('GET', '/') as answer:
            self.assertEqual(answer.read(), b'onetwo')
        self.assertTrue(body.closed)
        body = Body(b'one')
        self.answer = (True, (200, [], body))
        with http.connect('crm').stream('GET', '/'):
            pass
        self.assertTrue(body.closed)

    def test_an_upload_that_fails_is_broken_off(self) -> None:
        """And one that does not is answered."""
        upload = Upload()
        self.answer = (True, upload)
        answer = http.connect('crm').upload('PUT', '/', ['a', b'b'])
        self.assertEqual((upload.pieces, answer.status, answer.read(), upload.closed), ([b'a', b'b'], 201, b'done', True))
        upload = Upload(limit=1)
        self.answer = (True, upload)
        with self.assertRaises(CapabilityError):
            http.connect('crm').upload('PUT', '/', ['a', 'b'])
        self.assertTrue(upload.closed)


class ZatoServices(Case):
    """`self.out.rest` and its like."""

    def setUp(self) -> None:
        """A service with a correlation id."""
        super().setUp()
        self.service = types.SimpleNamespace(cid='cid-1')

    def test_methods_of_conn_take_a_correlation_id(self) -> None:
        """And those of self.rest do not."""
        conn = zato.Connections(self.service)['CRM'].conn
        for call, method, params, body in (
            (lambda: conn.get('cid', {'a': 1}), 'GET', [('a', '1')], None),
            (lambda: conn.get('cid', params={'a': 1}), 'GET', [('a', '1')], None),
            (lambda: conn.post('cid', {'b': 2}, {'a': 1}), 'POST', [('a', '1')], b'{"b": 2}'),
            (lambda: conn.put('cid', data='text'), 'PUT', [], b'text'),
            (lambda: conn.patch('cid', b'raw', headers={'X': 'y'}), 'PATCH', [], b'raw'),
            (lambda: conn.delete('cid'), 'DELETE', [], None),
            (lambda: conn.options(cid='cid'), 'OPTIONS', [], None),
            (lambda: zato.Facade(self.service)['CRM'].post({'b': 2}), 'POST', [], b'{"b": 2}'),
        ):
            answer = call()
            name, sent, path, given, headers, content, _ = self.asked.pop()
            self.assertEqual((name, sent, path, given, content), ('CRM', method, '', params, body))
            self.assertIn(('X-Zato-CID', 'cid-1'), headers)
            self.assertEqual((answer.status_code, answer.data), (200, {'id': 7}))
        self.assertEqual(conn.ping('cid'), '200 OK')
        with self.assertRaises(TypeError):
            conn.get('cid', verify=False)

    def test_an_attribute_finds_a_name_with_other_characters(self) -> None:
        """The first that exists."""
        missing = (False, 'not-found', 'no such connection', False, None)
        self.answer = lambda arguments: (True, (204, [], b'')) if arguments[0] == 'my-crm' else missing
        self.assertEqual(zato.Facade(self.service).my_crm.get().status_code, 204)
        with self.assertRaises(CapabilityError):
            zato.Facade(self.service).other.get()

    def test_a_whole_url_goes_by_the_connection_for_it(self) -> None:
        """With its parameters."""
        zato.Facade(self.service).get('https://a.example/x', params={'a': 1})
        self.assertEqual(self.asked[0][:4], ('rest', 'GET', 'https://a.example/x', [('a', '1')]))

    def test_answers_look_like_those_of_requests(self) -> None:
        """With data."""
        def made(status: int, kind: str, content: bytes) -> zato.Response:
            return zato.Response('cid', http.Response(status, [('content-type', kind)], content))

        self.assertEqual(made(200, 'text/plain', b'{}').data, '{}')
        self.assertEqual(made(200, 'application/problem+json', b'[1]').data, [1])
        self.assertTrue(made(302, '', b'').ok and not made(404, '', b''))
        with self.assertRaises(BadRequest):
            made(200, 'application/json', b'{').data
        with self.assertRaises(zato.HTTPError):
            made(500, '', b'').raise_for_status()
        self.assertEqual(list(made(200, '', b'abc').iter_content(2)), [b'ab', b'c'])

    def test_what_the_host_finds_wrong_with_a_request_is_a_bad_request(self) -> None:
        """A path without its parameter."""
        self.answer = (False, 'invalid-input', 'the path needs a value', False, None)
        with self.assertRaises(BadRequest):
            zato.Connections(self.service)['CRM'].conn.get('cid')

    def test_a_file_goes_as_a_form(self) -> None:
        """Whose names cannot break it."""
        zato.Connections(self.service)['CRM'].conn.upload('cid', ('a"\r\n.txt', 'text'), 'field', 'text/plain')
        _, method, _, _, headers, body, _ = self.asked[0]
        kind = dict(headers)['Content-Type']
        self.assertTrue(method == 'POST' and kind.startswith('multipart/form-data; boundary='))
        self.assertIn(b'name="field"; filename="a%22%0D%0A.txt"\r\nContent-Type: text/plain\r\n\r\ntext\r\n--', body)

    def test_an_adapter_calls_maps_and_refuses(self) -> None:
        """By attributes and methods."""
        class Adapter(zato.RESTAdapter):
            conn_name = 'CRM'
            get_conn_name = 'CRM'
            method = 'POST'
            has_json_id = True

            def get_headers(self) -> dict[str, str]:
                return {'X': 'y'}

            def get_auth_bearer(self) -> str:
                return 'token'

            def map_response(self, data: Any, **_options: Any) -> Any:
                return {'mapped': data['id']}

        adapter = Adapter.__new__(Adapter, _facts={'body': b'{"id": 3}'})
        self.assertEqual(adapter.rest_call(), {'mapped': 7})
        name, method, _, _, headers, body, _ = self.asked[0]
        self.assertEqual((name, method, body), ('CRM', 'POST', b'{"id": 3}'))
        self.assertIn(('Authorization', 'Bearer token'), headers)
        self.answer = (True, (404, [], b''))
        with self.assertRaises(BackendInvocationError):
            adapter.rest_call()


if __name__ == '__main__':
    unittest.main()
