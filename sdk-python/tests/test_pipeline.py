"""Hooks and schemas around `handle`."""

import unittest

from tests._services import forget, load, message

from caisson import BadRequest, Forbidden, ModelValidationError
from caisson._loader import describe_load_error
from caisson._program import NotDeployable

HOOKED = '''
from caisson import Service
class Base(Service):
    trace = ()
    def note(self, what):
        self.trace = (*self.trace, what)
class Plain(Service):
    def handle(self): pass
class Full(Base):
    def accept(self): self.note('accept'); return self.request.payload != 'no'
    def validate_input(self): self.note('validate_input')
    def before_handle(self): self.note('before_handle')
    def handle(self): self.note('handle')
    def after_handle(self): self.note('after_handle')
    def validate_output(self): self.note('validate_output')
    def finalize_handle(self): self.note('finalize_handle')
class Off(Full):
    call_hooks = False
class Raising(Base):
    def validate_input(self):
        if self.request.payload == 'value': raise ValueError('n must be positive')
        if self.request.payload == 'key': raise KeyError('n')
        if self.request.payload == 'forbidden':
            from caisson import Forbidden
            raise Forbidden('not you')
    def handle(self): self.response.payload = 'answer'
    def after_handle(self): raise RuntimeError('late')
    def finalize_handle(self): raise RuntimeError('later')
class Output(Base):
    def handle(self): self.response.payload = 'answer'
    def validate_output(self): raise ValueError('wrong')
class Job(Base):
    def handle(self): self.note('handle')
    def before_job(self): self.note('before_job')
    def before_one_time_job(self): self.note('before_one_time_job')
    def after_cron_style_job(self): self.note('after_cron_style_job')
    def after_job(self): self.note('after_job')
class Later(Base):
    async def handle(self): self.note('handle')
    async def after_handle(self): self.note('after_handle')
class Timed(Base):
    def handle(self): self.before = self.handle_return_time
    def finalize_handle(self): self.after = (self.invocation_time, self.handle_return_time, self.processing_time)
class Verbs(Base):
    def handle_GET(self): self.note('get')
    def before_handle(self): self.note('before_handle')
'''


class Hooks(unittest.TestCase):
    """When hooks are called, and what becomes of what they raise."""

    def setUp(self) -> None:
        self.addCleanup(forget)
        self.services = load(HOOKED)

    def run_one(self, name, payload='', **options):
        """Runs a service and returns its object."""
        facts = self.services[name]
        service = message(facts.cls, payload, **options)
        (facts.handle or facts.verbs['GET'])(service)
        return service

    def test_a_service_without_any_is_called_directly(self) -> None:
        """So that it costs nothing."""
        facts = self.services['plain']
        self.assertIs(facts.handle, facts.cls.handle)

    def test_their_order(self) -> None:
        """As it is documented; `call_hooks = False` leaves out some."""
        self.assertEqual(
            self.run_one('full').trace,
            ('accept', 'validate_input', 'before_handle', 'handle', 'after_handle', 'validate_output', 'finalize_handle'),
        )
        self.assertEqual(self.run_one('off').trace, ('accept', 'validate_input', 'handle', 'validate_output'))
        self.assertEqual(self.run_one('verbs').trace, ('before_handle', 'get'))
        self.assertEqual(self.run_one('later').trace, ('handle', 'after_handle'))

    def test_what_is_not_accepted_is_400_and_empty(self) -> None:
        """And nothing else is called."""
        service = self.run_one('full', 'no')
        self.assertEqual((service.trace, service.response.status_code, service.response.payload), (('accept',), 400, ''))

    def test_validation_of_the_input(self) -> None:
        """A ValueError is the caller's, anything else the service's, unless it says whose."""
        with self.assertRaises(BadRequest) as caught:
            self.run_one('raising', 'value')
        self.assertEqual((caught.exception.status, caught.exception.public_message()), (400, 'n must be positive'))
        for payload, error in (('key', KeyError), ('forbidden', Forbidden)):
            with self.assertRaises(error):
                self.run_one('raising', payload)

    def test_late_hooks_do_not_lose_the_answer(self) -> None:
        """They are logged."""
        with self.assertLogs('probe.api.raising', 'ERROR') as logs:
            self.assertEqual(self.run_one('raising', '').response.payload, 'answer')
        self.assertEqual(len(logs.records), 2)
        self.assertIn('late', logs.output[0])

    def test_validation_of_the_output_is_the_services_own_error(self) -> None:
        """Never the caller's."""
        with self.assertRaisesRegex(ValueError, 'wrong') as caught:
            self.run_one('output')
        self.assertNotIsInstance(caught.exception, BadRequest)

    def test_job_hooks(self) -> None:
        """Only when the scheduler calls, and by the type of job."""
        self.assertEqual(self.run_one('job').trace, ('handle',))
        self.assertEqual(self.run_one('job', channel='scheduler').trace, ('before_job', 'handle', 'after_job'))
        self.assertEqual(
            self.run_one('job', channel='scheduler', **{'job-type': 'one_time'}).trace,
            ('before_job', 'before_one_time_job', 'handle', 'after_job'),
        )
        self.assertEqual(
            self.run_one('job', channel='scheduler', **{'job-type': 'cron_style'}).trace,
            ('before_job', 'handle', 'after_job', 'after_cron_style_job'),
        )
        facts = self.services['job']
        service = message(facts.cls, channel='scheduler')
        service.request.message = None
        facts.handle(service)
        self.assertEqual(service.trace, ('before_job', 'before_one_time_job', 'handle', 'after_job'), 'a job of self.schedule.onetime')

    def test_times(self) -> None:
        """Known after `handle`."""
        service = self.run_one('timed')
        began, returned, took = service.after
        self.assertIsNone(service.before)
        self.assertLessEqual(began, returned)
        self.assertAlmostEqual(took, (returned - began).total_seconds() * 1000, delta=0.01)


class AtLoad(unittest.TestCase):
    """Hooks that are called when a package is loaded, and what keeps it from being loaded."""

    def setUp(self) -> None:
        self.addCleanup(forget)

    def test_a_class_may_refuse_to_be_a_service(self) -> None:
        """With False; the hooks may be written in any way."""
        services = load('''
from caisson import Service
SEEN = []
class No(Service):
    @classmethod
    def before_add_to_store(cls, logger): return False
    def handle(self): pass
class Yes(Service):
    def before_add_to_store(cls, logger): SEEN.append((cls.name, logger.name))
    @staticmethod
    def after_add_to_store(logger): SEEN.append(logger.name)
    def handle(self): pass
''')
        self.assertEqual(list(services), ['yes'])
        import sys

        self.assertEqual(sys.modules['probe.api'].SEEN, [('probe.api.yes', 'probe.api.yes'), 'probe.api.yes'])

    def refused(self, source: str, **files: str):
        """Message, file and line of what is said of a package."""
        forget()
        content = {'probe/api.py': source.encode()}
        # `assertRaises` takes the traceback from the exception.
        try:
            load(source, **files)
        except Exception as error:
            return describe_load_error(error, content)[:3]
        return self.fail('it was loaded')

    def test_what_is_wrong_is_an_error_of_the_class(self) -> None:
        """With its line."""
        head = 'from caisson import Service\n\nclass A(Service):\n    def handle(self): pass\n'
        self.assertEqual(
            self.refused(head + '    before_handle = 5\n'),
            (
                'NotDeployable: probe.api.A: `before_handle` is the name of a hook and must be a method, not int',
                'probe/api.py',
                3,
            ),
        )
        self.assertEqual(
            self.refused(head + "    schema = {'typ': 'object'}\n"),
            ('NotDeployable: probe.api.A.schema: #: unknown keyword `typ`; did you mean `type`?', 'probe/api.py', 3),
        )
        message, _, line = self.refused(head + "    schema = 'oder.json'\n", probe__order_json='{}')
        self.assertIn('no such file in the package `probe`', message)
        self.assertEqual(line, 3)

    def test_names_of_the_standard_library_are_refused(self) -> None:
        """They would hide it from everything else."""
        from caisson._loader import load_program

        for path in ('json.py', 'random/api.py', 'caisson/api.py', 'zato.py'):
            with self.assertRaisesRegex(NotDeployable, 'is the name of a module of') as caught:
                load_program({path: b'x = 1\n'}, path.partition('.')[0].partition('/')[0])
            self.assertEqual(describe_load_error(caught.exception, {path: b''})[1:3], (path, 1))

    def test_a_missing_module_says_what_to_use_instead(self) -> None:
        """Below `zato`, and those that the sandbox cannot have."""
        for line, says in (
            (
                'from zato.common.util.api import new_cid',
                'ModuleNotFoundError: there is no module `zato.common.util` here: use the standard',
            ),
            (
                'from zato.server.service import WSXHook',
                'ImportError: there is no `WSXHook` in zato.server.service here: there are no WebSocket',
            ),
            (
                'from zato.common import PUBSUB',
                'ImportError: there is no `PUBSUB` in zato.common here: use channels and connections of type redis or amqp',
            ),
            ('from zato.common.exception import NotFond', 'ImportError: there is no `NotFond` in zato.common.exception here; did you mean'),
            ('from zato.common.api import _x', "ImportError: there is no `_x` in zato.common.api here"),
            ('from json import nothing', "ImportError: cannot import name 'nothing' from 'json'"),
            ('import gevent', "ModuleNotFoundError: No module named 'gevent'; services are run side by side by the server"),
        ):
            message, file, number = self.refused(f'x = 1\n{line}\n')
            self.assertTrue(message.startswith(says), message)
            self.assertEqual((file, number), ('probe/api.py', 2))


class Schemas(unittest.TestCase):
    """`schema` of a class."""

    def test_a_dict_and_a_file(self) -> None:
        """All that is wrong at once, with the paths."""
        self.addCleanup(forget)
        head = 'from caisson import Service\nclass A(Service):\n    def handle(self): self.response.payload = "ok"\n'
        document = '{"type": "object", "required": ["id", "n"], "properties": {"id": {}, "n": {"type": "integer"}}, "additionalProperties": false}'
        for source, files in (
            (head + f'    schema = {document.replace("false", "False")}\n', {}),
            (head + "    schema = 'schemas/a.json'\n", {'probe__schemas__a.json': document}),
        ):
            facts = load(source, **files)['a']
            facts.handle(message(facts.cls, {'id': 1, 'n': 2}))
            with self.assertRaises(ModelValidationError) as caught:
                facts.handle(message(facts.cls, {'n': '2', 'idd': 1}))
            self.assertEqual(
                str(caught.exception),
                '/id: is missing; /n: integer is wanted, not string; /idd: is not known; did you mean `id`?',
            )
            for payload, says in ((b'{', 'not valid JSON'), ('', 'empty'), ([], 'object is wanted, not array')):
                with self.assertRaisesRegex(ModelValidationError, says):
                    facts.handle(message(facts.cls, payload))
            forget()


if __name__ == '__main__':
    unittest.main()
