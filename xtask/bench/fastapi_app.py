"""The reference with FastAPI: the same requests as the services that are measured. DATABASE is for `/customer`, the address of a PostgreSQL."""

import os
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, PlainTextResponse


@asynccontextmanager
async def lifespan(app):
    # Each of the two workers has half of the connections that the others have.
    app.state.pool = await asyncpg.create_pool(os.environ['DATABASE'], min_size=5, max_size=5) if 'DATABASE' in os.environ else None
    yield


app = FastAPI(lifespan=lifespan)


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


@app.get('/customer')
async def customer(id: int):
    row = await app.state.pool.fetchrow('select id, name, email from customers where id = $1', id)
    if row is None:
        raise HTTPException(404)
    return JSONResponse(dict(row))
