"""Reads the environment and Magento's own `app/etc/env.php`, once, and checks both.

| variable | meaning |
|---|---|
| SCIM_DATABASE_URL | the shop's database: mysql://user:password@host:port/name[?unix_socket=…] |
| SCIM_READ_DATABASE_URL | a replica of it, which may answer what only reads; the same on every host |
| SCIM_TABLE_PREFIX | Magento's table prefix, where SCIM_DATABASE_URL is used |
| MAGENTO_ROOT | a Magento folder: database and prefix come from its app/etc/env.php |
| SCIM_DATABASE_TLS_CA, _CERT, _KEY | files for TLS to the database; with a CA the server's name is verified |
| SCIM_MAPPING | the mapping file, ./mapping.yaml if not set |
| SCIM_BASE_URL | the URL under which clients reach us, such as https://scim.example.com/scim/v2 |
| SCIM_PROFILE | how tolerant we are: lenient (default), strict, or an identity provider's name |
| SCIM_OPEN_DISCOVERY | 1 (default): /ServiceProviderConfig, /ResourceTypes, /Schemas need no token |
| SCIM_MAX_BODY | the largest request body in bytes, 1048576 if not set |
| SCIM_MAX_PAGE | the most resources on one page, 1000 if not set |
| SCIM_MAX_OPERATIONS | the most operations in one bulk request, 1000 if not set |
| SCIM_BULK_SECONDS | after how long a bulk request begins no more operations, 45 if not set |
| SCIM_STATEMENT_SECONDS | the longest that a statement may take in the database, 20 if not set |
| SCIM_MAPPING_WATCH | seconds between two looks at the mapping file, 1 if not set; 0: at start and SIGHUP only |
| SCIM_RECORD_REQUESTS | how many requests of each tenant are kept to be looked at, 0 if not set: none |
| SCIM_TOKEN_SECONDS | how long a token is taken for what it was when it was read, 1 if not set; 0: always read anew |
| SCIM_SEEN | 1 (default): it is counted which attributes are sent; 0: it is not |
| SCIM_LOG_LEVEL | debug, info (default), warning or error |
| SCIM_LOG_FORMAT | json (default) or text |
| SCIM_RATE_LIMIT | the most requests a minute of one token, on one host; no limit if not set |
| SCIM_PROXIES | how many web servers in front say in X-Forwarded-For and -Proto who asks, 0 if not set |
| SCIM_JWT_ISSUER, _AUDIENCE, _JWKS_URL | whose JSON Web Tokens are taken beside ours: all three, or none |
| SCIM_JWT_ALGORITHMS | how they may be signed, RS256,ES256 if not set |
| SCIM_JWT_TENANT, _TENANT_CLAIM | whose users they reach: default if not set, or what their claim "tenant" says |
| SCIM_JWT_SCOPES | what one may do that names no scope of ours: read,write if not set, read, or none |
| SCIM_JOURNAL_KEY | 64 hexadecimal digits that seal secrets in the journal; without it a key in the database does |
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app import envphp

DRIVER = "mysql+pymysql"
OPTIONS = ("unix_socket", "charset")  # of a URL; the character set is ours whatever it says
# Where PHP's driver looks for the server that Magento calls localhost.
SOCKETS = ("/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock")  # noqa: S108 # nosec B108 - its usual place
# Only signatures that need a private key: with a shared secret whoever can check a token can make one (RFC 8725).
ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA")
SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class Refused(Exception):
    """The service cannot start. The message is one sentence that says what to do."""


@dataclass(frozen=True)
class Jwt:
    """Whose JSON Web Tokens are taken, and what they may do."""

    issuer: str
    audience: str
    jwks_url: str
    algorithms: tuple[str, ...]
    tenant: str
    tenant_claim: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class Config:
    """Everything that is set from outside."""

    database: sa.URL
    prefix: str
    mapping: Path
    tls: Mapping[str, str]
    base_url: str | None
    profile: str
    open_discovery: bool
    max_body: int
    max_page: int
    max_operations: int
    journal_key: bytes | None = None
    watch_seconds: float = 0
    token_seconds: float = 0
    record_requests: int = 0
    seen: bool = False
    log_level: str = "info"
    log_format: str = "json"
    rate_limit: int = 0
    proxies: int = 0
    jwt: Jwt | None = None
    read_database: sa.URL | None = None
    statement_seconds: int = 20
    bulk_seconds: int = 45


def _url(text: str, name: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise Refused(f"{name} is no URL: write mysql://user:password@host:3306/database.") from None
    backend, _, driver = url.drivername.partition("+")
    if backend not in ("mysql", "mariadb"):
        raise Refused(f"{name} starts with {url.drivername!r}: Magento needs mysql://user:password@host/database.")
    if not url.database:
        raise Refused(f"{name} names no database: add it at the end, mysql://…/magento.")
    for option, value in url.query.items():
        if option not in OPTIONS or not isinstance(value, str):
            raise Refused(
                f"{name} has the option {option!r}: only one unix_socket is known there. "
                "TLS is set by SCIM_DATABASE_TLS_CA."
            )
    return _with_driver(url, name) if driver else url.set(drivername=DRIVER)


def _with_driver(url: sa.URL, name: str) -> sa.URL:
    try:
        url.get_dialect().import_dbapi()
    except (sa.exc.NoSuchModuleError, ImportError):
        raise Refused(
            f"{name} starts with {url.drivername!r}, a driver that is not installed: write mysql://…."
        ) from None
    return url


def from_magento(root: Path) -> tuple[sa.URL, str]:
    """Read the database URL and the table prefix out of a Magento folder's env.php, as Magento itself reads them.

    Raises Refused where the file is missing, unreadable, or has no default connection written out.
    """
    path = root / "app" / "etc" / "env.php"
    try:
        settings = envphp.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(
            f"MAGENTO_ROOT: cannot read {path} ({error.strerror}): name Magento's own folder, readable by this user."
        ) from error
    except (envphp.EnvError, UnicodeDecodeError) as error:
        raise Refused(f"MAGENTO_ROOT: cannot make sense of {path}: {error}.") from error

    def read(*names: str) -> str | None:
        found: Any = settings
        for depth, name in enumerate(names, 1):
            found = found.get(name) if isinstance(found, dict) else None
            if isinstance(found, envphp.Computed):
                raise Refused(
                    f"MAGENTO_ROOT: {path} line {found.line}: {'/'.join(names[:depth])} is not written out but "
                    "computed by PHP: set SCIM_DATABASE_URL instead."
                )
        return None if found is None or isinstance(found, dict) else str(found)

    def connection(name: str) -> str | None:
        return read("db", "connection", "default", name)

    if not connection("dbname"):
        raise Refused(f"MAGENTO_ROOT: {path} has no db/connection/default with a dbname: is Magento installed there?")
    host, port, query = connection("host") or "localhost", connection("port"), {}
    socket = connection("unix_socket") or (host if "/" in host else None)
    if ":" in host and not socket:
        host, _, port = host.partition(":")
    if host == "localhost" and not port and not socket:
        socket = next((place for place in SOCKETS if Path(place).is_socket()), None)
    if socket:
        host, port, query = "localhost", None, {"unix_socket": socket}
    if port and not port.isdecimal():
        raise Refused(f"MAGENTO_ROOT: {path} has the database's port {port!r}, which is no number.")
    url = sa.URL.create(
        DRIVER,
        username=connection("username"),
        password=connection("password"),
        host=host,
        port=int(port) if port else None,
        database=connection("dbname"),
        query=query,
    )
    return url, read("db", "table_prefix") or ""


def _number(environment: Mapping[str, str], name: str, default: int, least: int = 1) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or int(text) < least:
        raise Refused(f"{name} is {text!r}: it takes a whole number from {least}.")
    return int(text)


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name) or str(default)
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise Refused(f"{name} is {text!r}: it takes seconds, such as 0.5, and 0 for never.")
    return float(text)


def _choice(environment: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = (environment.get(name) or choices[0]).lower()
    if text not in choices:
        raise Refused(f"{name} is {text!r}: it is one of {', '.join(choices)}.")
    return text


def _key(environment: Mapping[str, str], name: str) -> bytes | None:
    text = environment.get(name)
    if not text:
        return None
    if not re.fullmatch(r"[0-9A-Fa-f]{64}", text):
        raise Refused(f"{name} is no key: it takes 64 hexadecimal digits, such as `openssl rand -hex 32` prints.")
    return bytes.fromhex(text)


def _switch(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name) or "1"
    if text.casefold() not in SWITCH:
        raise Refused(f"{name} is {text!r}: it takes 1 or 0.")
    return SWITCH[text.casefold()]


def _base_url(environment: Mapping[str, str]) -> str | None:
    text = environment.get("SCIM_BASE_URL")
    if not text:
        return None
    if not re.fullmatch(r"https?://[^/\s?#]+[^\s?#]*", text):
        raise Refused(f"SCIM_BASE_URL is {text!r}: write it like https://scim.example.com/scim/v2.")
    return text.rstrip("/")


def _tls(environment: Mapping[str, str]) -> dict[str, str]:
    """Read the files for TLS by what they are: ca, cert, key; each can be opened."""
    files = {}
    for name in ("CA", "CERT", "KEY"):
        variable = f"SCIM_DATABASE_TLS_{name}"
        if path := environment.get(variable):
            try:
                Path(path).open("rb").close()
            except OSError as error:
                raise Refused(f"{variable}: cannot read {path} ({error.strerror}).") from error
            files[name.lower()] = path
    if "key" in files and "cert" not in files:
        raise Refused("SCIM_DATABASE_TLS_KEY is a key without a certificate: set SCIM_DATABASE_TLS_CERT too.")
    return files


def _jwt(environment: Mapping[str, str]) -> Jwt | None:
    """Read whose JSON Web Tokens are taken; None where nobody's are."""
    needed = ("SCIM_JWT_ISSUER", "SCIM_JWT_AUDIENCE", "SCIM_JWT_JWKS_URL")
    given = [name for name in needed if environment.get(name)]
    if not given:
        return None
    for name in needed:
        if name not in given:
            raise Refused(f"{given[0]} is set and {name} is not: JSON Web Tokens need issuer, audience and keys.")
    issuer, audience, url = (environment[name] for name in needed)
    if not re.fullmatch(r"https://\S+|http://(127\.0\.0\.1|localhost|\[::1\])[:/]\S+", url):
        raise Refused(f"SCIM_JWT_JWKS_URL is {url!r}: keys are read over https:// only.")
    algorithms = _words(environment, "SCIM_JWT_ALGORITHMS", "RS256,ES256", ALGORITHMS)
    scopes = _words(environment, "SCIM_JWT_SCOPES", "read,write", ("read", "write", "none"))
    return Jwt(
        issuer,
        audience,
        url,
        algorithms,
        environment.get("SCIM_JWT_TENANT") or "default",
        environment.get("SCIM_JWT_TENANT_CLAIM") or "tenant",
        frozenset(scopes) - {"none"},
    )


def _words(environment: Mapping[str, str], name: str, default: str, known: tuple[str, ...]) -> tuple[str, ...]:
    words = tuple(word.strip() for word in (environment.get(name) or default).split(",") if word.strip())
    for word in words:
        if word not in known:
            raise Refused(f"{name} has {word!r}: it takes {', '.join(known)}, with commas between them.")
    return words


def names_a_shop(environment: Mapping[str, str]) -> bool:
    """Say whether the environment points at a shop at all."""
    return bool(environment.get("SCIM_DATABASE_URL") or environment.get("MAGENTO_ROOT"))


def read(environment: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration; raises Refused with what to set."""
    if environment.get("SCIM_DATABASE_URL"):
        database = _url(environment["SCIM_DATABASE_URL"], "SCIM_DATABASE_URL")
        prefix = environment.get("SCIM_TABLE_PREFIX", "")
    elif environment.get("MAGENTO_ROOT"):
        database, prefix = from_magento(Path(environment["MAGENTO_ROOT"]))
    else:
        raise Refused("No shop: set SCIM_DATABASE_URL or MAGENTO_ROOT, or use `make run` for a sandbox.")
    follows = environment.get("SCIM_READ_DATABASE_URL")
    return Config(
        database=database,
        prefix=prefix,
        mapping=Path(environment.get("SCIM_MAPPING") or "mapping.yaml"),
        tls=_tls(environment),
        base_url=_base_url(environment),
        profile=environment.get("SCIM_PROFILE") or "lenient",
        open_discovery=_switch(environment, "SCIM_OPEN_DISCOVERY"),
        max_body=_number(environment, "SCIM_MAX_BODY", 1 << 20),
        max_page=_number(environment, "SCIM_MAX_PAGE", 1000),
        max_operations=_number(environment, "SCIM_MAX_OPERATIONS", 1000),
        journal_key=_key(environment, "SCIM_JOURNAL_KEY"),
        watch_seconds=_seconds(environment, "SCIM_MAPPING_WATCH", 1),
        token_seconds=_seconds(environment, "SCIM_TOKEN_SECONDS", 1),
        record_requests=_number(environment, "SCIM_RECORD_REQUESTS", 0, least=0),
        seen=_switch(environment, "SCIM_SEEN"),
        log_level=_choice(environment, "SCIM_LOG_LEVEL", ("info", "debug", "warning", "error")),
        log_format=_choice(environment, "SCIM_LOG_FORMAT", ("json", "text")),
        rate_limit=_number(environment, "SCIM_RATE_LIMIT", 0, least=0),
        proxies=_number(environment, "SCIM_PROXIES", 0, least=0),
        jwt=_jwt(environment),
        read_database=_url(follows, "SCIM_READ_DATABASE_URL") if follows else None,
        statement_seconds=_number(environment, "SCIM_STATEMENT_SECONDS", 20),
        bulk_seconds=_number(environment, "SCIM_BULK_SECONDS", 45),
    )
