"""Takes the forms of a SCIM path that clients get wrong: double slashes, other letter case, no version."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.routing import converters

ENDPOINTS = ("Users", "Groups", "Bulk", "Me", "Schemas", "ResourceTypes", "ServiceProviderConfig")
BASE = re.compile(r"/scim(?:/[^/]+)?/v2(?=/|$)", re.I)
# No version, or no version behind a tenant's name, is the newest one (RFC 7644 section 3.13).
NAMES = "|".join(ENDPOINTS)
UNVERSIONED = re.compile(rf"^/scim(/(?!v\d|(?:{NAMES})/)[^/]+)?/(?=(?:{NAMES})(?:/|$))", re.I)


class Name(converters.BaseConverter):
    """A part of a path that names a resource: not .search, which has a route and methods of its own."""

    regex = r"(?!\.search$)[^/]+"
    part_isolating = True  # one part of the path; with the slash in the regex it would not be taken for that


Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def tidy(path: str) -> str:
    """Give the path as the URL table spells it; what follows the endpoint is not touched."""
    path = UNVERSIONED.sub(r"/scim\1/v2/", re.sub(r"/{2,}", "/", path))
    base = BASE.match(path)
    if base is None:
        return path
    endpoint, slash, rest = path[base.end() + 1 :].partition("/")
    known = {name.casefold(): name for name in ENDPOINTS}
    first = known.get(endpoint.casefold(), endpoint)
    lead = base[0].casefold()
    return f"{lead}/{first}{slash}{rest}" if path[base.end() :] else lead


class Tidy:
    """WSGI middleware that applies `tidy` before the URL table is asked."""

    def __init__(self, app: Wsgi) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass the request on with its path tidied."""
        environ["PATH_INFO"] = tidy(environ.get("PATH_INFO", ""))
        return self.app(environ, start_response)
