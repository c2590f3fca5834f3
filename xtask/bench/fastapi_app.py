"""The reference with FastAPI: the same two requests as the sample services `hello` and `order`."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse

app = FastAPI()


class Order:
    """An order as it came in, with the amount of every line."""

    def __init__(self, document):
        self.id = document['id']
        self.note = document['note']
        self.lines = [(item['sku'], item['qty'] * item['price']) for item in document['items']]

    def total(self):
        return sum(amount for _, amount in self.lines)


@app.get('/hello')
async def hello():
    return PlainTextResponse('How goes it?')


@app.post('/order')
async def transform(request: Request):
    order = Order(await request.json())
    return JSONResponse({
        'orderId': order.id,
        'total': round(order.total(), 2),
        'lines': [{'sku': sku.upper(), 'amount': amount} for sku, amount in order.lines],
        'note': ' '.join(reversed(order.note.split())),
    })
