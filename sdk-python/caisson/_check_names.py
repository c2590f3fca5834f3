"""What `caisson check` knows of names: modules and functions that do not work in the sandbox, and what objects of services
have.
"""

from __future__ import annotations

__all__ = ['CALLS', 'MODULES', 'PARTS', 'SELF', 'SIMPLE_IO', 'VERBS']

_NO_SOCKETS = 'there are no sockets in the sandbox'
_NO_PROCESSES = 'the sandbox starts no processes; call a service by self.invoke, or a system by self.rest["NAME"]'
_NO_FILES = (
    'the sandbox has no files; data of the package is read by importlib.resources or self.config, anything else by a connection'
)

MODULES: dict[str, tuple[str, str]] = {
    'ftplib': ('error', _NO_SOCKETS),
    'imaplib': ('error', _NO_SOCKETS),
    'poplib': ('error', _NO_SOCKETS),
    'smtplib': ('error', _NO_SOCKETS),
    'nntplib': ('error', _NO_SOCKETS),
    'telnetlib': ('error', _NO_SOCKETS),
    'socketserver': ('error', _NO_SOCKETS),
    'http.server': ('error', _NO_SOCKETS),
    'xmlrpc.server': ('error', _NO_SOCKETS),
    'xmlrpc.client': ('warning', f'{_NO_SOCKETS}; `dumps` and `loads` work, and self.rest["NAME"].post sends'),
    'ssl': ('error', 'there are no sockets in the sandbox; the server speaks TLS for channels and connections'),
    'socket': ('warning', f'{_NO_SOCKETS}; use self.rest["NAME"] or another connection'),
    'select': ('warning', _NO_SOCKETS),
    'selectors': ('warning', _NO_SOCKETS),
    'http.client': ('warning', f'{_NO_SOCKETS}; use self.rest["NAME"]'),
    'subprocess': ('warning', _NO_PROCESSES),
    'signal': ('warning', 'there are no signals in the sandbox'),
    'threading': ('warning', 'a thread runs its function at once, in `start()`; nothing runs beside the service'),
    'concurrent.futures': (
        'warning',
        'there are no threads or processes beside the service; self.patterns calls services in parallel',
    ),
    'tempfile': ('warning', _NO_FILES),
    'shutil': ('warning', _NO_FILES),
    'glob': ('warning', _NO_FILES),
}
"""Modules that can be imported and do not do all that they do elsewhere: level and what to use instead."""

CALLS: dict[str, tuple[str, str, str]] = {
    'open': ('error', 'files', _NO_FILES),
    'io.open': ('error', 'files', _NO_FILES),
    'os.open': ('error', 'files', _NO_FILES),
    'input': ('error', 'terminal', 'there is no terminal'),
    'breakpoint': ('error', 'terminal', 'there is no terminal to debug in; use self.logger'),
    'os.system': ('error', 'processes', _NO_PROCESSES),
    'os.popen': ('error', 'processes', _NO_PROCESSES),
    'os.fork': ('error', 'processes', _NO_PROCESSES),
    'os.kill': ('error', 'processes', _NO_PROCESSES),
    'subprocess.run': ('error', 'processes', _NO_PROCESSES),
    'subprocess.call': ('error', 'processes', _NO_PROCESSES),
    'subprocess.Popen': ('error', 'processes', _NO_PROCESSES),
    'subprocess.check_output': ('error', 'processes', _NO_PROCESSES),
    'subprocess.check_call': ('error', 'processes', _NO_PROCESSES),
    'subprocess.getoutput': ('error', 'processes', _NO_PROCESSES),
    'asyncio.create_subprocess_exec': ('error', 'processes', _NO_PROCESSES),
    'asyncio.create_subprocess_shell': ('error', 'processes', _NO_PROCESSES),
    'asyncio.open_connection': ('error', 'sockets', _NO_SOCKETS),
    'asyncio.start_server': ('error', 'sockets', _NO_SOCKETS),
    'socket.socket': ('error', 'sockets', _NO_SOCKETS),
    'socket.create_connection': ('error', 'sockets', _NO_SOCKETS),
    'socket.gethostbyname': ('error', 'sockets', 'names of hosts are resolved by the server, for connections'),
    'socket.getaddrinfo': ('error', 'sockets', 'names of hosts are resolved by the server, for connections'),
    'http.client.HTTPConnection': ('error', 'sockets', f'{_NO_SOCKETS}; use self.rest["NAME"]'),
    'http.client.HTTPSConnection': ('error', 'sockets', f'{_NO_SOCKETS}; use self.rest["NAME"]'),
    'urllib.request.urlopen': ('error', 'sockets', f'{_NO_SOCKETS}; use self.rest["NAME"]'),
    'urllib.request.urlretrieve': ('error', 'sockets', f'{_NO_SOCKETS}; use self.rest["NAME"]'),
    'signal.signal': ('error', 'processes', 'there are no signals in the sandbox'),
    'signal.alarm': (
        'error',
        'processes',
        'there are no signals in the sandbox; the limits of the package end what takes too long',
    ),
    'threading.Thread': ('warning', 'threads', 'a thread runs its function at once, in `start()`'),
    'threading.Timer': ('warning', 'threads', 'a timer runs its function at once, in `start()`; use self.schedule'),
    'sys.exit': ('warning', 'exit', 'SystemExit is an error of the service; return, or raise an exception of caisson'),
    'exit': ('warning', 'exit', 'SystemExit is an error of the service; return, or raise an exception of caisson'),
    'os._exit': ('error', 'exit', 'it ends the sandbox in the middle of the request'),
    'os.getenv': ('warning', 'environment', 'the environment is empty; use self.config'),
    'os.environ.get': ('warning', 'environment', 'the environment is empty; use self.config'),
    'tempfile.NamedTemporaryFile': ('error', 'files', _NO_FILES),
    'tempfile.TemporaryDirectory': ('error', 'files', _NO_FILES),
    'tempfile.mkdtemp': ('error', 'files', _NO_FILES),
    'tempfile.mkstemp': ('error', 'files', _NO_FILES),
    'os.listdir': ('error', 'files', _NO_FILES),
    'os.remove': ('error', 'files', _NO_FILES),
    'os.makedirs': ('error', 'files', _NO_FILES),
    'os.mkdir': ('error', 'files', _NO_FILES),
    'os.walk': ('error', 'files', _NO_FILES),
    'os.scandir': ('error', 'files', _NO_FILES),
    'os.rename': ('error', 'files', _NO_FILES),
    'shutil.copy': ('error', 'files', _NO_FILES),
    'shutil.move': ('error', 'files', _NO_FILES),
    'shutil.rmtree': ('error', 'files', _NO_FILES),
    'glob.glob': ('error', 'files', _NO_FILES),
    'logging.FileHandler': ('error', 'files', 'the log is the server\'s: use self.logger'),
    'logging.handlers.RotatingFileHandler': ('error', 'files', 'the log is the server\'s: use self.logger'),
    'logging.handlers.SysLogHandler': ('error', 'sockets', 'the log is the server\'s: use self.logger'),
    'uvloop.install': ('error', 'sockets', 'compiled extensions cannot be loaded'),
}
"""Functions by their full names: level, code, message."""

SELF = frozenset(
    (
        'attempt',
        'chan',
        'channel',
        'cid',
        'deadline_ms',
        'environ',
        'in_reply_to',
        'principal',
        'request',
        'response',
        'version',
        'wsgi_environ',
    )
)
"""What services have of the native side."""

PARTS: dict[str, frozenset[str]] = {
    'request': frozenset(
        (
            'amqp',
            'bunchified',
            'channel_params',
            'cid',
            'content_type',
            'data_format',
            'headers',
            'http',
            'input',
            'message',
            'payload',
            'raw',
            'raw_request',
            'soap',
            'text',
            'to_bunch',
            'transport',
        )
    ),
    'request.http': frozenset(('GET', 'POST', 'get_form_data', 'headers', 'method', 'params', 'path', 'query', 'user_agent')),
    'response': frozenset(
        (
            'cid',
            'content_encoding',
            'content_type',
            'data_format',
            'headers',
            'payload',
            'result',
            'result_details',
            'status_code',
            'status_message',
        )
    ),
    'channel': frozenset(('data_format', 'id', 'is_internal', 'name', 'sec', 'security', 'type')),
    'channel.security': frozenset(('claims', 'id', 'name', 'type', 'username')),
    'time': frozenset(
        (
            'isonow',
            'isoutcnow',
            'now',
            'one_day_from',
            'one_hour_from',
            'one_minute_from',
            'reformat',
            'today',
            'tomorrow',
            'utcnow',
            'utcnow_as_float',
            'yesterday',
        )
    ),
    'crypto': frozenset(
        (
            'decrypt',
            'encrypt',
            'generate_hex_string',
            'generate_password',
            'generate_secret',
            'hash_secret',
            'verify_hash',
            'with_key',
        )
    ),
    'metrics': frozenset(('incr', 'push', 'timer')),
}
"""What attributes of services have in turn."""

PARTS['chan'] = PARTS['channel']
PARTS['channel.sec'] = PARTS['chan.sec'] = PARTS['chan.security'] = PARTS['channel.security']

ABSENT_PARTS: dict[str, str] = {
    'request.ibm_mq': 'messages of brokers are self.request.message',
    'request.wmq': 'messages of brokers are self.request.message',
    'request.hl7': 'use self.request.raw_request',
    'channel.impl': 'use self.channel.name',
    'channel.match_target': 'use self.request.http.path',
    'request.has_simple_io_config': 'it is an inside of Zato',
    'response.init': 'it is an inside of Zato',
    'channel.security.impl': 'use self.channel.security.name',
}
"""Parts of such attributes that Zato has."""

SIMPLE_IO = (
    'input_required',
    'input_optional',
    'input',
    'output_required',
    'output_optional',
    'output',
    'bool_parameter_prefixes',
    'csv_delimiter',
    'csv_dialect',
    'csv_quotechar',
    'default_input_value',
    'default_output_value',
    'default_value',
    'force_empty_keys',
    'int_parameter_suffixes',
    'int_parameters',
    'output_repeated',
    'request_elem',
    'response_elem',
    'skip_empty_keys',
    'use_channel_params_only',
    'SkipEmpty',
    'CSV',
)
"""What a `class SimpleIO` may say."""

VERBS = ('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS')
"""Methods of HTTP that may have a method of the service."""
