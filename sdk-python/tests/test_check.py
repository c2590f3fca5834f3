"""What `caisson check` finds in services without running them."""

import unittest

from tests import _stub

_stub.install()

from caisson._check import check  # noqa: E402

HEAD = 'from caisson import Service\nclass A(Service):\n'
HANDLE = HEAD + '    def handle(self):\n        '

# source, line, level, code, what the message says
CASES = (
    ('import sqlite3\n', 1, 'error', 'import-absent', 'self.out.sql'),
    ('import requests\n', 1, 'error', 'import-absent', 'self.rest'),
    ('from lxml import etree\n', 1, 'error', 'import-absent', 'ElementTree'),
    ('try:\n    import numpy\nexcept ImportError:\n    numpy = None\n', 2, 'warning', 'import-absent', 'compiled'),
    ('import smtplib\n', 1, 'error', 'import-limited', 'no sockets'),
    ('import subprocess\n', 1, 'warning', 'import-limited', 'no processes'),
    ('from http import client\n', 1, 'warning', 'import-limited', 'http.client'),
    ('import dateutil\n', 1, 'warning', 'import-unknown', 'vendor/'),
    ('from zato.common.util import x\n', 1, 'error', 'import-zato', 'standard library'),
    ('from zato.common.api import SMTPMessage\n', 1, 'error', 'import-zato', 'mail provider'),
    ('from zato.common.exception import NotFond\n', 1, 'error', 'import-zato', 'did you mean `NotFound`'),
    ('from caisson import Servce\n', 1, 'error', 'import-zato', 'did you mean `Service`'),
    ('import caisson.htp\n', 1, 'error', 'import-zato', 'did you mean `caisson.http`'),
    ('from caisson._bunch import Bunch\n', 1, 'warning', 'import-private', 'private'),
    ('open("x")\n', 1, 'error', 'files', 'no files'),
    ('from urllib.request import urlopen as get\nget("http://x")\n', 2, 'error', 'sockets', 'urllib.request.urlopen'),
    ('import os\nos.system("ls")\n', 2, 'error', 'processes', 'self.invoke'),
    ('import os\nx = os.environ["X"]\n', 2, 'warning', 'environment', 'self.config'),
    ('from pathlib import Path\nPath("x").read_text()\n', 2, 'warning', 'files', 'read_text'),
    ('n = 0\ndef f():\n    global n\n', 3, 'warning', 'state', 'self.cache'),
    (HANDLE + 'A.n = 1\n', 4, 'warning', 'state', 'A.n'),
    (HANDLE + 'self.ibm_mq["x"].send("y")\n', 4, 'error', 'attribute-absent', 'kinds of connections'),
    (HANDLE + 'self.lgger.info("x")\n', 4, 'error', 'attribute-unknown', 'did you mean `logger`'),
    (HANDLE + 'self.request.payloda.x\n', 4, 'error', 'attribute-unknown', 'did you mean `payload`'),
    (HANDLE + 'self.response.status = 5\n', 4, 'error', 'attribute-unknown', 'did you mean `status_code`'),
    (HANDLE + 'self.request.http.heders["x"]\n', 4, 'error', 'attribute-unknown', 'did you mean `headers`'),
    (HANDLE + 'self.request.ibm_mq.msg_id\n', 4, 'error', 'attribute-absent', 'self.request.message'),
    (HANDLE + 'self.time.nw()\n', 4, 'error', 'attribute-unknown', 'did you mean `now`'),
    (HEAD + '    def handle(self, msg): pass\n', 3, 'error', 'signature', 'self.request'),
    (HEAD + '    def handle(self): yield 1\n', 3, 'error', 'generator', 'self.response.payload = self.rows()'),
    (HEAD + '    def handle_get(self): pass\n', 3, 'warning', 'signature', 'upper case'),
    (
        HEAD + '    def handle(self): pass\n    def before_handel(self): pass\n',
        4,
        'warning',
        'signature',
        'did you mean `before_handle`',
    ),
    (HEAD + '    class SimpleIO:\n        input_requred = "a"\n', 4, 'error', 'declaration', 'did you mean `input_required`'),
    (HEAD + '    input = "a"\n    class SimpleIO:\n        input_optional = "b"\n', 4, 'error', 'declaration', 'keep one'),
    (HEAD + '    input = "a", "-a"\n', 3, 'error', 'declaration', 'declared twice'),
    (HEAD + '    output = "a", 5\n', 3, 'error', 'declaration', 'a name is text'),
    ('def (\n', 1, 'error', 'syntax', 'SyntaxError'),
)

FINE = '''
import json, re, time, datetime, asyncio, logging
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zato.server.service import Service
from zato.common.exception import *
from zato.common.typing_ import list_, optional
from probe.other import helper
from . import other
if TYPE_CHECKING:
    import pandas

class Base(Service):
    def common(self):
        self.seen = []

class Fine(Base):
    name = 'fine'
    class SimpleIO:
        input_required = 'a', 'b'
        response_elem = None
    def handle(self, *args, flag=False):
        self.common()
        self.seen.append(self.request.input.a)
        self.request.payload.whatever.is_in.it = self.request.http.GET.a
        self.response.payload.x.y = self.out.sql['x'].execute('select 1')
        self.response.status_code = 201
        self.logger.info('%s %s', self.cid, self.config.a.b.c)
        time.sleep(1)
        local = self.helper
        self.environ.x = self.wsgi_environ['REMOTE_ADDR']
        self.channel.security.name
        self.crypto.encrypt(self.time.utcnow())
    @property
    def helper(self): return 1
    @staticmethod
    def static(thing): return thing.nothing
    def after_handle(self): pass
    def open(self): open = self.common; open()

class Dynamic(Service):
    def handle(self):
        setattr(self, 'anything', 1)
        self.anything

class Foreign(SomethingElse, Service):
    def handle(self): self.of_something_else
'''


class Findings(unittest.TestCase):
    """What is found, and what is not."""

    def test_each_finding(self) -> None:
        """With its line, level and code, and nothing else."""
        for source, line, level, code, says in CASES:
            found = check({'probe/api.py': source})
            self.assertEqual(
                [(one['line'], one['level'], one['code']) for one in found if one['code'] == code],
                [(line, level, code)],
                (source, found),
            )
            self.assertIn(says, next(one['message'] for one in found if one['code'] == code), source)
            for one in found:
                self.assertEqual(sorted(one), ['code', 'column', 'file', 'level', 'line', 'message'])

    def test_nothing_is_found_in_what_works(self) -> None:
        """However it is written."""
        self.assertEqual(check({'probe/api.py': FINE, 'probe/other.py': 'helper = 1\n', 'probe/data.txt': 'x'}), [])

    def test_attributes_of_bases_in_other_files_count(self) -> None:
        """A base is found by its name."""
        base = 'from caisson import Service\nclass Base(Service):\n    def helper(self): pass\n'
        use = 'from probe.base import Base\nclass A(Base):\n    def handle(self):\n        self.helper()\n        self.helpr()\n'
        found = check({'probe/base.py': base, 'probe/use.py': use})
        self.assertEqual(
            [(one['file'], one['line'], one['message']) for one in found],
            [('probe/use.py', 5, 'services have no `self.helpr`; did you mean `helper`?')],
        )

    def test_files_that_hide_the_standard_library(self) -> None:
        """Once each."""
        found = check({'json.py': '', 'caisson/a.py': '', 'caisson/b.py': '', 'fine/json.py': ''})
        self.assertEqual([(one['file'], one['code']) for one in found], [('caisson/a.py', 'shadow'), ('json.py', 'shadow')])

    def test_they_are_sorted_and_bounded(self) -> None:
        """By file and line; a thousand at most."""
        found = check({'b.py': 'open(1)\n' * 3, 'a.py': 'open(1)\n' * 2_000})
        self.assertEqual((len(found), found[0]['file'], found[0]['line'], found[1]['line']), (1_000, 'a.py', 1, 2))


if __name__ == '__main__':
    unittest.main()
