"""Answers what it was sent: the least that a service can do."""

from caisson import Service


class Echo(Service):
    def handle(self):
        self.response.payload = self.request.raw_request
