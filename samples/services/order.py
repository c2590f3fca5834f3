"""Turns the order of a web shop into the form that a warehouse expects."""

from zato.server.service import Service


class Line:
    """One article of an order."""

    def __init__(self, item):
        self.sku = item['sku'].upper()
        self.amount = item['qty'] * item['price']


class TransformOrder(Service):
    """Adds up an order: JSON with `id`, `note` and `items` in, JSON with `orderId`, `note`, `lines` and `total` out.

    The words of the note are reversed, as the warehouse reads from the end.
    """

    def handle(self):
        order = self.request.payload
        lines = [Line(item) for item in order['items']]
        self.response.payload = {
            'orderId': order['id'],
            'total': round(sum(line.amount for line in lines), 2),
            'lines': [{'sku': line.sku, 'amount': line.amount} for line in lines],
            'note': ' '.join(reversed(order['note'].split())),
        }
