"""One service for callers of JSON and of SOAP; the SOAP channel for it is `stock` in `samples/caisson.yaml`."""

from zato.common.exception import NotFound
from zato.server.service import Service

STOCK = {'nut': 70, 'bolt': 12}


class GetStock(Service):
    """How much there is of an article: `sku` in, `sku` and `inStock` out."""

    def handle(self):
        sku = self.request.payload['sku']
        if sku not in STOCK:
            raise NotFound(self.cid, f'There is no article `{sku}`')
        self.response.payload = {'sku': sku, 'inStock': STOCK[sku]}
