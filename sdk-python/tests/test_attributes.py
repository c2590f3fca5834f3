"""`self.time`, `self.crypto`, `self.metrics`, and attributes that there are not."""

import base64
import datetime
import json
import types
import unittest

from tests import _stub

_stub.install()

from caisson import Service, _program  # noqa: E402
from caisson._crypto import Crypto, CryptoError  # noqa: E402
from caisson._time import Time, format_time, parse_time  # noqa: E402

# From the specification of Fernet (generate.json).
KEY = 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4='
TOKEN = 'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=='


class Probe(Service):
    """A service."""

    name = 'probe'

    def handle(self) -> None:
        """Does nothing."""


class Times(unittest.TestCase):
    """Formats and shifts."""

    def test_formats(self) -> None:
        """The tokens."""
        moment = datetime.datetime(2024, 2, 5, 15, 4, 9, 120_000, datetime.timezone(datetime.timedelta(hours=-2)))
        for form, text in (
            ('YYYY-MM-DD HH:mm:ss', '2024-02-05 15:04:09'),
            ('YY M D Do H:m:s', '24 2 5 5th 15:4:9'),
            ('hh:mm A a', '03:04 PM pm'),
            ('dddd ddd MMMM MMM', 'Monday Mon February Feb'),
            ('S SSS SSSSSS', '1 120 120000'),
            ('ZZ Z', '-02:00 -0200'),
            ('[at] HH[h]', 'at 15h'),
            ('DDDD DDD d W', '036 36 1 2024-W06-1'),
            ('X', '1707152649'),
            ('%Y', '2024'),
        ):
            self.assertEqual(format_time(moment, form), text, form)

    def test_reading(self) -> None:
        """And what does not fit."""
        for text, form, value in (
            ('2024-02-29 01:02:03', 'YYYY-MM-DD HH:mm:ss', datetime.datetime(2024, 2, 29, 1, 2, 3)),
            ('5.2.24', 'D.M.YY', datetime.datetime(2024, 2, 5)),
            ('1.1.70', 'D.M.YY', datetime.datetime(1970, 1, 1)),
            ('Feb 5 2024 12:30 am', 'MMM D YYYY hh:mm a', datetime.datetime(2024, 2, 5, 0, 30)),
            (
                '2024-01-01T00:00:00.5+02:00',
                'YYYY-MM-DDTHH:mm:ss.SZZ',
                datetime.datetime(2024, 1, 1, 0, 0, 0, 500_000, datetime.timezone(datetime.timedelta(hours=2))),
            ),
        ):
            self.assertEqual(parse_time(text, form), value, text)
        for text, form in (('2024-13-01', 'YYYY-MM-DD'), ('x', 'YYYY'), ('Xyz', 'MMM')):
            with self.assertRaises(ValueError):
                parse_time(text, form)

    def test_now_and_beside_it(self) -> None:
        """Relations between them, whatever the time is."""
        time = Time()
        now = time.now(needs_format=False)
        self.assertEqual(now.tzinfo, datetime.timezone.utc)
        for other, days in ((time.yesterday, 1), (time.tomorrow, -1)):
            self.assertEqual(
                round((time.today(needs_format=False) - other(needs_format=False)) / datetime.timedelta(days=1)), days
            )
        self.assertEqual(time.one_day_from('2024-02-28 23:00:00'), '2024-02-29 23:00:00')
        self.assertEqual(time.one_hour_from('2024-02-28 23:30:00'), '2024-02-29 00:30:00')
        self.assertEqual(
            time.one_minute_from(datetime.datetime(2024, 1, 1), needs_format=False), datetime.datetime(2024, 1, 1, 0, 1)
        )
        self.assertEqual(time.reformat('2024-02-29', 'YYYY-MM-DD', 'DD/MM/YY'), '29/02/24')
        self.assertRegex(time.isoutcnow(), r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+$')
        self.assertAlmostEqual(time.utcnow_as_float(), now.timestamp(), delta=60)
        self.assertEqual(time.now(tz='Europe/Warsaw', needs_format=False).tzinfo.key, 'Europe/Warsaw')
        for delta, error in (({'day': 1}, 'has no `day`; did you mean `days`'), (5, 'not int')):
            with self.assertRaisesRegex((ValueError, TypeError), error):
                time.now(delta=delta)
        with self.assertRaisesRegex(ValueError, 'did you mean `Europe/Warsaw`'):
            time.now(tz='Europe/Warsow')


class Encryption(unittest.TestCase):
    """Tokens of Fernet and hashes."""

    def setUp(self) -> None:
        self.addCleanup(_program.use, '', {})

    def test_the_specification(self) -> None:
        """Its example is read, and made of the same parts."""
        from caisson import _fernet

        self.assertEqual(Crypto(key=KEY).decrypt(TOKEN), 'hello')
        made = _fernet.seal(base64.urlsafe_b64decode(KEY), 499_162_800, bytes(range(16)), b'hello')
        self.assertEqual(base64.urlsafe_b64encode(made).decode(), TOKEN)

    def test_there_and_back(self) -> None:
        """Text, bytes, all lengths around a block."""
        crypto = Crypto(key=KEY)
        for length in (0, 1, 15, 16, 17, 100):
            content = bytes(range(128, 128 + length % 128))
            found = crypto.decrypt(crypto.encrypt(content))
            self.assertEqual(found.encode() if isinstance(found, str) else found, content)
        self.assertEqual(crypto.decrypt(crypto.encrypt('zażółć', needs_str=True)), 'zażółć')

    def test_what_was_changed_or_is_none(self) -> None:
        """Never something else than was encrypted."""
        crypto = Crypto(key=KEY)
        raw = bytearray(base64.urlsafe_b64decode(crypto.encrypt('secret')))
        for index in (0, 5, 20, 30, len(raw) - 1):
            changed = bytearray(raw)
            changed[index] ^= 1
            with self.assertRaises(CryptoError):
                crypto.decrypt(base64.urlsafe_b64encode(bytes(changed)))
        for token in ('', 'x', '!!', b'gAAA'):
            with self.assertRaises(CryptoError):
                crypto.decrypt(token)

    def test_keys_from_the_configuration(self) -> None:
        """And old ones."""
        with self.assertRaisesRegex(CryptoError, 'user-conf/crypto.ini'):
            Crypto().encrypt('x')
        old = Crypto().generate_secret().decode()
        token = Crypto(key=old).encrypt('x')
        _program.use('probe', {'user-conf/crypto.ini': f'[crypto]\nsecret_key = {KEY}\nold_keys = {old}, {KEY}\n'.encode()})
        self.assertEqual((Crypto().decrypt(token), Crypto(key=KEY).decrypt(Crypto().encrypt('y'))), ('x', 'y'))
        _program.use('probe', {'user-conf/crypto.ini': b'[crypto]\nsecret_key = short\n'})
        with self.assertRaisesRegex(CryptoError, '32 bytes'):
            Crypto().encrypt('x')

    def test_hashes_of_passwords(self) -> None:
        """In the form of passlib."""
        crypto = Crypto()
        made = crypto.hash_secret('secret', rounds=100)
        self.assertTrue(crypto.verify_hash('secret', made))
        self.assertFalse(crypto.verify_hash('Secret', made))
        # Made by passlib: pbkdf2_sha256.using(rounds=1000, salt=b'0123456789abcdef').hash('password')
        self.assertTrue(crypto.verify_hash('password', passlib_like('sha256', 'password', b'0123456789abcdef', 1000)))
        for wrong in ('', 'x', '$pbkdf2-sha512$0$a$b', '$pbkdf2-sha512$99999999$AAAA$AAAA'):
            with self.assertRaises(ValueError):
                crypto.verify_hash('x', wrong)

    def test_random_ones(self) -> None:
        """Their lengths, and that no two are the same."""
        crypto = Crypto()
        self.assertEqual(len(base64.urlsafe_b64decode(crypto.generate_secret())), 32)
        self.assertEqual((len(crypto.generate_hex_string()), len(crypto.generate_password())), (32, 32))
        self.assertIsInstance(crypto.generate_password(to_str=False), bytes)
        self.assertNotEqual(crypto.generate_secret(), crypto.generate_secret())
        with self.assertRaises(ValueError):
            crypto.generate_secret(bits=0)


def passlib_like(digest: str, secret: str, salt: bytes, rounds: int) -> str:
    """A hash as passlib writes it."""
    import hashlib

    def ab64(data: bytes) -> str:
        return base64.b64encode(data).decode().rstrip('=').replace('+', '.')

    return f'$pbkdf2-{digest}${rounds}${ab64(salt)}${ab64(hashlib.pbkdf2_hmac(digest, secret.encode(), salt, rounds))}'


class Others(unittest.TestCase):
    """What is left."""

    def test_figures_are_records_of_the_log(self) -> None:
        """With name, kind, value and labels."""
        service = Probe()
        with self.assertLogs('caisson.metrics', 'INFO') as logs:
            service.metrics.incr('orders')
            service.metrics.push('queue', 5, system='crm')
            with service.metrics.timer('call') as timer:
                pass
        facts = [json.loads(record.getMessage().removeprefix('metric ')) for record in logs.records]
        self.assertEqual(facts[0], {'name': 'orders', 'kind': 'counter', 'value': 1, 'service': 'probe'})
        self.assertEqual((facts[1]['kind'], facts[1]['system'], facts[2]['value']), ('gauge', 'crm', timer.seconds))
        with self.assertRaisesRegex(TypeError, 'must be a number'):
            service.metrics.incr('orders', 'x')

    def test_attributes_that_there_are_not_say_what_to_use(self) -> None:
        """Those of Zato."""
        for name, says in (
            ('server', 'self.invoke'),
            ('commands', 'processes'),
            ('ibm_mq', 'kinds of connections'),
            ('odb', 'self.out.sql'),
        ):
            with self.assertRaisesRegex(AttributeError, f'no `self.{name}` here.*{says}'):
                getattr(Probe(), name)
            self.assertFalse(hasattr(Probe, name))
        with self.assertRaisesRegex(NotImplementedError, 'self.cache'):
            Probe().translate('crm', 'a', '1', 'erp', 'b')

    def test_an_unknown_attribute_names_the_nearest_in_the_report(self) -> None:
        """Where the operator reads it."""
        from caisson._absent import advice

        try:
            Probe().lgger
        except AttributeError as error:
            self.assertEqual(advice(error), '; did you mean `logger`?')

    def test_modules_of_zato_can_be_asked_what_they_have(self) -> None:
        """By an AttributeError, which `hasattr` and `pickle` count on; where a request imports a name, the report has the advice."""
        import zato
        import zato.common
        import zato.common.api
        import zato.server.service
        from caisson._absent import advice

        for module in (zato, zato.common, zato.common.api, zato.server.service):
            self.assertFalse(hasattr(module, 'no_such_name'))
        with self.assertRaisesRegex(AttributeError, 'there are no WebSocket channels'):
            getattr(zato.server.service, 'WSXHook')
        with self.assertRaises(ImportError) as raised:
            exec('from zato.server.service import WSXHook')
        self.assertRegex(advice(raised.exception), '; there is no `WSXHook` .* WebSocket channels')
        self.assertEqual(advice(ImportError("cannot import name 'x' from 'json'", name='json')), '')

    def test_logging_of_messages_hides_credentials(self) -> None:
        """And shortens."""
        service = type('Logging', (Probe,), {'channel': None, 'request': None, 'response': None})()
        service.channel = types.SimpleNamespace(name='c', data_format='json', type='rest')
        service.request = types.SimpleNamespace(
            headers={'authorization': 'Basic x', 'x-api-key': 'k', 'accept': '*/*'}, raw_request=b'x' * 20_000, content_type=None
        )
        service.response = types.SimpleNamespace(status_code=201, content_type='text/plain', payload={'a': 1})
        with self.assertLogs('caisson', 'INFO') as logs:
            service.log_input('Got')
            service.log_output()
        facts = json.loads(logs.records[0].getMessage().removeprefix('Got '))
        self.assertEqual(facts['headers'], {'authorization': '***', 'x-api-key': '***', 'accept': '*/*'})
        self.assertLess(len(facts['body']), 10_100)
        self.assertIn('201', logs.records[1].getMessage())


if __name__ == '__main__':
    unittest.main()
