"""The report before the first sync says what the first sync then does (issue 5)."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import cli
from app.mapping import adoption
from tests.tenants.conftest import Tenants, Websites
from tests.users.conftest import USER, Client
from tests.users.test_tools import _whole

RULES = """version: 1
match: {by: [externalId, userName, 'emails[type eq "work"].value'], existing: EXISTING}
customer:
  email: ['emails[type eq "work"].value', userName]
  firstname: name.givenName
  lastname: name.familyName
  taxvat: {from: nickName, unique: true}
lifecycle: {LIFECYCLE}
tenants:
  here: {}
  there: {website: eu}
"""
Run = Callable[..., Result]


def person(user_name: str, email: str | None = None, **more: Any) -> dict[str, Any]:
    emails = {"emails": [{"value": email, "type": "work"}]} if email else {}
    name = {"givenName": "Ada", "familyName": "Lovelace"}
    return {"schemas": [USER], "userName": user_name, "name": name, **emails, **more}


PEOPLE = [
    person("free@example.com"),  # a customer of this website, by userName
    person("u2", "WORK@example.com", externalId="e2"),  # one, by its work e-mail
    person("new@example.com", externalId="e3"),
    person("eu@example.com"),  # a customer of another website only
    person("managed@example.com"),
    person("left@example.com"),  # a managed leaver
    person("gone@example.com"),  # deleted, kept by the shop
    person("other", "there@example.com"),  # managed by the other tenant, on its website
    person("moved", "moved@example.com"),  # managed by the other tenant, on this website by now
    person("first@example.com", "second@example.com"),  # two customers fit
    person("NEW@example.com"),  # the same as another user of the file
    person("u12", "néw@example.com "),
    person("u13", "free@example.com"),
    person("bad", "bad@example.com", name={"givenName": "", "familyName": "x"}),
    person("no e-mail"),
    {"schemas": [USER], "externalId": "nobody"},
    person("tax1@example.com", nickName="T1"),
    person("tax2@example.com", nickName="T1"),
    person("tax3@example.com", nickName="TAKEN"),
    person("hers@example.com", active=False),
    person("both@example.com"),  # on both websites
]


@pytest.fixture
def run(websites: Websites, shop_url: str, table_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SCIM_DATABASE_URL", shop_url)
    monkeypatch.setenv("SCIM_TABLE_PREFIX", table_prefix)
    monkeypatch.setenv("SCIM_MAPPING", str(tmp_path / "mapping.yaml"))
    monkeypatch.setenv("COLUMNS", "250")
    assert websites.here
    return lambda *words, **more: CliRunner().invoke(cli.main, ["adopt", "--tenant", "here", *words], **more)


def settle(websites: Websites, here: Client, there: Client) -> None:
    """Make the shop that the file meets."""
    here.create(userName="managed@example.com")
    for name in ("left", "gone"):
        user = here.create(userName=f"{name}@example.com")["id"]
        operation = {"op": "replace", "path": "active", "value": False}
        if name == "left":
            assert here.patch(user, operation).status_code == 200
        else:
            assert here.send("DELETE", f"/Users/{user}").status_code == 204
    there.create(userName="there@example.com")
    moved = there.create(userName="moved@example.com")["id"]
    websites.bench.sql("UPDATE {p}customer_entity SET website_id = :w WHERE entity_id = :i", w=websites.here, i=moved)
    for name in ("free", "work", "first", "second", "unknown", "both"):
        websites.bench.create(email=f"{name}@example.com", website_id=websites.here)
    websites.bench.create(email="x@example.com", taxvat="TAKEN", website_id=websites.here)
    for name in ("eu", "both"):
        websites.bench.create(email=f"{name}@example.com", website_id=websites.there)


def done(client: Client, body: dict[str, Any], verdict: dict[str, Any], before: set[int]) -> None:
    """POST a user and hold the answer against what the report said of it."""
    answer = client.send("POST", "/Users", body)
    told, customer = verdict["outcome"], verdict["customer"]
    said = (verdict, answer.text)
    if told == adoption.CREATE:
        assert (answer.status_code, int(answer.get_json()["id"]) in before) == (201, False), said
    elif told in (adoption.LINK, adoption.RETURN) or "a POST takes" in (verdict["reason"] or ""):
        assert (answer.status_code, int(answer.get_json()["id"])) == (201, customer), said
    elif told == adoption.REFUSED:
        assert answer.status_code == (409 if body.get("nickName") else 400), said
    elif told == adoption.OUT:
        assert (answer.status_code, verdict["reason"]) == (answer.status_code, answer.get_json()["detail"]), said
        assert answer.status_code in (403, 409)
    else:
        assert answer.status_code == 409, said
        assert customer is None or "as user" in verdict["reason"] or str(customer) in answer.text, said


CASES: list[tuple[str, str, bool]] = [
    ("adopt", "delete: deactivate", False),
    ("adopt", "delete: deactivate, returning: anew", False),
    ("adopt", "delete: deactivate, deactivate: [lock, block_group]", True),
    ("review", "delete: deactivate", False),
    ("reject", "delete: deactivate", False),
    ("adopt", "delete: deactivate, allow: [deactivate, update, delete]", False),
    ("adopt", "delete: deactivate, protect: ['userName sw \"free\"']", False),
]


@pytest.mark.parametrize(("existing", "lifecycle", "shared"), CASES, ids=lambda case: str(case)[:60])
def test_the_first_sync_does_what_the_report_said(
    websites: Websites, tenants: Tenants, run: Run, existing: str, lifecycle: str, shared: bool, tmp_path: Path
) -> None:
    rules = RULES.replace("EXISTING", existing).replace("LIFECYCLE", lifecycle)
    open_to_all = RULES.replace("EXISTING", "adopt").replace("LIFECYCLE", "delete: deactivate")
    settle(websites, *tenants("here", "there", mapping=open_to_all))
    if shared:
        websites.bench.sql("DELETE FROM {p}customer_entity WHERE email = 'both@example.com'")
        websites.share()
    (here,) = tenants("here", mapping=rules)
    before = _whole(here.engine)
    file = tmp_path / "people.json"
    file.write_text(json.dumps({"totalResults": len(PEOPLE), "Resources": PEOPLE}))
    result = run("--report", "--users", str(file), "--format", "json")
    assert result.exit_code == 3, result.output
    assert _whole(here.engine) == before, "nothing is written, not even a number is used up"
    told = json.loads(result.stdout)
    verdicts = [each for each in told["users"] if each["user"]]
    assert len(verdicts) == len(PEOPLE)
    there_already = {row["entity_id"] for row in here.rows("customer_entity")}
    for body, verdict in zip(PEOPLE, verdicts, strict=True):
        done(here, body, verdict, there_already)
    kinds = [verdict["outcome"] for verdict in verdicts]
    if (existing, lifecycle, shared) == CASES[0]:
        assert kinds == [
            *(adoption.LINK, adoption.LINK, adoption.CREATE, adoption.CREATE, adoption.MANAGED, adoption.RETURN),
            *(adoption.RETURN, adoption.CREATE, adoption.OUT, adoption.AMBIGUOUS, adoption.AMBIGUOUS),
            *(adoption.AMBIGUOUS, adoption.AMBIGUOUS, adoption.REFUSED, adoption.REFUSED, adoption.REFUSED),
            *(adoption.CREATE, adoption.AMBIGUOUS, adoption.REFUSED, adoption.CREATE, adoption.LINK),
        ]
        assert [verdict["matched by"] for verdict in verdicts[:2]] == ["userName", 'emails[type eq "work"].value']
        alone = {each["email"] for each in told["users"] if each["outcome"] == adoption.ALONE}
        assert alone == {"unknown@example.com", "x@example.com"}


def test_forms_and_files(websites: Websites, tenants: Tenants, run: Run, tmp_path: Path) -> None:
    rules = RULES.replace("EXISTING", "adopt").replace("LIFECYCLE", "")
    assert tenants("here", mapping=rules)
    free = websites.bench.create(email="free@example.com")
    header = "User name;E-Mail;external_id;Active;urn:x:y:User:zzz;Phone\n"
    lines = "free@example.com;free@example.com;e1;yes;;0\n=1+1@example.com;=1+1@example.com;e2;;;\n"
    files = {
        "csv": header + lines,
        "tab": (header + lines).replace(";", "\t"),
        "bom": "\ufeffemail\nfree@example.com\n=1+1@example.com\n",
        "jsonl": "\n".join(json.dumps(person(name)) for name in ("free@example.com", "=1+1@example.com")),
        "list": json.dumps([person("free@example.com"), person("=1+1@example.com")]),
        "pages": json.dumps([{"Resources": [person(n)]} for n in ("free@example.com", "=1+1@example.com")]),
    }
    for name, text in files.items():
        path = tmp_path / name
        path.write_text(text)
        result = run("--report", "--users", str(path), "--format", "csv")
        assert result.exit_code == 0, (name, result.output)
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        assert [(row["outcome"], row["customer"]) for row in rows] == [("linked", str(free)), ("created", "")], name
        assert rows[1]["email"] == "'=1+1@example.com", "no spreadsheet runs it"
        assert ("The file has no names" in result.stderr) == (name in ("csv", "tab", "bom"))
        assert ("Phone" in result.stderr) == (name in ("csv", "tab"))
    shown = run("--report", "--users", str(tmp_path / "csv"))
    for text in ("linked: 1", "created: 1", "userName", "Nothing has been written."):
        assert text in shown.output
    assert run("--report", "--users", "-", input=files["jsonl"]).exit_code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "no column is userName or email"),
        ("userName\n", "has no users"),
        ("{", "neither JSON nor JSON lines"),
        ("[1]", "user 1 is no JSON object"),
        ("userName,email\na,b,c\n", "has 3 columns"),
        (b"\xff\xfe", "cannot be read as UTF-8"),
    ],
)
def test_a_file_that_is_none_is_told(run: Run, tenants: Tenants, tmp_path: Path, text: str | bytes, said: str) -> None:
    tenants("here", mapping=RULES.replace("EXISTING", "adopt").replace("LIFECYCLE", ""))
    path = tmp_path / "file"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = run("--report", "--users", str(path))
    assert (result.exit_code, said in result.output) == (1, True), result.output


@pytest.mark.parametrize("words", [(), ("5", "--report"), ("5", "--users", "x")])
def test_either_customers_or_a_report(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


@pytest.mark.parametrize("shared", [False, True])
def test_the_shop_alone(websites: Websites, tenants: Tenants, run: Run, shared: bool) -> None:
    rules = RULES.replace("EXISTING", "adopt").replace("LIFECYCLE", "delete: deactivate")
    settle(websites, *tenants("here", "there", mapping=rules))
    if shared:
        websites.share()
    before = _whole(websites.bench.engine)
    result = run("--report", "--format", "json")
    assert result.exit_code == 3, result.output
    assert _whole(websites.bench.engine) == before
    counts = json.loads(result.stdout)["counts"]
    out = 2 if shared else 4
    ambiguous = {adoption.AMBIGUOUS: 2} if shared else {}
    linked = 14 - 2 - 1 - out - 2 * shared
    found = {adoption.LINK: linked - 0, adoption.MANAGED: 2, adoption.RETURN: 1, adoption.OUT: out, **ambiguous}
    assert counts == found
    assert "on website eu" in run("--report").output or shared
