"""What services of Zato use: the cases of `compat/` that need no server, and the document that is made of them."""

import sys
import unittest

from tests import _stub

_stub.install()

from caisson._loader import ProgramImporter, load_program  # noqa: E402
from tests import compat_cases, compat_docs  # noqa: E402

try:
    from caisson.testing import App
except ImportError:
    App = None


def run(package: str, case: dict) -> list[str]:
    """What is wrong with a case, after it was run."""
    try:
        services = load_program(compat_cases.files_of(package, case), package)
        if 'refused' in case:
            return ['the package was loaded']
        by_name = {fact.name: fact.cls for fact in services}
        service = by_name[case.get('service', f'{package}.api.case')]
        request = dict(case.get('request', {}))
        body = request.pop('body', None)
        request.setdefault('method', 'GET' if body is None else 'POST')
        # Services of one package call each other here as they do in the server.
        app = App(*(fact.cls for fact in services))
        answer = app.run(service, body, errors='answer', **request)
        return compat_cases.check_answer(case['expect'], answer.status_code, answer.headers, answer.body, answer.message)
    except Exception as error:
        text = f'{type(error).__name__}: {error}'
        return [] if 'refused' in case and case['refused'] in text else [text]
    finally:
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, ProgramImporter)]
        for name in [name for name in sys.modules if name.partition('.')[0] == package]:
            del sys.modules[name]


class Compatibility(unittest.TestCase):
    """Each case, and the document."""

    @unittest.skipIf(App is None, 'there is no caisson.testing')
    def test_every_case_answers_as_it_says(self) -> None:
        """Those that need a server are run by the integration tests."""
        wrong = []
        for section, content in compat_cases.sections():
            for row_number, row in enumerate(content['row']):
                for number, case in enumerate(row.get('case', ())):
                    if case.get('where') != 'sandbox':
                        found = run(compat_cases.package_of(section, row_number, number), case)
                        wrong += [f'{section} {row["name"]}, case {number}: {one}' for one in found]
        self.assertEqual(wrong, [], '\n'.join(wrong))

    def test_the_document_is_up_to_date(self) -> None:
        """`cargo xtask gen zato` writes it."""
        self.assertEqual(compat_docs.PATH.read_text(encoding='utf-8'), compat_docs.document(), 'run `cargo xtask gen zato`')


if __name__ == '__main__':
    unittest.main()
