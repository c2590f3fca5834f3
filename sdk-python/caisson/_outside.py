"""What the sandbox has not: files, sockets, processes. Whoever asks for them is told what to use instead."""

from __future__ import annotations

import builtins
import errno
import io
import os
import socket
import subprocess
import sys
import tempfile
import types
from typing import Any, Callable, NoReturn

__all__ = ['NO_FILES', 'NO_NETWORK', 'NO_PROCESSES', 'install']

NO_NETWORK = ('the sandbox has no sockets; reach other systems by a connection that the operator has defined, with caisson.http, '
              'caisson.sql, caisson.redis or caisson.amqp')
NO_PROCESSES = 'processes cannot be started in the sandbox; call another service, or a system behind a connection of caisson.http'
NO_FILES = ('no such file, as the sandbox has none; files of the package are read with importlib.resources.files(__package__), '
            'and what is only needed meanwhile is kept in an io.BytesIO')


def install() -> None:
    """Puts everything in its place. Called once, at boot."""
    _files()
    _sockets()
    _processes()
    sys.modules['ssl'] = _ssl()


def _refuse(text: str) -> Callable[..., NoReturn]:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise PermissionError(errno.EPERM, text)

    return refuse


def _files() -> None:
    opened, low = io.open, os.open

    def open(file: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return opened(file, *args, **kwargs)
        except FileNotFoundError:
            raise FileNotFoundError(errno.ENOENT, NO_FILES, file) from None

    def os_open(path: Any, *args: Any, **kwargs: Any) -> int:
        try:
            return low(path, *args, **kwargs)
        except FileNotFoundError:
            raise FileNotFoundError(errno.ENOENT, NO_FILES, path) from None

    def default_tempdir(dirlist: Any = None) -> NoReturn:
        raise FileNotFoundError(errno.ENOENT, NO_FILES)

    def temporary_file(mode: str = 'w+b', buffering: int = -1, encoding: str | None = None, newline: str | None = None,
                       *_: Any, errors: str | None = None, **__: Any) -> Any:
        """A file without a name, in memory: whoever has it cannot tell the difference."""
        content = io.BytesIO()
        return content if 'b' in mode else io.TextIOWrapper(content, encoding or 'utf-8', errors, newline, write_through=True)

    open.__doc__ = opened.__doc__
    tempfile.TemporaryFile = temporary_file  # type: ignore[assignment]
    builtins.open = io.open = open
    os.open = os_open
    tempfile._get_default_tempdir = default_tempdir  # type: ignore[attr-defined]


def _sockets() -> None:
    refuse = _refuse(NO_NETWORK)
    for name in ('getaddrinfo', 'gethostbyname', 'gethostbyname_ex', 'gethostbyaddr', 'getnameinfo', 'create_connection', 'create_server',
                 'socketpair'):
        setattr(socket, name, refuse)
    for name in ('connect', 'connect_ex', 'bind', 'listen', 'accept', 'sendto', 'send', 'sendall', 'recv', 'recvfrom'):
        setattr(socket.socket, name, refuse)
    # The interpreter's takes no arguments, and would say only that.
    socket.socket.__new__ = refuse  # type: ignore[method-assign,assignment]
    # Message ids of e-mails and the like want a name, whatever it is.
    socket.gethostname = lambda: 'localhost'
    socket.getfqdn = lambda name='': name or 'localhost'


def _processes() -> None:
    refuse = _refuse(NO_PROCESSES)
    subprocess.Popen.__init__ = refuse  # type: ignore[method-assign,assignment]
    # A process that was never begun has nothing to be ended.
    subprocess.Popen.__del__ = lambda self, *args: None  # type: ignore[attr-defined]
    os.system = refuse
    for name in ('popen', 'fork', 'forkpty', 'posix_spawn', 'posix_spawnp', 'execv', 'execve', 'spawnv', 'spawnve'):
        # What is missing stays missing: the standard library asks for `fork` to know where it runs.
        if hasattr(os, name):
            setattr(os, name, refuse)


class SSLError(OSError):
    """Root of the errors of TLS."""


def _ssl() -> types.ModuleType:
    """Enough of `ssl` for packages that import it at their top and may never open a connection."""
    module = types.ModuleType('ssl', 'TLS is spoken by the host: ' + NO_NETWORK)
    refuse = _refuse(NO_NETWORK)
    for name in ('SSLContext', 'SSLSocket', 'SSLObject', 'MemoryBIO', 'SSLSession'):
        setattr(module, name, type(name, (), {'__module__': 'ssl', '__init__': refuse}))
    for name in ('create_default_context', '_create_unverified_context', '_create_default_https_context', '_create_stdlib_context',
                 'get_server_certificate', 'wrap_socket'):
        setattr(module, name, refuse)
    module.SSLError = SSLError  # type: ignore[attr-defined]
    for name in ('SSLZeroReturnError', 'SSLWantReadError', 'SSLWantWriteError', 'SSLSyscallError', 'SSLEOFError', 'SSLCertVerificationError'):
        setattr(module, name, type(name, (SSLError,), {'__module__': 'ssl'}))
    module.CertificateError = module.SSLCertVerificationError  # type: ignore[attr-defined]
    numbers = {'CERT_NONE': 0, 'CERT_OPTIONAL': 1, 'CERT_REQUIRED': 2, 'PROTOCOL_TLS': 2, 'PROTOCOL_SSLv23': 2, 'PROTOCOL_TLS_CLIENT': 16,
               'PROTOCOL_TLS_SERVER': 17, 'PROTOCOL_TLSv1': 3, 'PROTOCOL_TLSv1_1': 4, 'PROTOCOL_TLSv1_2': 5, 'OP_ALL': 0x80000050,
               'OP_NO_SSLv2': 0, 'OP_NO_SSLv3': 0x2000000, 'OP_NO_TLSv1': 0x4000000, 'OP_NO_TLSv1_1': 0x10000000,
               'OP_NO_COMPRESSION': 0x20000, 'OP_NO_TICKET': 0x4000, 'VERIFY_X509_STRICT': 32, 'VERIFY_X509_PARTIAL_CHAIN': 0x80000,
               'OPENSSL_VERSION_NUMBER': 0x30000000}
    vars(module).update(numbers)
    for name in ('HAS_SNI', 'HAS_ALPN', 'HAS_NPN', 'HAS_ECDH', 'HAS_TLSv1_2', 'HAS_TLSv1_3', 'HAS_NEVER_CHECK_COMMON_NAME'):
        setattr(module, name, False)
    module.OPENSSL_VERSION, module.OPENSSL_VERSION_INFO = 'none', (3, 0, 0, 0, 0)  # type: ignore[attr-defined]
    return module
