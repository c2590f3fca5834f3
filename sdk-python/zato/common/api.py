"""Constants that services of Zato use."""

from caisson._absent import module_getattr


class DATA_FORMAT:
    """Formats of messages."""

    CSV = 'csv'
    DICT = 'dict'
    FORM_DATA = 'form'
    HL7 = 'hl7'
    JSON = 'json'
    POST = 'post'
    SOAP = 'soap'
    XML = 'xml'


class CHANNEL:
    """Types of channels, as `self.channel.type` has them."""

    AMQP = 'amqp'
    FANOUT_CALL = 'fanout-call'
    FANOUT_ON_FINAL = 'fanout-on-final'
    FANOUT_ON_TARGET = 'fanout-on-target'
    HTTP_SOAP = 'http-soap'
    INVOKE = 'invoke'
    INVOKE_ASYNC = 'invoke-async'
    INVOKE_ASYNC_CALLBACK = 'invoke-async-callback'
    PARALLEL_EXEC_CALL = 'parallel-exec-call'
    PARALLEL_EXEC_ON_TARGET = 'parallel-exec-on-target'
    PUBLISH = 'publish'
    SCHEDULER = 'scheduler'
    STARTUP_SERVICE = 'startup-service'


class CONTENT_TYPE:
    """Media types."""

    FORM = 'application/x-www-form-urlencoded'
    JSON = 'application/json'
    PLAIN_XML = 'application/xml'
    SOAP11 = 'text/xml'
    SOAP12 = 'application/soap+xml'
    TEXT = 'text/plain'


class URL_TYPE:
    """What `self.transport` says of messages that came by HTTP."""

    PLAIN_HTTP = 'plain_http'
    SOAP = 'soap'


__all__ = ['CHANNEL', 'CONTENT_TYPE', 'DATA_FORMAT', 'URL_TYPE']

__getattr__ = module_getattr(__name__)
