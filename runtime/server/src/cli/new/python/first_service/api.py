"""Services of this package. Saved in the services folder of a running server, they answer at once."""

from caisson import Service


class FirstService(Service):
    """Greets whoever is named in the message."""

    # Without it the name is made from the module and the class: first-service.api.first-service
    name = 'first-service.first-service'

    # What it takes and what it answers. A dash says that an element may be missing.
    input = '-name'
    output = 'greeting'

    def handle(self) -> None:
        """Answers a message."""
        # The message: JSON body and query parameters alike.
        name = self.request.input.get('name') or 'world'

        # Seen by `caisson logs`, with the correlation id of this message.
        self.logger.info('Greeting %s', name)

        # The answer, as JSON. Text, bytes, lists and dicts can be assigned to `payload` as well.
        self.response.payload.greeting = f'Hello, {name}'

        # More that a service can do:
        #   self.response.status_code = 202
        #   self.response.headers['X-Greeted'] = name
        #   answer = self.invoke('other.service', {'name': name})
