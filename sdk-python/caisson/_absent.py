"""Names of Zato that are not here, each with what to use instead; and what an unknown name was probably meant to be.

The tables serve three: attributes of services that raise with the advice, imports below `zato` that fail with it when a
package is loaded, and `caisson check`, which finds both before.
"""

from __future__ import annotations

import re
import sys
from typing import Any

__all__ = ['ATTRIBUTES', 'MODULES', 'NAMES', 'SANDBOX', 'Absent', 'install', 'module_getattr', 'nearest']

_CONNECTIONS = (
    'caisson.http, caisson.sql, caisson.redis and caisson.amqp are the kinds of connections that there are; a system with an '
    'HTTP API is reached by self.rest["NAME"]'
)

ATTRIBUTES: dict[str, str] = {
    'as2': _CONNECTIONS,
    'as4': _CONNECTIONS,
    'aws': 'use self.rest["NAME"] for the HTTP API of the service',
    'cassandra_conn': _CONNECTIONS,
    'cassandra_query': _CONNECTIONS,
    'cloud': 'use self.rest["NAME"] with an http connection for the HTTP API of the provider',
    'commands': 'the sandbox starts no processes; put the command behind an HTTP API and call it by self.rest["NAME"]',
    'component_enabled_sms': 'there are no optional components',
    'definition': _CONNECTIONS,
    'destination': 'send to further connections from `handle`, e.g. by self.rest["NAME"].post(...)',
    'email': 'use self.rest["NAME"] for the HTTP API of a mail provider',
    'es': 'use self.rest["NAME"] for the HTTP API of Elasticsearch',
    'fhir': 'use self.rest["NAME"] for the HTTP API of the FHIR server',
    'ftp': _CONNECTIONS,
    'grpc': _CONNECTIONS,
    'ibm_mq': _CONNECTIONS,
    'im': 'use self.rest["NAME"] for the HTTP API of the messenger',
    'jsonrpc': 'use self.rest["NAME"].post(...) with the JSON-RPC message',
    'keysight': 'use self.rest["NAME"]',
    'kafka': _CONNECTIONS,
    'ldap': _CONNECTIONS,
    'llm': 'use self.rest["NAME"] for the HTTP API of the provider',
    'microsoft': 'use self.rest["NAME"] for Microsoft Graph',
    'mllp': _CONNECTIONS,
    'mongodb': _CONNECTIONS,
    'msg_ns_store': 'use a dict',
    'odata': 'use self.rest["NAME"] for the OData service',
    'odb': (
        'the data of the server is not for services; the admin API of the server lists what is deployed, and '
        'self.out.sql["NAME"] is for databases of yours'
    ),
    'rules': 'there is no rule engine; write the rules as functions, or call one by self.rest["NAME"]',
    'salesforce': 'use self.rest["NAME"] for the HTTP API of Salesforce',
    'sap': _CONNECTIONS,
    'search': 'use self.rest["NAME"] for the HTTP API of Elasticsearch or Solr',
    'server': (
        'a service runs in a sandbox and has no way to the inside of the server; connections are self.out, configuration is '
        'self.config, services are self.invoke'
    ),
    'sftp': _CONNECTIONS,
    'slack': 'use self.rest["NAME"] for the HTTP API of Slack',
    'slow_threshold': 'slow calls are found in the metric caisson_invocation_duration_seconds of the server',
    'smb': _CONNECTIONS,
    'sms': 'use self.rest["NAME"] for the HTTP API of the provider',
    'soap': 'use self.rest["NAME"].post(...) with the envelope as text',
    'pubsub': 'messages come by channels of type redis or amqp, and go out by self.out.amqp and caisson.redis',
    'publish': 'messages go out by self.out.amqp and caisson.redis; a service is called in the background by self.invoke_async',
    'usage': 'calls are counted in the metrics of the server, by service',
    'vault': 'secrets are kept by the server and put into connections, which use them; a service never sees them',
    'worker_config': 'use self.config',
    'worker_store': 'connections are self.out, services are self.invoke',
    'wsx': _CONNECTIONS,
    'zmq': _CONNECTIONS,
    'delivery_store': 'use self.invoke_async',
    'broker_client': 'use self.invoke_async',
}
"""Attributes of services of Zato that services do not have here."""

MODULES: dict[str, str] = {
    'zato.admin': 'there is no dashboard to import; see the admin API',
    'zato.bunch': 'from caisson import Bunch',
    'zato.cache': 'use self.cache',
    'zato.cli': 'the command line is `caisson`',
    'zato.client': 'use self.invoke for services and self.rest for HTTP',
    'zato.common.audit_log': 'the server keeps the audit log: caisson audit',
    'zato.common.broker_message': 'use self.invoke_async',
    'zato.common.crypto': 'use self.crypto',
    'zato.common.dispatch': 'use self.invoke',
    'zato.common.json_': 'import json',
    'zato.common.json_internal': 'import json',
    'zato.common.kvdb': 'use self.kvdb',
    'zato.common.marshal_': 'from zato.server.service import Model',
    'zato.common.marshal_.api': 'from zato.server.service import Model',
    'zato.common.odb': 'use self.out.sql["NAME"] for databases',
    'zato.common.pubsub': 'use channels and connections of type redis or amqp',
    'zato.common.rate_limiting': 'limits are options of channels',
    'zato.common.util': 'use the standard library',
    'zato.common.util.api': 'use the standard library: json, uuid, datetime, self.time, self.crypto',
    'zato.common.test': 'use caisson.testing',
    'zato.common.hl7': 'vendor a pure-Python HL7 library in the package',
    'zato.cy': 'declare input and output at the class',
    'zato.distlock': 'use self.lock',
    'zato.hl7v2': 'vendor a pure-Python HL7 library',
    'zato.openapi': 'the server makes the document: /openapi.json',
    'zato.scheduler': 'use self.schedule',
    'zato.server.connection.cache': 'use self.cache',
    'zato.server.base': 'services have no way to the inside of the server',
    'zato.server.pattern': 'use self.patterns',
    'zato.simpleio': 'declare input and output at the class',
    'zato.sso': 'security is defined for channels',
    'zato.zmq_': 'there is no ZeroMQ',
    'zato.vault': 'secrets are kept by the server',
}
"""Modules of Zato that are not here."""

NAMES: dict[str, str] = {
    'AMQPFacade': 'use self.out.amqp',
    'BusinessCentralAdapter': 'use RESTAdapter',
    'ODataAdapter': 'use RESTAdapter',
    'SAPAdapter': 'use RESTAdapter',
    'SOAPAdapter': 'use RESTAdapter, with the envelope as text',
    'PubSub': 'use channels and connections of type redis or amqp',
    'PubSubHook': 'what a subscriber does is a service on a channel of type redis or amqp',
    'PubSubMessage': 'messages of brokers are self.request.message',
    'WSXHook': 'there are no WebSocket channels',
    'WSXAdapter': 'there are no WebSocket connections',
    'SMTPMessage': 'use self.rest["NAME"] for the HTTP API of a mail provider',
    'AdminService': 'use Service',
    'AdminSIO': 'declare input and output at the class',
    'Internal': 'use Service',
    'PUBSUB': 'use channels and connections of type redis or amqp',
    'SCHEDULER': 'use self.schedule',
    'SEC_DEF_TYPE': 'self.channel.security.type is text: basic_auth, apikey, jwt, mtls, wss, admin',
    'ZatoReject': 'raise Forbidden',
    'ParsingException': 'raise BadRequest',
    'Reportable': 'raise BadRequest',
    'IDEDeploy': 'use caisson deploy',
    'SFTPOutput': 'there is no SFTP',
    'CommandResult': 'the sandbox starts no processes',
}
"""Names that modules of Zato have and those here do not."""

SANDBOX: dict[str, str] = {
    'sqlite3': 'a database is reached by self.out.sql["NAME"]',
    'ctypes': 'no native code can be loaded into the sandbox',
    'multiprocessing': 'the sandbox starts no processes; call services by self.invoke',
    'psycopg2': 'use self.out.sql["NAME"]',
    'pymysql': 'use self.out.sql["NAME"]',
    'MySQLdb': 'use self.out.sql["NAME"]',
    'cx_Oracle': 'use self.out.sql["NAME"]',
    'oracledb': 'use self.out.sql["NAME"]',
    'pyodbc': 'use self.out.sql["NAME"]',
    'sqlalchemy': 'use self.out.sql["NAME"]',
    'requests': 'use self.rest["NAME"], whose answers are as those of requests',
    'httpx': 'use self.rest["NAME"]',
    'aiohttp': 'use self.rest["NAME"]',
    'urllib3': 'use self.rest["NAME"]',
    'pycurl': 'use self.rest["NAME"]',
    'redis': 'use self.redis or caisson.redis',
    'pika': 'use self.out.amqp or caisson.amqp',
    'kombu': 'use self.out.amqp or caisson.amqp',
    'gevent': 'services are run side by side by the server',
    'greenlet': 'services are run side by side by the server',
    'eventlet': 'services are run side by side by the server',
    'paramiko': 'there are no sockets in the sandbox',
    'pysftp': 'there are no sockets in the sandbox',
    'ldap3': 'there are no sockets in the sandbox',
    'pymongo': 'there are no sockets in the sandbox',
    'suds': 'use self.rest["NAME"].post(...) with the envelope as text',
    'zeep': 'use self.rest["NAME"].post(...) with the envelope as text',
    'lxml': 'use xml.etree.ElementTree',
    'numpy': 'compiled extensions cannot be loaded',
    'pandas': 'compiled extensions cannot be loaded; see csv and caisson.sql',
    'cryptography': 'use self.crypto, hashlib and hmac',
    'orjson': 'use json, which is native here',
    'ujson': 'use json, which is native here',
    'simplejson': 'use json',
    'rapidjson': 'use json',
    'arrow': 'use self.time and datetime, or vendor it in the package',
    'bunch': 'from caisson import Bunch',
    'curses': 'there is no terminal',
    'fcntl': 'there are no files in the sandbox',
    'grp': 'there are no users in the sandbox',
    'pwd': 'there are no users in the sandbox',
    'mmap': 'there are no files in the sandbox',
    'resource': 'limits are those of the package',
    'termios': 'there is no terminal',
    'tty': 'there is no terminal',
    'pty': 'there is no terminal',
    'tkinter': 'there is no display',
    'readline': 'there is no terminal',
    'syslog': 'use self.logger',
    'ensurepip': 'vendor wheels in the package',
    'venv': 'vendor wheels in the package',
    'dbm': 'there are no files in the sandbox',
    'crypt': 'use self.crypto',
    'nis': 'there is no network',
    'spwd': 'there are no users in the sandbox',
}
"""Modules that services import elsewhere and that cannot be had in the sandbox."""


# Older versions of CPython tell the name in the text only.
_CANNOT_IMPORT = re.compile(r"cannot import name '(\w+)' from ")


def nearest(name: str, known: Any) -> str:
    """`; did you mean \\`x\\`?` for the known name that is most like this one, else nothing."""
    import difflib

    lower = {str(one).lower(): str(one) for one in known}
    found = difflib.get_close_matches(name.lower(), list(lower), n=1, cutoff=0.6)
    return f'; did you mean `{lower[found[0]]}`?' if found else ''


class Absent:
    """An attribute of services that there is in Zato and not here: reading it raises with what to use instead."""

    def __init__(self, name: str, advice: str) -> None:
        self._name = name
        self._advice = advice

    def __get__(self, service: Any, owner: type | None = None) -> Any:
        if service is None:
            # `getattr(cls, name)` asks whether there is one.
            raise AttributeError(f'services have no `{self._name}` here: {self._advice}')
        raise AttributeError(f'{service.get_name()}: services have no `self.{self._name}` here: {self._advice}')


def module_getattr(module: str) -> Any:
    """The `__getattr__` of a module of `zato`: what it does not have is an AttributeError with advice.

    `from module import name` makes an error of its own words of it, for which `absent_name` has the advice where it is told.
    """

    def get(name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(f'module {module!r} has no attribute {name!r}')
        if hasattr(sys.modules[module], '__path__') and f'{module}.{name}' in _ZATO:
            import importlib

            return importlib.import_module(f'{module}.{name}')
        raise AttributeError(missing_name(module, name, vars(sys.modules[module])))

    return get


def missing_name(module: str, name: str, known: Any) -> str:
    """What to say of a name that a module of `zato` does not have."""
    text = f'there is no `{name}` in {module} here'
    if name in NAMES:
        return f'{text}: {NAMES[name]}'
    public = [one for one in known if not one.startswith('_')]
    return text + (nearest(name, public) or f'; it has {", ".join(sorted(public)[:40])}')


def absent_name(exc: BaseException) -> str | None:
    """What to say instead of the error of `from zato... import name`, for a name that is not there; None for any other error."""
    found = _CANNOT_IMPORT.match(str(exc)) if isinstance(exc, ImportError) else None
    module = sys.modules.get(getattr(exc, 'name', None) or '')
    if found is None or module is None or module.__name__.partition('.')[0] != 'zato':
        return None
    return missing_name(module.__name__, found[1], vars(module))


def missing_module(name: str) -> str:
    """What to say of a module that is not here, below `zato` or at all."""
    if name.partition('.')[0] != 'zato':
        top = name.partition('.')[0]
        return f'there is no module `{name}` in the sandbox' + (f': {SANDBOX[top]}' if top in SANDBOX else '')
    text = f'there is no module `{name}` here'
    part = name
    while part:
        if part in MODULES:
            return f'{text}: {MODULES[part]}'
        part = part.rpartition('.')[0]
    return text + (nearest(name, _ZATO) or f'; there are {", ".join(_ZATO)}')


_ZATO = (
    'zato.common',
    'zato.common.api',
    'zato.common.exception',
    'zato.common.typing_',
    'zato.server',
    'zato.server.connection',
    'zato.server.connection.http_soap',
    'zato.server.service',
)


def advice(exc: BaseException) -> str:
    """`; ` and what to use instead of the module or attribute that an exception found missing, if anything is known of it."""
    if isinstance(exc, ModuleNotFoundError):
        top = (exc.name or '').partition('.')[0]
        return f'; {SANDBOX[top]}' if top in SANDBOX else ''
    if isinstance(exc, ImportError):
        text = absent_name(exc)
        return f'; {text}' if text else ''
    if isinstance(exc, AttributeError):
        name, owner = getattr(exc, 'name', None), getattr(exc, 'obj', None)
        if name and hasattr(type(owner), 'get_impl_name'):
            return nearest(name, [known for known in dir(owner) if not known.startswith('_') and known not in ATTRIBUTES])
    return ''


class _LastFinder:
    """Comes after all other finders, so it is asked for what none has found."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Part of the import protocol."""
        if name.startswith('zato.'):
            raise ModuleNotFoundError(missing_module(name), name=name)


def install() -> None:
    """Makes failing imports below `zato` say what to use instead. Called when `zato` is imported."""
    if not any(isinstance(finder, _LastFinder) for finder in sys.meta_path):
        sys.meta_path.append(_LastFinder())
