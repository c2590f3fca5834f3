from zato.server.service import Service

class HelloWorld(Service):
    def handle(self):
        self.response.payload = 'How goes it?'
