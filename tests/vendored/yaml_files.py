"""PyYAML, without its compiled part: reading and writing, anchors, tags, several documents, errors with lines, safety."""
import yaml
from caisson import Service

TEXT = """
base: &base {retries: 3, wait: 1.5}
live: {<<: *base, wait: 2}
when: 2026-02-03
text: |
  two
  lines
list: [1, 0x1F, yes, ~, 'zażółć']
"""


class Work(Service):
    def handle(self):
        data = yaml.safe_load(TEXT)
        try:
            yaml.safe_load('a: [1, 2\nb: 3')
            line = None
        except yaml.YAMLError as error:
            line = error.problem_mark.line + 1
        try:
            yaml.safe_load('!!python/object/apply:os.system ["ls"]')
            unsafe = 'ran'
        except yaml.constructor.ConstructorError:
            unsafe = 'refused'
        self.response.payload = {
            'live': data['live'], 'when': data['when'].isoformat(), 'text': data['text'], 'list': data['list'],
            'dumped': yaml.safe_dump({'b': [1, {'c': None}], 'a': 'ż: x'}, allow_unicode=True), 'line': line, 'unsafe': unsafe,
            'documents': list(yaml.safe_load_all('--- 1\n--- [2]\n')), 'compiled': yaml.__with_libyaml__,
            'again': yaml.safe_load(yaml.safe_dump(data)) == data,
        }
