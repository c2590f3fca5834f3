"""Exceptions and the error values that they become."""

import unittest

from tests import _stub

_stub.install()

from caisson import _errors as errors  # noqa: E402


class Errors(unittest.TestCase):
    """Status, kind, message."""

    def test_message_alone_or_after_a_cid(self) -> None:
        """Both forms are accepted."""
        self.assertEqual(errors.NotFound('No such order').msg, 'No such order')
        self.assertEqual(errors.NotFound('cid', 'No such order').msg, 'No such order')
        self.assertEqual(errors.NotFound('cid', 'No such order').cid, 'cid')

    def test_a_bad_request_hides_its_message(self) -> None:
        """Unless it is told not to."""
        self.assertEqual(errors.BadRequest('cid', 'secret').public_message(), 'Bad request')
        self.assertEqual(errors.BadRequest('cid', 'shown', needs_msg=True).public_message(), 'shown')

    def test_status_and_kind(self) -> None:
        """Every class has both."""
        for cls, status, kind in (
            (errors.BadRequest, 400, 'invalid-input'), (errors.Unauthorized, 401, 'unauthenticated'),
            (errors.Forbidden, 403, 'access-denied'), (errors.NotFound, 404, 'not-found'),
            (errors.MethodNotAllowed, 405, 'method-not-allowed'), (errors.Conflict, 409, 'conflict'),
            (errors.TooManyRequests, 429, 'quota-exceeded'), (errors.ServiceUnavailable, 503, 'unavailable'),
        ):
            self.assertEqual((cls('x').status, cls('x').kind), (status, kind))
        self.assertTrue(errors.ServiceUnavailable('x').retryable)
        self.assertFalse(errors.NotFound('x').retryable)

    def test_challenge(self) -> None:
        """It becomes a header."""
        error = errors.Unauthorized('cid', 'no', 'Basic realm="x"')
        self.assertEqual(error.headers, {'WWW-Authenticate': 'Basic realm="x"'})

    def test_errors_of_a_callee(self) -> None:
        """The class follows from the status, the status from the kind."""
        self.assertIsInstance(errors.from_callee('c', 'not-found', None, 'm', False, []), errors.NotFound)
        error = errors.from_callee('c', 'timeout', None, 'm', True, [])
        self.assertEqual((type(error), error.status, error.kind, error.retryable), (errors.ServiceError, 504, 'timeout', True))


if __name__ == '__main__':
    unittest.main()
