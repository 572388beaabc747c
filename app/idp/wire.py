"""In charge of one HTTP request to a SCIM service, as a client outside makes it: no redirects, no cookies, no proxy."""

import http.client
import json
import socket
import ssl
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SECONDS = 60  # how long Okta waits
SCIM_JSON = "application/scim+json"


class Refused(Exception):
    """The URL or the token cannot be used. The message is a sentence that says what to do."""


class Unreachable(Exception):
    """No answer came. The message is a sentence that says why and what to look at."""


@dataclass(frozen=True)
class Answer:
    """What came back; `headers` by their names in small letters."""

    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        """Give the body as JSON; None where it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None


class Wire:
    """The way to one service, with one token."""

    def __init__(self, url: str, token: str, seconds: float = SECONDS) -> None:
        """Take the base URL and the token; raises Refused where either cannot be right."""
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise Refused(f"{url!r} is no base URL: it reads like https://shop.example.com/scim/v2.")
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise Refused("The token is not one: paste what `magento-scim token create` printed, without `Bearer`.")
        self.url = url.rstrip("/")
        self.base = parts.path.rstrip("/")
        self._token = token
        self._seconds = seconds
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """Send one request; `path` is below the base URL, `body` is JSON. A header that is None is left out.

        Raises Unreachable.
        """
        sent: dict[str, str | None] = {
            "Authorization": f"Bearer {self._token}",
            "Accept": SCIM_JSON,
            "User-Agent": "magento-scim-simulate",
        }
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = SCIM_JSON
        sent |= headers or {}
        target = self.base + urllib.parse.quote(path, safe="/%:@+~!$&'()*,;=?")
        if query:
            target += ("&" if "?" in target else "?") + urllib.parse.urlencode(query)
        kept = {name: value for name, value in sent.items() if value is not None}
        connection = self._connect()
        try:
            connection.request(method, target, data, kept)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read().decode("utf-8", "replace"))
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self.url}: {_reason(error)}") from error
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._seconds, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._seconds)


def _reason(error: Exception) -> str:
    """Say in a sentence why no answer came."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({error.verify_message}); an identity provider refuses it, too."
        case ssl.SSLError():
            return f"no TLS there ({error.reason}): is it http:// rather than https://?"
        case socket.gaierror():
            return "its name is not known here: look at the host in the URL."
        case ConnectionRefusedError():
            return "nobody listens there: is the service running, and is this its port?"
        case TimeoutError():
            return "no answer came in time; identity providers wait 30 to 60 seconds."
    return f"the connection broke ({error or type(error).__name__})."


def pause(answer: Answer) -> float | None:
    """Give the seconds after which the service asks to be tried again; None where it does not, or not soon."""
    text = answer.headers.get("retry-after", "")
    if answer.status not in (429, 503) or not text.isdigit() or int(text) > 30:
        return None
    return float(text)


def wait(seconds: float) -> None:
    """Wait, as a client does that was told to."""
    time.sleep(seconds)
