from caisson import Service as _Service


class Tool(_Service):
    """Answers what the command line asks."""

    name = 'caisson-tool'

    def handle(self):
        # As text: what the function answers is JSON, whatever the SDK would make of a payload.
        import json
        self.response.payload = json.dumps(ask(self.request.payload))
