"""Imports what services commonly use, mends what the sandbox lacks, and readies the interpreter for its image.

Everything that is imported here is part of the base image, where it costs a package nothing.
"""

from __future__ import annotations

import datetime
import gc
import importlib
import string
import sys

import caisson._patches

__all__ = ['MISSING', 'finish']

_MODULES = """
    abc argparse array ast asyncio base64 binascii bisect calendar codecs collections collections.abc concurrent.futures
    configparser contextlib contextvars copy csv dataclasses datetime decimal difflib email email.message email.utils enum
    fnmatch fractions functools gc gettext glob graphlib gzip hashlib heapq hmac html html.parser http http.client inspect io
    ipaddress itertools json keyword linecache locale logging logging.handlers math mimetypes numbers operator os os.path
    pathlib pickle platform posixpath pprint queue quopri random re reprlib sched secrets shlex shutil socket stat statistics
    string stringprep struct subprocess tempfile textwrap threading time timeit token tokenize tomllib traceback types typing
    unicodedata urllib urllib.error urllib.parse urllib.request uuid warnings weakref xml xml.dom xml.dom.minidom
    xml.etree.ElementTree xml.sax xml.sax.saxutils zipfile zlib zoneinfo
    caisson._config caisson._crypto caisson._formats caisson._json_schema caisson._metrics caisson._pipeline caisson._time caisson._yaml
    encodings.utf_8 encodings.utf_8_sig encodings.latin_1 encodings.ascii encodings.cp1252 encodings.idna encodings.utf_16
    caisson caisson._ahead caisson._cache caisson._cache_redis caisson._declare caisson._elements caisson._input caisson._kinds_special caisson._model caisson._output caisson._schema
    caisson._shape caisson._simple_io zato.server.service zato.common.exception zato.common.typing_ zato.common.api zato.server.connection.http_soap
"""

MISSING: dict[str, str] = {}
"""Modules that could not be imported, with the reason."""


def _import_all() -> None:
    for name in _MODULES.split():
        try:
            importlib.import_module(name)
        except Exception as error:
            MISSING[name] = f'{type(error).__name__}: {error}'


def _use_once() -> None:
    """Makes what these compile at their first use, and keep."""
    string.Template('$a').substitute(a='')
    datetime.datetime.strptime('2000', '%Y')


def finish() -> None:
    """Called after the warm-up, before the image is taken."""
    from caisson._loader import ProgramImporter

    sys.modules.pop('caisson_warm_up', None)
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, ProgramImporter)]
    import linecache
    linecache.clearcache()
    # A request is short and its memory is thrown away with its instance; a collection in the middle of it would write to
    # pages all over the heap. The threshold is a safety net for services that allocate much in cycles.
    gc.set_threshold(100_000, 50, 100)


caisson._patches.apply()
_import_all()
_use_once()
