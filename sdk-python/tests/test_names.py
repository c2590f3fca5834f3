"""Names of services."""

import unittest

from tests import _stub

_stub.install()

from caisson._names import service_name, uncamelise  # noqa: E402


class Names(unittest.TestCase):
    """Names follow modules and classes."""

    def test_class_names(self) -> None:
        """Words begin at capitals; abbreviations and digits stay together."""
        for given, expected in {
            'HelloWorld': 'hello-world', 'GetCRMCustomer': 'get-crm-customer', 'Sync2Ledger': 'sync2-ledger',
            'SendSMS': 'send-sms', 'V2': 'v2', 'Get_Order': 'get-order', 'API': 'api',
        }.items():
            self.assertEqual(uncamelise(given), expected)

    def test_modules_keep_their_dots(self) -> None:
        """Underscores of a module become dashes."""
        self.assertEqual(service_name('hello', 'HelloWorld'), 'hello.hello-world')
        self.assertEqual(service_name('crm_eu.api', 'GetCustomer'), 'crm-eu.api.get-customer')


if __name__ == '__main__':
    unittest.main()
