"""Jinja2: inheritance, loops, filters, escaping, macros, a custom filter, an error of a template."""
from importlib.resources import files

import jinja2
from caisson import Service

ENVIRONMENT = jinja2.Environment(
    loader=jinja2.DictLoader({
        'base': '<h1>{% block title %}none{% endblock %}</h1>{% block body %}{% endblock %}',
        'order': "{% extends 'base' %}{% from 'macros' import money %}{% block title %}{{ order.id }}{% endblock %}"
                 '{% block body %}{% for item in order["items"] if item.qty > 0 %}{{ loop.index }}:{{ item.name|e }}={{ money(item.price * item.qty) }}'
                 '{% if not loop.last %};{% endif %}{% else %}empty{% endfor %}{% endblock %}',
        'macros': "{% macro money(value) %}{{ '%.2f'|format(value) }} {{ currency|default('EUR') }}{% endmacro %}",
    }),
    autoescape=True, undefined=jinja2.StrictUndefined)
ENVIRONMENT.filters['shout'] = lambda text: text.upper() + '!'


class Work(Service):
    def handle(self):
        order = {'id': 7, 'items': [{'name': 'a<b', 'price': 1.5, 'qty': 2}, {'name': 'gone', 'price': 1, 'qty': 0},
                                    {'name': 'z', 'price': 0.125, 'qty': 1}]}
        try:
            ENVIRONMENT.from_string('{{ nothing.here }}').render()
            missing = 'rendered'
        except jinja2.UndefinedError as error:
            missing = str(error)
        try:
            ENVIRONMENT.from_string('a\n{% if %}')
            wrong = 0
        except jinja2.TemplateSyntaxError as error:
            wrong = error.lineno
        self.response.payload = {
            'page': ENVIRONMENT.get_template('order').render(order=order), 'filter': ENVIRONMENT.from_string('{{ "hi"|shout }}').render(),
            'missing': missing, 'wrong_line': wrong, 'licence': bool(files('jinja2')),
            'set': ENVIRONMENT.from_string('{% set ns = namespace(n=0) %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}').render(),
        }
