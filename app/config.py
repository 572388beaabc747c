"""Reads the environment and Magento's own `app/etc/env.php`, once, and checks both.

| variable | meaning |
|---|---|
| SCIM_DATABASE_URL | the shop's database: mysql://user:password@host:port/name[?unix_socket=…] |
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
| SCIM_JOURNAL_KEY | 64 hexadecimal digits that seal secrets in the journal; without it a key in the database does |
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from app import envphp

DRIVER = "mysql+pymysql"


class Refused(Exception):
    """The service cannot start. The message is one sentence that says what to do."""


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


def _url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        raise Refused("SCIM_DATABASE_URL is no URL: write mysql://user:password@host:3306/database.") from None
    backend, _, driver = url.drivername.partition("+")
    if backend not in ("mysql", "mariadb"):
        raise Refused(
            f"SCIM_DATABASE_URL starts with {url.drivername!r}: Magento needs mysql://user:password@host/database."
        )
    if not url.database:
        raise Refused("SCIM_DATABASE_URL names no database: add it at the end, mysql://…/magento.")
    return url if driver else url.set(drivername=DRIVER)


def from_magento(root: Path) -> tuple[sa.URL, str]:
    """Read the database URL and the table prefix out of a Magento folder's env.php.

    Raises Refused where the file is missing, unreadable, or has no default connection.
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
    database = settings.get("db", {})
    connection = database.get("connection", {}).get("default")
    if not connection:
        raise Refused(f"MAGENTO_ROOT: {path} has no db/connection/default: is Magento installed there?")
    host, port, query = str(connection.get("host") or "localhost"), connection.get("port"), {}
    socket = connection.get("unix_socket") or (host if host.startswith("/") else None)
    if socket:
        host, query = "localhost", {"unix_socket": str(socket)}
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    url = sa.URL.create(
        DRIVER,
        username=connection.get("username"),
        password=connection.get("password"),
        host=host,
        port=int(port) if port else None,
        database=connection.get("dbname"),
        query=query,
    )
    return url, str(database.get("table_prefix") or "")


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdigit() or int(text) < 1:
        raise Refused(f"{name} is {text!r}: it takes a whole number from 1.")
    return int(text)


def _key(environment: Mapping[str, str], name: str) -> bytes | None:
    text = environment.get(name)
    if not text:
        return None
    if not re.fullmatch(r"[0-9A-Fa-f]{64}", text):
        raise Refused(f"{name} is no key: it takes 64 hexadecimal digits, such as `openssl rand -hex 32` prints.")
    return bytes.fromhex(text)


def names_a_shop(environment: Mapping[str, str]) -> bool:
    """Say whether the environment points at a shop at all."""
    return bool(environment.get("SCIM_DATABASE_URL") or environment.get("MAGENTO_ROOT"))


def read(environment: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration; raises Refused with what to set."""
    if environment.get("SCIM_DATABASE_URL"):
        database = _url(environment["SCIM_DATABASE_URL"])
        prefix = environment.get("SCIM_TABLE_PREFIX", "")
    elif environment.get("MAGENTO_ROOT"):
        database, prefix = from_magento(Path(environment["MAGENTO_ROOT"]))
    else:
        raise Refused("No shop: set SCIM_DATABASE_URL or MAGENTO_ROOT, or use `make run` for a sandbox.")
    tls = {
        key: environment[f"SCIM_DATABASE_TLS_{key.upper()}"]
        for key in ("ca", "cert", "key")
        if environment.get(f"SCIM_DATABASE_TLS_{key.upper()}")
    }
    base_url = environment.get("SCIM_BASE_URL") or None
    return Config(
        database=database,
        prefix=prefix,
        mapping=Path(environment.get("SCIM_MAPPING") or "mapping.yaml"),
        tls=tls,
        base_url=base_url.rstrip("/") if base_url else None,
        profile=environment.get("SCIM_PROFILE") or "lenient",
        open_discovery=environment.get("SCIM_OPEN_DISCOVERY", "1") not in ("0", "false", "no", "off"),
        max_body=_number(environment, "SCIM_MAX_BODY", 1 << 20),
        max_page=_number(environment, "SCIM_MAX_PAGE", 1000),
        max_operations=_number(environment, "SCIM_MAX_OPERATIONS", 1000),
        journal_key=_key(environment, "SCIM_JOURNAL_KEY"),
    )
