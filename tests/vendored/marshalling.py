"""marshmallow: nested schemas, loading and dumping, all errors at once."""
from datetime import date

from caisson import Service
from marshmallow import Schema, ValidationError, fields, post_load, validate


class ItemSchema(Schema):
    sku = fields.Str(required=True, validate=validate.Length(min=2))
    price = fields.Decimal(as_string=True)


class OrderSchema(Schema):
    id = fields.Int(required=True, strict=True)
    due = fields.Date()
    items = fields.List(fields.Nested(ItemSchema))
    mail = fields.Email()

    @post_load
    def make(self, data, **kwargs):
        return {**data, 'made': True}


class Work(Service):
    def handle(self):
        loaded = OrderSchema().load({'id': 1, 'due': '2026-02-03', 'items': [{'sku': 'AB', 'price': '1.10'}]})
        try:
            OrderSchema().load({'id': 'x', 'items': [{'sku': 'A'}], 'mail': 'nobody', 'more': 1})
            errors = {}
        except ValidationError as error:
            errors = error.normalized_messages()
        self.response.payload = {'made': loaded['made'], 'due': loaded['due'] == date(2026, 2, 3), 'dumped': OrderSchema().dump(loaded),
                                 'errors': errors}
