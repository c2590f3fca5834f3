"""What is compiled while a package loads."""

import re
import unittest

from caisson._ahead import compile_patterns

try:
    import _strptime
except ImportError:
    _strptime = None


def kept():
    """The patterns and flags that `re` has kept."""
    return {(pattern, flags) for _, pattern, flags in re._cache}


class AheadTest(unittest.TestCase):
    def setUp(self):
        re.purge()

    def test_patterns_that_stand_in_calls_are_kept(self):
        compile_patterns(['''
import re
def handle(text):
    re.sub(r'(\\d)a', 'x', text)
    re.findall(b'b+', text)
    re.search('c', text, re.I | re.M)
    re.split('d', text, flags=re.X)
    re.sub('e', '', text, 0, re.S)
    other.sub('no', text)
    re.sub(text, 'no', text)
    re.search('unknown', text, flags)
''', "text.split(',')"])
        wanted = {(r'(\d)a', 0), (b'b+', 0), ('c', int(re.I | re.M)), ('d', int(re.X)), ('e', int(re.S))}
        self.assertEqual({(pattern, int(flags)) for pattern, flags in kept()}, wanted)

    def test_what_is_wrong_with_a_pattern_is_told_when_it_is_used(self):
        compile_patterns(["import re\nre.sub('(', '', x)\nre.sub('fine', '', x)\nre.sub('{5}'"
                          " + y, '', x)\nre.match('a{99999999999999999999}', x)\nx.strptime(y, '%')\nx.strptime(y, '%q')\nx.strptime()"])
        self.assertEqual(kept() & {('(', 0), ('fine', 0)}, {('fine', 0)})

    def test_formats_of_times_are_kept(self):
        _strptime._regex_cache.clear()
        compile_patterns(["datetime.strptime(text, '%d.%m.%Y')\ntime.strptime(text, form)"])
        self.assertIn('%d.%m.%Y', _strptime._regex_cache)

    def test_others_keep_their_room(self):
        compile_patterns(['import re\n' + '\n'.join(f"re.sub('x{number}', '', y)" for number in range(600))])
        self.assertLessEqual(len(kept()), 256)


if __name__ == '__main__':
    unittest.main()
