"""Checks that standard input is a valid OpenAPI document. Prints what is wrong with it, if anything is, and fails then."""

import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator


def main():
    """Makes the check."""
    document = json.load(sys.stdin)
    wrong = [f'{"/".join(map(str, error.absolute_path))}: {error.message}' for error in OpenAPIV31SpecValidator(document).iter_errors()]
    if wrong:
        raise SystemExit('\n'.join(wrong))


main()
