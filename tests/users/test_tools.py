"""check, try, diff, show, schema, init: what operations people look at before they trust a mapping (issue 6)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from app import cli
from tests.users.conftest import PATCH, USER, Make

Run = Callable[..., Result]
MAPPING = """version: 1
customer:
  email: {from: userName, transform: [lower]}
  firstname: {from: name.givenName, default: '{displayName | first_word}'}
  lastname: {from: name.familyName, default: '{displayName | last_word}'}
  taxvat: {from: title, mask: true}
  employee_number: nickName
groups:
  rules:
    - {when: 'userType eq "Employee"', magento: Retailer}
addresses:
  - name: work
    root: 'addresses[type eq "work"]'
    default: [billing]
    fields: {firstname: /name.givenName, lastname: /name.familyName, street: streetAddress, city: locality,
             country_id: country, telephone: {default: '-', from: /phoneNumbers.value}, postcode: postalCode}
tests:
  - {name: t, given: {userName: A@example.com, displayName: A B}, expect: {customer.email: a@example.com}}
"""
ADA = {"schemas": [USER], "userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "Lovelace"}}
WORK = {"type": "work", "streetAddress": "Main St 1", "locality": "Bonn", "country": "DE", "postalCode": "53111"}


@pytest.fixture
def run(shop_url: str, table_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: sa.Engine) -> Run:
    monkeypatch.setenv("SCIM_DATABASE_URL", shop_url)
    monkeypatch.setenv("SCIM_TABLE_PREFIX", table_prefix)
    monkeypatch.setenv("SCIM_MAPPING", str(tmp_path / "mapping.yaml"))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "mapping.yaml").write_text(MAPPING)

    def command(*words: str, **more: Any) -> Result:
        return CliRunner().invoke(cli.main, list(words), **more)

    return command


def _whole(database: sa.Engine) -> dict[str, Any]:
    """Read every table, and the numbers that the next rows would get."""
    with database.connect() as connection:
        if "Maria" not in str(connection.execute(sa.text("SELECT VERSION()")).scalar()):
            connection.execute(sa.text("SET SESSION information_schema_stats_expiry = 0"))
        tables = connection.execute(
            sa.text(
                "SELECT table_name, auto_increment FROM information_schema.tables "
                "WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY table_name"
            )
        ).all()
        return {
            name: (number, sorted(map(repr, connection.execute(sa.text(f"SELECT * FROM `{name}`")))))
            for name, number in tables
        }


# --- check ---


def test_check_says_that_a_file_can_be_used(run: Run) -> None:
    done = run("check")
    assert (done.exit_code, "5 rules, 1 addresses, 1 tests passed" in done.output) == (0, True), done.output
    found = json.loads(run("check", "--format", "json").output)
    assert (found["ok"], found["problems"], found["tests"]) == (True, [], 1)


def test_check_shows_each_mistake_in_its_line(run: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "new.yaml"
    wrong.write_text(MAPPING.replace("name.givenName, default", "name.givnName, default").replace("nickName", "[x"))
    assert run("check", str(wrong)).exit_code == 1
    wrong.write_text(MAPPING.replace("from: name.givenName,", "from: name.givnName,"))
    done = run("check", str(wrong))
    assert done.exit_code == 1
    assert f"{wrong}:4:21: no such path 'name.givnName'" in done.output
    assert "did you mean 'name.givenName'?" in done.output
    lines = done.output.splitlines()
    (at,) = [i for i, line in enumerate(lines) if line.startswith("    4 | ")]
    assert lines[at][lines[at + 1].index("^") :].startswith("name.givnName")
    found = json.loads(run("check", str(wrong), "--format", "json").output)
    assert found["problems"][0] | {"message": ""} == {
        "line": 4,
        "column": 21,
        "message": "",
        "suggestion": "name.givenName",
    }


def test_check_runs_the_file_s_tests(run: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "new.yaml"
    wrong.write_text(MAPPING.replace("customer.email: a@", "customer.email: A@"))
    done = run("check", str(wrong))
    assert done.exit_code == 1
    assert "test 't': customer.email should be 'A@example.com', but it is 'a@example.com'" in done.output


def test_a_file_that_is_not_there_is_a_sentence(run: Run) -> None:
    done = run("check", "nowhere.yaml")
    assert (done.exit_code, done.output.startswith("Error: Cannot read nowhere.yaml")) == (1, True)


# --- try ---


def _try(run: Run, tmp_path: Path, body: dict[str, Any], *words: str) -> Result:
    path = tmp_path / "user.json"
    path.write_text(json.dumps(body))
    return run("try", str(path), *words)


def test_try_shows_what_a_new_user_comes_to(
    make: Make, run: Run, tmp_path: Path, database: sa.Engine, table_prefix: str
) -> None:
    make(MAPPING)
    before = _whole(database)
    body = {
        **ADA,
        "title": "secret",
        "nickName": "7",
        "userType": "Employee",
        "addresses": [WORK],
        "password": "Passw0rd!x",
    }
    done = _try(run, tmp_path, body)
    assert done.exit_code == 0, done.output
    for text in (
        "A new customer",
        "customer_entity",
        "ada@example.com",
        "line 3",
        "line 7",
        "line 10",
        "Main St 1",
        "Nothing has been written",
    ):
        assert text in done.output, (text, done.output)
    assert "secret" not in done.output
    assert "Passw0rd" not in done.output
    found = json.loads(_try(run, tmp_path, body, "--format", "json").output)
    by = {(each["table"], each["attribute"] or each["column"]): each for each in found["values"]}
    assert by["customer_entity", "email"]["line"] == 3
    assert by["customer_entity", "group_id"]["after"] == 3
    assert by["customer_entity", "group_id"]["line"] == 10
    assert by["customer_entity", "taxvat"]["after"] == "(hidden)"
    assert by["customer_entity_varchar", "employee_number"]["after"] == "7"
    assert by["customer_address_entity", "city"]["after"] == "Bonn"
    assert _whole(database) == before


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ({**ADA, "name": {"givenName": "Ada", "familyName": "Byron"}}, {("lastname", "Lovelace", "Byron", 5)}),
        (
            {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "name.givenName", "value": "Augusta"}]},
            {("firstname", "Ada", "Augusta", 4)},
        ),
        ({**ADA}, set()),
        ({**ADA, "active": False}, {("is_active", 1, 0, None)}),
        ({**ADA, "userName": "Countess@example.com"}, {("email", "ada@example.com", "countess@example.com", 3)}),
    ],
)
def test_try_on_a_user(
    make: Make,
    run: Run,
    tmp_path: Path,
    database: sa.Engine,
    body: dict[str, Any],
    values: set[tuple[Any, ...]],
) -> None:
    scim = make(MAPPING)
    user = scim.create()
    before = _whole(database)
    done = _try(run, tmp_path, body, "--user", "ada@example.com", "--format", "json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert found["id"] == int(user["id"])
    shop = [
        each for each in found["values"] if each["table"] == "customer_entity" and each["attribute"] != "updated_at"
    ]
    told = {(each["attribute"], each["before"], each["after"], each["line"]) for each in shop}
    assert values <= told
    assert bool(values) == bool(found["values"])
    assert _try(run, tmp_path, body, "--user", user["id"]).exit_code == 0
    assert _whole(database) == before


@pytest.mark.parametrize(
    ("body", "words", "problem"),
    [
        ({"schemas": [USER], "userName": "x@example.com"}, (), "firstname: the shop requires a First Name"),
        ({"schemas": [USER], "userName": "x@example.com"}, (), "lastname: "),
        ({**ADA, "userName": "x"}, (), "email: 'x' is no e-mail address"),
        ({**ADA}, (), "There is a user with userName 'ada@example.com' already"),
        ({**ADA, "userName": "b@example.com", "active": "maybe"}, (), "active: "),
        ({"schemas": [PATCH], "Operations": [{"op": "remove", "path": "userName"}]}, ("--user", "1"), ""),
    ],
)
def test_try_lists_the_problems(
    make: Make,
    run: Run,
    tmp_path: Path,
    database: sa.Engine,
    body: dict[str, Any],
    words: tuple[str, ...],
    problem: str,
) -> None:
    scim = make(MAPPING)
    user = scim.create()
    words = ("--user", user["id"]) if words else ()
    before = _whole(database)
    done = _try(run, tmp_path, body, *words)
    assert (done.exit_code, problem in done.output) == (1, True), done.output
    assert json.loads(_try(run, tmp_path, body, *words, "--format", "json").output)["problems"]
    assert _whole(database) == before


def test_try_shows_who_is_taken_over(make: Make, run: Run, tmp_path: Path, database: sa.Engine) -> None:
    scim = make(MAPPING)
    scim.execute(
        "INSERT INTO {p}customer_entity (website_id, store_id, group_id, email, lastname) "
        "VALUES (1, 1, 1, 'ada@example.com', 'Old')"
    )
    before = _whole(database)
    found = json.loads(_try(run, tmp_path, ADA, "--format", "json").output)
    assert found["operation"] == "adopt"
    assert [each["before"] for each in found["values"] if each["attribute"] == "lastname"] == ["Old"]
    assert _whole(database) == before


def test_try_reads_standard_input_and_refuses_what_is_no_object(make: Make, run: Run) -> None:
    make(MAPPING)
    assert run("try", "-", input=json.dumps(ADA)).exit_code == 0
    assert "must hold a JSON object" in run("try", "-", input="[]").output
    assert "cannot be read as JSON" in run("try", "-", input="{").output


def test_a_command_that_only_looks_cannot_write(shop_url: str) -> None:
    from app.magento import database as shop_database
    from app.magento import errors

    engine = shop_database.engine(shop_url)
    shop_database.refuse_writes(engine)
    with engine.connect() as connection, pytest.raises(errors.Unsupported, match="would have written: DELETE"):
        connection.exec_driver_sql("DELETE FROM customer_group")
    engine.dispose()
