"""Checks bank account numbers (IBAN, ISO 13616): one by GET, many by POST."""

import re

from zato.server.service import Service

FORM = re.compile(r'[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}')


def is_valid(iban):
    """Whether the form and the check digits are right; white space does not count."""
    iban = ''.join(iban.split()).upper()
    if not FORM.fullmatch(iban):
        return False
    # The country and its check digits go to the end, and letters become numbers: A is 10, Z is 35.
    digits = ''.join(str(int(char, 36)) for char in iban[4:] + iban[:4])
    return int(digits) % 97 == 1


class CheckIBAN(Service):
    """Says which account numbers can be right. Each HTTP method has a method of its own here."""

    def handle_GET(self):
        """One number, as the parameter `iban`."""
        iban = self.request.http.GET.get('iban', '')
        self.response.payload = {'iban': iban, 'valid': is_valid(iban)}

    def handle_POST(self):
        """A list of numbers; answers those that are wrong."""
        ibans = self.request.payload
        self.response.payload = {'checked': len(ibans), 'wrong': [iban for iban in ibans if not is_valid(iban)]}
