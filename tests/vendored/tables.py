"""tabulate: formats, alignment, wide characters; chevron: Mustache; more-itertools; text-unidecode by python-slugify."""
import chevron
import more_itertools
from caisson import Service
from slugify import slugify
from tabulate import tabulate

ROWS = [['spam', 41.9999], ['eggs', 451.0], ['żółw', None]]


class Work(Service):
    def handle(self):
        self.response.payload = {
            'plain': tabulate(ROWS, headers=['item', 'price']), 'github': tabulate(ROWS, headers=['item', 'price'], tablefmt='github', missingval='?'),
            'html': tabulate([{'a': 1, 'b': '<'}], headers='keys', tablefmt='html'), 'grid': tabulate([[1, 'x']], tablefmt='grid'),
            'mustache': chevron.render('{{#items}}{{name}}={{{raw}}};{{/items}}{{^none}}no{{/none}} {{> foot}}',
                                       {'items': [{'name': 'a<', 'raw': '<b>'}]}, partials_dict={'foot': 'F{{x}}'}),
            'chunks': list(more_itertools.chunked(range(5), 2)), 'windows': list(more_itertools.windowed('abc', 2)),
            'peek': more_itertools.peekable([1, 2]).peek(), 'groups': [list(group) for group in more_itertools.split_when([1, 2, 4, 5], lambda a, b: b - a > 1)],
            'slug': slugify('Zażółć gęślą jaźń, 100%!'), 'short': slugify('one two three', max_length=7, word_boundary=True),
        }
