"""The recorded results of `native_cases`, with which the sandbox is compared, are those of CPython."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

from tests import native_cases


class TestNativeCases(unittest.TestCase):
    @unittest.skipUnless(sys.implementation.name == 'cpython' and sys.version_info[:2] == (3, 11), 'the record is of CPython 3.11')
    def test_what_is_recorded_is_what_cpython_does(self) -> None:
        recorded = Path(native_cases.__file__).with_name('native_expected.txt').read_text().splitlines()
        found = sorted(native_cases.lines())
        self.assertGreater(len(found), 3_000)
        self.assertEqual(found, recorded)


if __name__ == '__main__':
    unittest.main()
