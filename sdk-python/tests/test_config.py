"""Configuration files and YAML."""

import unittest

from tests import _stub

_stub.install()

from caisson import _program  # noqa: E402
from caisson._config import ConfigError, config, static  # noqa: E402
from caisson._yaml import YAMLError, load  # noqa: E402

INI = b'''# remark
top = 1
[crm]
url = https://crm.example/api?a=1,2   ; remark
timeout = 30
ratio = 0.5
is_active = True
off = no
zip = 007
quoted = "5"
names = a, b, 3
empty =
pattern = a#b
long = one
  two
[[inner]]
deep = x
[ledger]
a: b
'''


class Files(unittest.TestCase):
    """`self.config`"""

    def setUp(self) -> None:
        self.addCleanup(_program.use, '', {})

    def use(self, **files: bytes) -> None:
        """A package with these files; `__` is a slash, `_dot_` a dot."""
        _program.use('probe', {name.replace('__', '/').replace('_dot_', '.'): text for name, text in files.items()})

    def test_ini(self) -> None:
        """Values as users of Zato expect them."""
        self.use(probe__settings_dot_ini=INI)
        crm = config.settings.crm
        self.assertEqual((config.settings.top, crm.timeout, crm['ratio'], crm.is_active, crm.off), (1, 30, 0.5, True, False))
        self.assertEqual((crm.zip, crm.quoted, crm.names, crm.empty, crm.pattern), ('007', '5', ['a', 'b', 3], '', 'a#b'))
        self.assertEqual((crm.url, crm.long, crm.inner.deep), ('https://crm.example/api?a=1,2', 'one\ntwo', 'x'))
        self.assertEqual(config['settings']['ledger']['a'], 'b')

    def test_other_forms(self) -> None:
        """TOML, YAML, JSON."""
        self.use(
            probe__a_dot_toml=b'[s]\nk = [1, 2]\n',
            probe__config__b_dot_yaml=b's:\n  k: [{x: 1}]\n',
            probe__c_dot_json=b'{"s": {"k": null}}',
        )
        self.assertEqual((config.a.s.k, config.b.s.k[0].x, config.c.s.k), ([1, 2], 1, None))

    def test_the_operator_wins(self) -> None:
        """A file of one name in a later folder takes its place."""
        self.use(probe__a_dot_ini=b'k = 1\n', probe__config__a_dot_ini=b'k = 2\n')
        self.assertEqual(config.a.k, 2)
        _program.use(
            'probe',
            {
                'probe/a.ini': b'k = 1\n',
                'user-conf/a.ini': b'k = 3\n',
                'probe/user-conf/a.ini': b'k = 2\n',
                'other/a.ini': b'k = 9\n',
            },
        )
        self.assertEqual(config.a.k, 3)

    def test_what_is_not_there(self) -> None:
        """An error with the nearest name, however it is asked for."""
        self.use(probe__settings_dot_ini=INI)
        for ask in (lambda: config.settings.crm.timeot, lambda: config.settings.crm['timeot']):
            with self.assertRaisesRegex(ConfigError, r'probe/settings.ini: crm has no `timeot`; did you mean `timeout`'):
                ask()
        with self.assertRaises(AttributeError):
            config.setings
        with self.assertRaises(KeyError):
            config['other']
        self.assertEqual((config.get('other', 5), config.settings.crm.get('nothing'), hasattr(config, 'other')), (5, None, False))
        with self.assertRaisesRegex(AttributeError, 'only be read'):
            config.settings.crm.timeout = 5

    def test_a_broken_file_is_an_error_where_it_is_used(self) -> None:
        """And nowhere else."""
        self.use(
            probe__a_dot_ini=b'[x\n',
            probe__b_dot_yaml=b'a: &x 1\n',
            probe__c_dot_toml=b'=',
            probe__d_dot_ini=b'\xff',
            probe__e_dot_ini=b'k = 1',
        )
        self.assertEqual(config.e.k, 1)
        for name, says in (
            ('a', 'probe/a.ini: line 1'),
            ('b', 'probe/b.yaml: line 1: anchors'),
            ('c', 'probe/c.toml'),
            ('d', 'UTF-8'),
        ):
            with self.assertRaisesRegex(ConfigError, says):
                config[name]

    def test_static_files(self) -> None:
        """Text, bytes, and configuration as such."""
        _program.use('probe', {'probe/static/a.txt': b'text', 'probe/static/b.bin': b'\xff', 'probe/static/c.ini': b'k = 1'})
        self.assertEqual((static['a.txt'], static['b.bin'], static.c.k), ('text', b'\xff', 1))


class YAML(unittest.TestCase):
    """The part of it that is read; the expectations were made with PyYAML."""

    def test_documents(self) -> None:
        """All styles."""
        for text, value in (
            (
                'a: 1\nb:\n  - x\n  - y: 2\n    z: [1, 2, {q: "r, s"}]\n  - - 1\n    - 2\n',
                {'a': 1, 'b': ['x', {'y': 2, 'z': [1, 2, {'q': 'r, s'}]}, [1, 2]]},
            ),
            (
                'c: |\n  text\n   more\n\n  end\nd: >-\n  folded\n  line\n\n  next\n',
                {'c': 'text\n more\n\nend\n', 'd': 'folded line\nnext'},
            ),
            ('e: "quo\\n\\u0041" # c\nf: \'it\'\'s\'\n', {'e': 'quo\nA', 'f': "it's"}),
            ('x:\n- 1\n- 2\ny: 3', {'x': [1, 2], 'y': 3}),
            (
                'n: http://x:80/y\no: {}\np: []\nq:\nr: plain\n  more\n',
                {'n': 'http://x:80/y', 'o': {}, 'p': [], 'q': None, 'r': 'plain more'},
            ),
            ('k: "a\n  b\n  c"\n', {'k': 'a b c'}),
            ('---\na: 1\n', {'a': 1}),
            ('[1, 2,\n 3]', [1, 2, 3]),
            ('just text', 'just text'),
            ('', None),
            ('a: ~\nb: yes\nc: -1.5e3\nd: 0x1F\n', {'a': None, 'b': True, 'c': -1500.0, 'd': 31}),
            ('- a\n-\n  d: 3\n', ['a', {'d': 3}]),
        ):
            self.assertEqual(load(text), value, text)

    def test_what_is_not_read(self) -> None:
        """Is refused with its line."""
        for text, says in (
            ('a: *x', 'line 1: anchors'),
            ('a: 1\n---\nb: 2', 'line 2: one document'),
            ('a: 1\n\tb: 2', 'line 2: indented with a tab'),
            ('<<: x', 'merge keys'),
            ('a: 1\na: 2', 'line 2: `a` is there already'),
            ('a: [1', 'bracket'),
            ('a: "x', 'quote'),
            ('a: 1\n  b: 2', 'line 2'),
            ('- 1\nb: 2', 'line 2'),
            ('a: !!int 1', 'tags'),
            ('a: ' + '[' * 100 + ']' * 100, 'nested'),
        ):
            with self.assertRaisesRegex(YAMLError, says):
                load(text)


if __name__ == '__main__':
    unittest.main()
