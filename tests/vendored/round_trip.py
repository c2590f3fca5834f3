"""ruamel.yaml: a file that is changed keeps its comments and order."""
import io

from caisson import Service
from ruamel.yaml import YAML


class Work(Service):
    def handle(self):
        yaml = YAML()
        data = yaml.load('# about\nb: 1  # one\na: [1, 2]\n')
        data['b'] = 2
        out = io.StringIO()
        yaml.dump(data, out)
        self.response.payload = {'text': out.getvalue(), 'safe': YAML(typ='safe', pure=True).load('x: [1, {y: 2.5}]')}
