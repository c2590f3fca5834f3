"""Types of the native module `_caisson` (`interpreter/src/modules/caisson.rs`, `interpreter/src/objects`)."""

from collections.abc import Mapping
from typing import Any, Literal

_Fields = list[tuple[str, str]]

class ServiceBase:
    """What one object of a service is about: the message and its context."""

    def __new__(cls, *args: Any, _facts: Mapping[str, Any] | None = None, **kwargs: Any) -> Any: ...
    @property
    def request(self) -> Request:
        """The message."""
    @property
    def response(self) -> Response:
        """The answer."""
    @property
    def cid(self) -> str:
        """Correlation id: the same for everything that one inbound message sets in motion."""
    @property
    def channel(self) -> Channel:
        """The channel that the message came through."""
    @property
    def chan(self) -> Channel:
        """The same as `channel`."""
    @property
    def principal(self) -> str | None:
        """Who calls, or `None`."""
    @property
    def deadline_ms(self) -> int:
        """When the host stops this invocation: milliseconds since the Unix epoch."""
    @property
    def attempt(self) -> int:
        """1 for the first delivery of a message, 2 for the first retry, and so on."""
    @property
    def version(self) -> int:
        """Version of the package that answers."""
    @property
    def in_reply_to(self) -> str | None:
        """Of the callback of a call in the background: the correlation id of that call; else `None`."""
    @property
    def environ(self) -> Any:
        """What a chain of calls in the background shares: a dict with dotted access."""
    @environ.setter
    def environ(self, value: Any) -> None: ...
    @property
    def wsgi_environ(self) -> dict[str, Any]:
        """The facts of the message under the names that WSGI gives them."""
    def _beside(self, cls: type) -> Any: ...

class Request:
    """One message."""

    payload: Any
    """The body as Python values: `dict`, `list`, ... for JSON, `dict` for a form, `bytes` for anything else, `''` for none."""
    input: Any
    """The payload merged with the parameters of the URL, or what the service's declaration made of them."""
    @property
    def raw_request(self) -> bytes:
        """The body as it came."""
    @property
    def raw(self) -> bytes:
        """The same as `raw_request`."""
    @property
    def text(self) -> bytes:
        """The same as `raw_request`."""
    @property
    def http(self) -> Http:
        """The HTTP side of the message."""
    @property
    def soap(self) -> Any:
        """The SOAP side of the message, or `None`."""
    @property
    def message(self) -> Any:
        """The messaging side of the message, or `None`: what its broker says of it, and `ack()`, `reject()`, `retry()`."""
    @property
    def amqp(self) -> Any:
        """The same as `message`."""
    @property
    def headers(self) -> dict[str, str]:
        """The headers, the same as `http.headers`."""
    @property
    def path_over_query(self) -> bool:
        """Whether parameters of the path win over those of the query."""
    @property
    def url_over_body(self) -> bool | None:
        """Whether parameters of the URL win over the body; `None` when the operator has not said."""
    @property
    def content_type(self) -> str | None:
        """Media type of the body, or `None`."""
    @property
    def cid(self) -> str:
        """Correlation id."""

class Response:
    """One answer."""

    payload: Any
    """The body: text, bytes, or anything that can be written as JSON."""
    status_code: Any
    """HTTP status, 200 unless it was set."""
    status_message: Any
    """Text of the HTTP status."""
    content_type: Any
    """Media type of the body. Unless it was set, it follows from the payload."""
    headers: dict[str, Any]
    """Headers: a dict of names to text, or to a list of texts."""
    def __getattr__(self, name: str) -> Any: ...
    def __setattr__(self, name: str, value: Any) -> None: ...

class Http:
    """The HTTP facts of one message. For a message that did not come by HTTP they are all empty."""

    @property
    def method(self) -> str:
        """Upper case: `GET`, `POST`, ..."""
    @property
    def path(self) -> str:
        """Path as received, still percent-encoded."""
    @property
    def query(self) -> str:
        """Query as received, without the `?`."""
    @property
    def params(self) -> Any:
        """Parameters that the channel's path captured."""
    @property
    def GET(self) -> Any:
        """Parameters of the query string; one that is repeated is a list."""
    @property
    def POST(self) -> Any:
        """Fields of a form in the body."""
    @property
    def headers(self) -> dict[str, str]:
        """Headers, names in lower case; one that is repeated has its values joined with a comma."""
    @property
    def user_agent(self) -> str:
        """The header `User-Agent`, or an empty text."""
    def get_form_data(self) -> Any:
        """The same as `POST`."""

class Channel:
    """The channel of one message."""

    @property
    def name(self) -> str:
        """Name of the channel, e.g. the operator's, `dev` or `invoke`."""
    @property
    def type(self) -> str:
        """`http-soap` for messages that came by HTTP, else the channel's kind."""
    @property
    def data_format(self) -> str | None:
        """What bodies are: `json`, `form`, `raw`, `soap`, or `None` when the operator has not said."""
    @property
    def security(self) -> ChannelSecurity:
        """What the caller was authenticated by. All of it is `None` when nobody was."""
    @property
    def sec(self) -> ChannelSecurity:
        """The same as `security`."""

class ChannelSecurity:
    """What a caller was authenticated by."""

    @property
    def name(self) -> str | None:
        """Name of the security definition."""
    @property
    def type(self) -> str | None:
        """`basic_auth`, `apikey`, `jwt`, `mtls`, `wss`, `admin`."""
    @property
    def username(self) -> str | None:
        """Who calls: a user name, a subject, the name of a key."""
    @property
    def claims(self) -> Any:
        """The claims of the caller's token: a dict, or `None` when there was no token."""

def log(level: int, logger: str, message: str) -> None:
    """One record for the host's log. Levels are those of `logging`."""

def print_to(stream: int, text: str) -> None:
    """Text for `sys.stdout` (1) or `sys.stderr` (2)."""

def settle(what: str, delay_ms: int | None = None) -> None:
    """What becomes of the message that is answered: `acknowledge`, `retry` or `reject`."""

def answer_of(service: ServiceBase) -> tuple[Literal[True], int, _Fields, bytes] | tuple[Literal[False], str]:
    """What a service that a test has run would answer, or why it cannot be sent."""

def flush() -> None:
    """Logs what was printed without a line end."""

def invoke(service: str, content_type: str | None, body: bytes, method: str | None = None) -> tuple[Any, ...]:
    """Calls another service, as by this HTTP method if one is given: `(True, status, headers, body)` or `(False, kind, status, message,
    retryable, headers)`."""

def tzdata(key: str) -> bytes | None:
    """The TZif data of a time zone, or `None`."""

def tznames() -> list[str]:
    """The names of all time zones."""

def loads(s: str | bytes | bytearray, **options: Any) -> Any:
    """`json.loads`, fast for plain calls."""

def dumps(obj: Any, **options: Any) -> str:
    """`json.dumps`, fast for plain calls."""
