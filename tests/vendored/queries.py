"""JMESPath: projections, filters, pipes, functions, errors."""
import jmespath
from caisson import Service

DATA = {'orders': [{'id': 1, 'total': 10, 'tags': ['a', 'b']}, {'id': 2, 'total': 30, 'tags': []}, {'id': 3, 'total': 20, 'tags': ['c']}]}


class Work(Service):
    def handle(self):
        try:
            jmespath.compile('orders[')
            wrong = 'compiled'
        except jmespath.exceptions.ParseError as error:
            wrong = type(error).__name__
        self.response.payload = {
            'filter': jmespath.search('orders[?total > `15`].id', DATA), 'sorted': jmespath.search('sort_by(orders, &total)[-1].id', DATA),
            'shape': jmespath.search('orders[].{n: id, first: tags[0]}', DATA), 'flat': jmespath.search('orders[].tags[]', DATA),
            'sum': jmespath.search('sum(orders[*].total) ', DATA), 'join': jmespath.search("join('-', orders[].tags[])", DATA), 'wrong': wrong,
        }
