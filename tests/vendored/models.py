"""pydantic 1: nested models, defaults, constraints, validators, errors with their places, JSON and JSON Schema."""
from datetime import date, datetime
from decimal import Decimal
from typing import Dict, List, Literal, Optional, Union

import pydantic
from caisson import Service


class Item(pydantic.BaseModel):
    sku: pydantic.constr(min_length=2, regex='^[A-Z]+$')
    qty: int = pydantic.Field(1, gt=0)
    price: Decimal


class Order(pydantic.BaseModel):
    id: int
    kind: Literal['web', 'shop'] = 'web'
    placed: datetime
    due: Optional[date]
    items: List[Item]
    labels: Dict[str, Union[int, str]] = {}

    class Config:
        extra = 'forbid'

    @pydantic.validator('items')
    def has_items(cls, value):
        if not value:
            raise ValueError('an order has items')
        return value

    @pydantic.root_validator
    def is_due_later(cls, values):
        if values.get('due') and values['due'] < values['placed'].date():
            raise ValueError('due before it was placed')
        return values


class Work(Service):
    def handle(self):
        good = Order.parse_raw('{"id": "7", "placed": "2026-02-03T04:05:06Z", "due": "2026-02-04", '
                               '"items": [{"sku": "AB", "price": "1.10"}], "labels": {"a": 1, "b": "x"}}')
        try:
            Order(id='x', placed='yesterday', items=[{'sku': 'a', 'qty': 0, 'price': 'much'}], more=1)
            errors = []
        except pydantic.ValidationError as error:
            errors = sorted(['.'.join(map(str, one['loc'])), one['type']] for one in error.errors())
        self.response.payload = {
            'json': good.json(), 'total': str(sum(item.price * item.qty for item in good.items)), 'errors': errors,
            'copy': good.copy(update={'id': 8}).id, 'schema': sorted(Order.schema()['properties']),
        }
