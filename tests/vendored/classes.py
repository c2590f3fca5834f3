"""attrs: slots, validators, converters, factories, ordering, evolve, and its metadata."""
from importlib.metadata import version

import attr
import attrs
from caisson import Service


@attrs.define(order=True)
class Price:
    amount: int = attrs.field(converter=int, validator=attrs.validators.ge(0))
    currency: str = attrs.field(default='EUR', validator=attrs.validators.in_(['EUR', 'PLN']))


@attrs.frozen
class Order:
    id: int
    prices: list[Price] = attrs.Factory(list)
    total: int = attrs.field(init=False)

    @total.default
    def _total(self):
        return sum(price.amount for price in self.prices)


class Work(Service):
    def handle(self):
        order = Order(7, [Price('3'), Price(4)])
        refused = []
        for attempt in (lambda: Price(-1), lambda: Price(1, 'XYZ'), lambda: setattr(order, 'id', 8), lambda: setattr(Price(1), 'colour', 1)):
            try:
                attempt()
            except Exception as error:
                refused.append(type(error).__name__)
        self.response.payload = {
            'repr': repr(order), 'dict': attrs.asdict(order), 'less': Price(1) < Price(2), 'evolved': attrs.evolve(order, id=9).id,
            'refused': refused, 'fields': [field.name for field in attr.fields(Price)], 'version': version('attrs'),
            'hash': hash(attrs.make_class('P', ['x'], frozen=True)(1)) == hash(attrs.make_class('P', ['x'], frozen=True)(1)),
        }
