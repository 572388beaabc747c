"""No personal data in any log by default: not of requests, of errors, of the database's words, nor of the server's."""

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app import logs
from tests import live
from tests.users.conftest import PATCH, USER, Client

NAMES = ("ada@example.com", "ada%40example.com", "Lovelace", "O'Brien", "Countess", "Gr8-enough", "hidden-4711")
ADA: dict[str, Any] = {
    "schemas": [USER],
    "userName": "ada@example.com",
    "externalId": "hidden-4711",
    "nickName": "Countess",
    "password": "Gr8-enough-Secret",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
}


@contextlib.contextmanager
def _refusing(client: Client, code: int, text: str) -> Iterator[None]:
    """Let the database refuse every change of a customer with an error of this number, which quotes the row."""
    client.execute(
        f"CREATE TRIGGER `{client.prefix}refusing` BEFORE UPDATE ON `{client.prefix}customer_entity` FOR EACH ROW"
        f" BEGIN DECLARE said TEXT; SET said = CONCAT('{text} ''', NEW.email, ''' of ''', NEW.lastname, '''');"
        f" SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {code}, MESSAGE_TEXT = said; END"
    )
    try:
        yield
    finally:
        client.execute(f"DROP TRIGGER `{client.prefix}refusing`")


def _say(port: int, text: bytes) -> bytes:
    """Send bytes that are no HTTP; gives the answer."""
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.sendall(text)
        return line.recv(1000)


@pytest.mark.parametrize("form", ["json", "text"])
def test_nobody_s_name_is_in_the_log(scim: Client, service_url: str, tmp_path: Path, form: str) -> None:
    log = tmp_path / "log"
    settings = {
        "SCIM_DATABASE_URL": service_url,
        "SCIM_TABLE_PREFIX": scim.prefix,
        "SCIM_LOG_FORMAT": form,
        "SCIM_PROFILE": "entra",
    }
    secret = scim.headers["Authorization"].split()[1]
    with live.process(settings, workers=1, log=log) as (base, _), httpx2.Client(headers=scim.headers) as client:
        made = client.post(f"{base}/Users", json=ADA)
        user = f"{base}/Users/{made.json()['id']}"
        assert client.post(f"{base}/Users", json=ADA).status_code == 409
        assert client.get(f"{base}/Users", params={"filter": 'userName eq "ada@example.com"'}).status_code == 200
        assert client.get(f"{base}/Users", params={"filter": 'userName eq "ada@example.com'}).status_code == 400
        assert client.get(f"{base}/Users/ada@example.com").status_code == 404
        assert client.get(f"{base}/Lovelace?who=ada%40example.com").status_code == 404
        assert client.post(f"{base}/Users", content=b'{"userName": "ada@example.com"').status_code == 400
        group = client.post(f"{base}/Groups", json={"displayName": "Gold"}).json()["id"]
        member = {"op": "add", "path": "members", "value": [{"value": "ada@example.com"}]}
        client.patch(f"{base}/Groups/{group}", json={"schemas": [PATCH], "Operations": [member]})
        change = {"op": "replace", "path": "name.familyName", "value": "O'Brien"}
        for code, status in ((1064, 500), (3000, 503), (1062, 409), (1644, 400)):
            with _refusing(scim, code, "Incorrect value"):
                answer = client.patch(user, json={"schemas": [PATCH], "Operations": [change]})
            assert answer.status_code == status, (code, answer.text)
        port = int(base.split(":")[2].split("/")[0])
        line = b'GET /scim/v2/Users?filter=userName eq "ada@example.com" HTTP/1.1\r\n'
        assert b"400" in _say(port, line + b"\r\n")
        sent = b"GET /scim/v2/Users HTTP/1.1\r\nAuthorization Bearer " + secret.encode() + b" Lovelace\r\n\r\n"
        assert b"400" in _say(port, sent)
    text = log.read_text()
    for name in (*NAMES, secret):
        assert name not in text, next(line for line in text.splitlines() if name in line)
    assert "Fault: 1064" in text, "and what went wrong is there"
    assert "Invalid" in text, "what the server could not read is there"
    if form == "json":
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        (fault,) = (line for line in lines if line["event"] == "unexpected error")
        assert "app/magento/database.py" in fault["exception"]
        assert "1064" in fault["exception"]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Duplicate entry 'O'Brien' for key 'x'", "Duplicate entry <quoted>"),
        ("no route to /Users?filter=userName%20eq%20x now", "no route to /Users?<query> now"),
        ("mail ada.l@mail.example.com, or ada%40example.com.", "mail <address>, or <address>"),
        ("INSERT command denied for table `customer_entity`", "INSERT command denied for table `customer_entity`"),
        ("mysql://scim:***@127.0.0.1:3306/shop", "mysql://scim:***@127.0.0.1:3306/shop"),
    ],
)
def test_what_others_say_is_masked(said: str, shown: str) -> None:
    assert logs.masked(said) == shown
