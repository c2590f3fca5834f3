"""Correlation ids of calls in the background."""

from __future__ import annotations

import unittest

from tests import _stub

_stub.install()

from caisson._cids import branch  # noqa: E402


class Branches(unittest.TestCase):
    """`branch`."""

    def test_they_begin_as_their_root_does_and_grow_no_longer(self) -> None:
        """However far calls lead."""
        one, two = branch('order'), branch('order')
        self.assertNotEqual(one, two)
        for cid in (one, two, branch(one), branch(branch(one))):
            self.assertRegex(cid, '^order~[0-9a-z]{12}$')

    def test_what_is_no_root_gives_a_new_id(self) -> None:
        """The ids of services may be anything."""
        for cid in ('', '~a', 'x' * 101, '\u00e9' * 51):
            self.assertRegex(branch(cid), '^[0-9a-z]{24}$')
        self.assertTrue(branch('x' * 100).startswith('x' * 100 + '~'))


if __name__ == '__main__':
    unittest.main()
