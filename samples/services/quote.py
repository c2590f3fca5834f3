"""What an order costs with value added tax: a service that calls another one."""

from zato.common.exception import BadRequest, NotFound
from zato.server.service import Service

# Percent. Kept here to have a sample in one file; rates that change belong into a database.
RATES = {'CZ': 21, 'DE': 19, 'FR': 20, 'MT': 18}


class GetQuote(Service):
    """Takes an order with the `country` that it goes to; answers net, tax and gross."""

    def handle(self):
        order = self.request.payload
        if not isinstance(order, dict) or not order.get('items'):
            raise BadRequest(self.cid, 'An order needs items', needs_msg=True)
        country = order.get('country', '')
        if country not in RATES:
            raise NotFound(self.cid, f'No tax rate for country `{country}`')

        # Only this one service knows how orders are added up.
        net = self.invoke('order.transform-order', {'id': '', 'note': '', **order})['total']
        tax = round(net * RATES[country] / 100, 2)
        self.logger.info('Quoted %s to %s', net, country)
        self.response.payload = {'net': net, 'tax': tax, 'gross': round(net + tax, 2)}
