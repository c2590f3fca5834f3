"""Reads a model of 20 fields from a dict, as often as `TIMES` says: what a declared input costs, without all around it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from caisson import Model, Service

TIMES = 100


@dataclass(init=False)
class Customer(Model):
    """The fields of a usual record; `native_models.py` has the same ones for pydantic."""

    customer_id: int
    key: UUID
    name: str
    email: str
    phone: str | None = None
    street: str
    city: str
    postcode: str
    country: str = 'DE'
    born: date
    created: datetime
    changed: datetime
    is_active: bool
    is_business: bool = False
    credit: Decimal
    discount: float
    orders: int
    visits: int = 0
    tags: list[str]
    note: str = ''


class Validate(Service):
    def handle(self):
        row = self.request.payload
        for _ in range(TIMES):
            customer = Customer.from_dict(row)
        self.response.payload = {'id': customer.customer_id}
