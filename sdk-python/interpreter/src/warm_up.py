"""Services that run once, while the base image is made, over the paths that every request takes."""
import json

from caisson import Model, NotFound, Service


class Hello(Service):
    def handle(self):
        self.response.payload = 'hello'


class Echo(Service):
    def handle(self):
        self.response.payload = self.request.payload


class Order(Service):
    def handle(self):
        data = json.loads(json.dumps(self.request.payload or {}))
        http = self.request.http
        self.response.headers['X-Warm'] = http.headers.get('accept', '')
        self.response.status_code = 201
        self.response.payload = {'cid': self.cid, 'input': self.request.input, 'get': http.GET, 'items': [data]}


class Item(Model):
    sku: str
    price: float = 0.0


class Told(Model):
    id: int
    items: list[Item]
    note: str = ''


class Declared(Service):
    input = 'id', '-note'
    output = 'id', '-note'

    def handle(self):
        self.response.payload.id = self.request.input.get('id')


class Modelled(Service):
    input = Told
    output = Told

    def handle(self):
        self.response.payload = self.request.input


class Fail(Service):
    def handle(self):
        self.logger.info('warm %s', 'up')
        if self.request.payload:
            raise NotFound(self.cid, 'no')
        raise ValueError('no')
