"""Constants that services of Zato use."""


class DATA_FORMAT:
    """Formats of messages."""

    CSV = 'csv'
    DICT = 'dict'
    FORM_DATA = 'form'
    JSON = 'json'
    POST = 'post'
    XML = 'xml'


class CHANNEL:
    """Types of channels."""

    HTTP_SOAP = 'http-soap'
    INVOKE = 'invoke'
    INVOKE_ASYNC = 'invoke-async'
    SCHEDULER = 'scheduler'


__all__ = ['CHANNEL', 'DATA_FORMAT']
