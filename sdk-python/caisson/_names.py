"""Names of services, derived from modules and classes."""

import re

_WORD_BEFORE_CAPITALISED = re.compile(r'(.)([A-Z][a-z]+)')
_LOWER_BEFORE_UPPER = re.compile(r'([a-z0-9])([A-Z])')


def uncamelise(name: str) -> str:
    """Writes a class name in lower case with dashes.

    >>> uncamelise('HelloWorld'), uncamelise('GetCRMCustomer'), uncamelise('Sync2Ledger')
    ('hello-world', 'get-crm-customer', 'sync2-ledger')
    """
    name = name.replace('_', '-').strip('-')
    name = _WORD_BEFORE_CAPITALISED.sub(r'\1-\2', name)
    name = _LOWER_BEFORE_UPPER.sub(r'\1-\2', name)
    return re.sub('-+', '-', name).lower()


def service_name(module: str, class_name: str) -> str:
    """The name of a service that did not choose one.

    >>> service_name('crm_api.v1', 'GetCustomer')
    'crm-api.v1.get-customer'
    """
    return f"{module.replace('_', '-')}.{uncamelise(class_name)}"
