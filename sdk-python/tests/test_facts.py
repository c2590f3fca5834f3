"""What the sandbox is expected to do with the standard library is what CPython does."""

import importlib.util
import pathlib
import unittest
from typing import Any

from tests import _stub

_stub.install()


def facts() -> Any:
    """The list that the integration tests evaluate in the sandbox."""
    path = pathlib.Path(__file__).resolve().parents[2] / 'tests/stdlib/facts.py'
    spec = importlib.util.spec_from_file_location('facts', path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Facts(unittest.TestCase):
    """The expectations of `tests/stdlib/facts.py`."""

    def test_facts_hold_under_cpython(self) -> None:
        """Values and refusals; those of the sandbox alone are not asked."""
        listed = facts()
        self.assertEqual([*listed.wrong_facts(), *listed.wrongly_done(listed.REFUSED)], [])

    def test_a_wrong_fact_is_noticed(self) -> None:
        """Both kinds."""
        listed = facts()
        listed.FACTS = [('', '1 + 1', 3), ('', '1 / 0', 1)]
        self.assertEqual(len(list(listed.wrong_facts())), 2)
        self.assertEqual(len(list(listed.wrongly_done([('', '1 + 1', 'ValueError', ''), ('', '1 / 0', 'ValueError', ''), ('', '1 / 0', 'ZeroDivisionError', 'other')]))), 3)


if __name__ == '__main__':
    unittest.main()
