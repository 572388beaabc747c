"""check, try, diff, show, schema, init: what operations people look at before they trust a mapping (issue 6)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from app import cli
from app.mapping import yamlfile
from tests.users.conftest import PATCH, ROOT, USER, Make

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
    assert (done.exit_code, "5 rules, 1 address, 1 test passed" in done.output) == (0, True), done.output
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


@pytest.mark.requirement(147)
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


@pytest.mark.requirement(147)
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
        ({"schemas": [USER], "userName": "x@example.com"}, (), "(firstname): the shop requires a First Name"),
        ({"schemas": [USER], "userName": "x@example.com"}, (), "(lastname): "),
        ({**ADA, "userName": "x"}, (), "(email): 'x' is no e-mail address"),
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


# --- diff ---


def _diff(run: Run, tmp_path: Path, text: str, *words: str) -> Result:
    new = tmp_path / "new.yaml"
    new.write_text(text)
    return run("diff", str(new), *words)


def test_diff_says_what_another_file_changes(make: Make, run: Run, tmp_path: Path, database: sa.Engine) -> None:
    scim = make(MAPPING)
    users = [scim.create(userName=f"p{n}@example.com", title="T", nickName=str(n))["id"] for n in range(3)]
    scim.patch(users[2], {"op": "replace", "path": "userType", "value": "Guest"})
    scim.execute("UPDATE {p}customer_entity SET firstname='By hand' WHERE entity_id=:e", e=users[0])
    before = _whole(database)
    assert _diff(run, tmp_path, MAPPING).exit_code == 0
    new = MAPPING.replace("{from: name.familyName,", "{from: name.familyName, transform: upper,")
    new = new.replace("from: title, mask", "from: title, transform: lower, mask").replace(
        "  employee_number: nickName\n", ""
    )
    new = new.replace('userType eq "Employee"', 'userType eq "Guest"')
    done = _diff(run, tmp_path, new)
    assert (done.exit_code, "3 of 3 customers change, 0 would be refused" in done.output) == (1, True), done.output
    assert "employee_number is no longer written" in done.output
    found = json.loads(_diff(run, tmp_path, new, "--format", "json", "--sample", "2", "--batch", "2").output)
    assert {(each["attribute"], each["customers"]) for each in found["attributes"]} == {
        ("lastname", 3),
        ("taxvat", 3),
        ("group_id", 1),
    }, "what was edited by hand is drift, not a change"
    assert found["sample"][0] | {"id": 0} == {
        "id": 0,
        "attribute": "lastname",
        "line": 5,
        "before": "Lovelace",
        "after": "LOVELACE",
    }
    assert found["sample"][1]["after"] == "(hidden)"
    assert len(found["sample"]) == 2
    assert _whole(database) == before


def test_diff_counts_who_would_be_refused_and_what_becomes_of_addresses(
    make: Make, run: Run, tmp_path: Path, database: sa.Engine
) -> None:
    scim = make(MAPPING)
    scim.create(addresses=[WORK])
    scim.create(userName="b@example.com", title="x")
    before = _whole(database)
    new = MAPPING[: MAPPING.index("tests:")].replace("{from: title, mask: true}", "{from: title, required: true}")
    new = new.replace("city: locality", "city: {from: locality, transform: upper}")
    found = json.loads(_diff(run, tmp_path, new, "--format", "json").output)
    assert [(each["attribute"], each["customers"]) for each in found["attributes"]] == [("work.city", 1)]
    assert [(each["attribute"], each["customers"]) for each in found["refusals"]] == [("taxvat", 1)]
    assert (found["customers"], found["change"], found["refused"]) == (2, 1, 1)
    assert _whole(database) == before


@pytest.mark.parametrize(
    ("rule", "old", "changes"),
    [
        ("newsletter: {const: true, when: 'userType eq \"Board\"', direction: in}", "", {("newsletter", None, True)}),
        ("newsletter: {const: false, direction: in}", "newsletter: {const: true, direction: in}",
         {("newsletter", True, False)}),
        ("department: {from: title, option: {missing: create}}", "", {("department", None, "(new Robotics)")}),
        ("department: {from: title, option: {missing: drop}}", "", set()),
        ("gender: {from: preferredLanguage, lookup: {'*': Female}, direction: in}", "", {("gender", None, 2)}),
    ],
)  # fmt: skip
def test_diff_of_values_that_are_rows_of_their_own(
    make: Make,
    run: Run,
    tmp_path: Path,
    database: sa.Engine,
    rule: str,
    old: str,
    changes: set[tuple[str, Any, Any]],
) -> None:
    """A subscription, a label that the shop does not have yet, an option: told in words, and not made."""
    in_force = MAPPING.replace("  employee_number: nickName\n", f"  {old}\n" if old else "")
    new = MAPPING.replace("  employee_number: nickName\n", f"  {rule}\n").replace(
        "taxvat: {from: title,", "taxvat: {from: locale,"
    )
    scim = make(in_force)
    (tmp_path / "mapping.yaml").write_text(in_force)
    scim.create(title="Robotics", userType="Board", preferredLanguage="en")
    before = _whole(database)
    done = _diff(run, tmp_path, new, "--format", "json")
    found = json.loads(done.output)
    told = {
        (each["attribute"], each["before"], each["after"]) for each in found["sample"] if each["attribute"] != "taxvat"
    }
    assert told == changes
    assert found["refused"] == 0
    assert _diff(run, tmp_path, new).exit_code == 1
    assert _whole(database) == before


def test_diff_of_a_file_that_cannot_be_used(make: Make, run: Run, tmp_path: Path) -> None:
    make(MAPPING)
    done = _diff(run, tmp_path, MAPPING.replace("nickName", "nickNam"))
    assert (done.exit_code, "no such path 'nickNam'" in done.output) == (1, True)


# --- show, schema, init ---


def test_show_says_where_each_value_is(make: Make, run: Run) -> None:
    make(MAPPING)
    found = {each["attribute"]: each for each in json.loads(run("show", "--format", "json").output)}
    assert found["email"] | {"conversion": ""} == {
        "attribute": "email",
        "paths": ["userName"],
        "direction": "inout",
        "table": "customer_entity",
        "column": "email",
        "attribute_id": found["email"]["attribute_id"],
        "type": "string",
        "conversion": "",
        "indexed": True,
        "line": 3,
    }
    assert found["email"]["conversion"] == "lower"
    assert (found["employee_number"]["table"], found["employee_number"]["indexed"]) == (
        "customer_entity_varchar",
        False,
    )
    assert found["work.city"]["table"] == "customer_address_entity"
    shown = run("show").output
    assert f"customer_entity_varchar, attribute {found['employee_number']['attribute_id']}" in shown


@pytest.mark.parametrize(("columns", "rows"), [("80", False), ("160", True)])
def test_show_is_readable_on_a_terminal(
    make: Make, run: Run, monkeypatch: pytest.MonkeyPatch, columns: str, rows: bool
) -> None:
    """Nothing is broken where it is copied from: a table where it fits, else a few lines for each rule."""
    make(MAPPING)
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = run("show").output
    assert ("┃" in shown) == rows
    for whole in ('addresses[type eq "work"].streetAddress', "customer_address_entity.country_id", "work.telephone"):
        assert whole in shown
    plain = click.unstyle(shown).splitlines()
    assert max(map(len, plain)) <= int(columns)
    if not rows:
        assert plain[:4] == [
            *("   3  email", "      SCIM    userName", "      stored  customer_entity.email, string"),
            "      how     inout; lower; found by an index",
        ]


@pytest.mark.parametrize("command", ["try", "diff"])
def test_nothing_is_cut_off_where_no_terminal_reads_it(
    make: Make, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    scim = make(MAPPING)
    monkeypatch.setenv("COLUMNS", "80")
    long = "x" * 70
    scim.create(nickName=long)
    if command == "diff":
        done = _diff(run, tmp_path, MAPPING.replace("nickName", "{from: nickName, transform: upper}"))
    else:
        done = _try(run, tmp_path, {**ADA, "userName": "b@example.com", "nickName": long.upper()})
    assert long.upper() in done.output


def test_the_static_schema_is_the_one_in_the_repository(run: Run) -> None:
    committed = (ROOT / "mapping.schema.json").read_text()
    assert run("schema", "--static").output == committed, "magento-scim schema --static > mapping.schema.json"


def _errors(schema: dict[str, Any], text: str) -> list[str]:
    jsonschema.Draft7Validator.check_schema(schema)
    given = yamlfile.read(text)[0].plain()
    return [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(given)]


WHOLE = """version: 1
prefixes: {ent: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"}
defaults: {direction: inout, write: always, on_null: clear, on_absent: clear, on_invalid: reject, trim: true}
match: {by: [externalId, userName], existing: review, scope: auto}
customer:
  email: {from: [emails.value, userName], transform: [lower]}
  firstname: {from: name.givenName, default: '{displayName | first_word}'}
  lastname: {from: name.familyName, default: '{displayName | last_word}'}
  gender: {from: userType, lookup: {m: Male, '*': Not Specified}, option: label}
  store_id: {from: [locale, preferredLanguage], lookup: stores, write: create, direction: in}
  created_in: {const: SCIM, write: create, direction: in}
  department: {from: ent:department, option: {match: admin_label, missing: create}}
  newsletter: {from: userType, type: boolean, direction: in, on_invalid: drop}
  employee_number: {from: ent:employeeNumber, transform: [digits, 'pad_left(8, "0")'], mask: true, unique: true}
  taxvat: {from: ent:costCenter, transform: ['extract("^CC-(?P<v>[0-9]{4})$")'], out: 'CC-{customer.taxvat}', on_invalid: drop}
  suffix: {const: VIP, when: 'groups.display eq "VIP" or userType eq "Board"', otherwise: '-', direction: in}
  prefix: {template: '{title | upper}', max_length: 10, required: false, type: string, trim: false}
addresses:
  - name: work
    root: 'addresses[type eq "work"]'
    default: [billing, shipping]
    on_invalid: drop
    existing: adopt
    fields: {firstname: /name.givenName, lastname: /name.familyName, street: streetAddress, city: locality,
             country_id: {from: country, transform: [upper], lookup: aliases}, postcode: postalCode,
             telephone: {from: ['/phoneNumbers[type eq "work"].value', /phoneNumbers.value], default: '-'}}
groups:
  priority: [Gold, Wholesale]
  rules: [{idp: 'shop-*', magento: Wholesale}, {when: 'userType eq "Employee"', magento: Retailer}]
  otherwise: default
  missing: create
  hidden: [NOT LOGGED IN]
password: accept
lifecycle:
  deactivate: [lock, end_sessions, revoke_tokens, drop_reset_token]
  delete: deactivate
  purge: {after: 90d, how: anonymize}
  protect: ['userName ew "@example.com"']
  breaker: {per_hour: 50, action: hold}
tables: {stores: {'*': default}, aliases: {UK: GB, '*': '{value}'}}
tenants:
  eu: {website: base, profile: miniorange, override: {customer: {taxvat: title}}}
  us:
tests:
  - {name: a, given: {userName: A@example.com, displayName: A B}, expect: {customer.email: a@example.com, group: General}}
  - {name: b, given: {userName: x@example.com, name: {givenName: X}}, error: lastname}
"""


@pytest.mark.parametrize("text", [WHOLE, MAPPING, (ROOT / "mapping.yaml").read_text()])
def test_the_schemas_take_what_the_reader_takes(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "whole.yaml").write_text(text)
    assert run("check", str(tmp_path / "whole.yaml")).exit_code == 0, run("check", str(tmp_path / "whole.yaml")).output
    assert _errors(json.loads(run("schema", "--static").output), text) == []
    assert _errors(json.loads(run("schema").output), text) == []


@pytest.mark.parametrize(
    ("wrong", "right", "by"),
    [
        ("emial:", "email:", ("live",)),
        ("'*': Not Specifyd", "'*': Not Specified", ()),
        ("existing: revew", "existing: review", ("static", "live")),
        ("website: bse", "website: base", ("live",)),
        ("profile: okt", "profile: miniorange", ("static", "live")),
        ("pasword: accept", "password: accept", ("static", "live")),
        ("delete: kil", "delete: deactivate", ("static", "live")),
        (
            "wirte: create, direction: in}\n  department",
            "write: create, direction: in}\n  department",
            ("static", "live"),
        ),
    ],
)
def test_the_schemas_underline_mistakes(run: Run, wrong: str, right: str, by: tuple[str, ...]) -> None:
    text = WHOLE.replace(right, wrong, 1)
    assert text != WHOLE
    assert bool(_errors(json.loads(run("schema", "--static").output), text)) == ("static" in by)
    assert bool(_errors(json.loads(run("schema").output), text)) == ("live" in by)


def test_the_live_schema_completes_this_shop_s_words(make: Make, run: Run) -> None:
    scim = make(MAPPING)
    answer = scim.app.test_client().get("/scim/mapping.schema.json")
    assert answer.status_code == 401
    answer = scim.app.test_client().get("/scim/mapping.schema.json", headers=scim.headers)
    assert answer.status_code == 200
    assert answer.mimetype == "application/schema+json"
    found = answer.get_json()
    customer = found["properties"]["customer"]
    assert {"email", "employee_number", "department"} <= set(customer["properties"])
    assert "is_active" not in customer["properties"]
    assert customer["properties"]["employee_number"]["description"]
    assert '"Female"' in json.dumps(customer["properties"]["gender"])
    assert '"Wholesale"' in json.dumps(found["properties"]["groups"])
    assert '"base"' in json.dumps(found["properties"]["tenants"])


def test_init_writes_a_file_that_passes_check(run: Run, tmp_path: Path, database: sa.Engine) -> None:
    before = _whole(database)
    path = tmp_path / "first.yaml"
    done = run("init", "--output", str(path))
    assert done.exit_code == 0, done.output
    assert run("check", str(path)).exit_code == 0
    text = path.read_text()
    assert run("init").output == text
    for line in (
        "  firstname: {from: name.givenName, default: '{displayName | first_word}'}   # First Name; ",
        "#  employee_number: ent:employeeNumber   # ",
        "#  gender: shop:gender   # Gender; one of Male, Female, Not Specified",
        "#  department: ent:department   # ",
        "#  newsletter: shop:newsletter   # Newsletter; boolean",
        "#addresses:\n",
        "#      city: locality   # City; string of at most 255 characters; required\n",
    ):
        assert line in text, text
    again = run("init", "--output", str(path))
    assert (again.exit_code, "Cannot write" in again.output) == (1, True)
    assert _whole(database) == before
    suggested = "\n".join(line[1:] if line.startswith("#  ") else line for line in text.splitlines())
    path.write_text(suggested.replace("#groups:", "groups:").replace("#addresses:", "addresses:"))
    assert run("check", str(path)).exit_code == 0, run("check", str(path)).output
