"""One e-mail, one customer: on a website, or on all of them where they share accounts (facts 2.1, 10)."""

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from app.ledger import claims, journal, tables
from app.mapping import bridges, undo
from tests.live import at_once
from tests.tenants.conftest import RULES, TENANTS, Tenants, Websites
from tests.tenants.test_isolation import operations, person
from tests.users.conftest import Client, Make
from tests.users.test_concurrency import THREADS, statuses

SAME = ("ada@example.com", "ADA@example.com", "àda@example.com", "Ada@EXAMPLE.com")


def emails(scim: Client) -> list[str]:
    """Give the shop's e-mails as its collation compares them, each as often as customers have it."""
    query = "SELECT MIN(entity_id) AS n FROM `{}customer_entity` GROUP BY email"
    with scim.engine.connect() as connection:
        return list(connection.execute(sa.text(query.format(scim.prefix))).scalars())


def named(scim: Client, user_id: str, email: str) -> TestResponse:
    return scim.send("PATCH", f"/Users/{user_id}", operations({"op": "replace", "path": "userName", "value": email}))


@pytest.fixture
def hosts(websites: Websites, make: Make) -> "Hosts":
    """Two hosts with an app each, which has a tenant on each of the two websites."""
    assert websites.here
    apps = make(RULES + TENANTS), make(RULES + TENANTS)
    return apps[0].of("here"), apps[1].of("here"), apps[0].of("there"), apps[1].of("there")


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("second", SAME)
def test_an_email_on_another_website(websites: Websites, tenants: Tenants, shared: bool, second: str) -> None:
    if shared:
        websites.share()
    here, there = tenants("here", "there")
    first = here.create(userName=SAME[0])
    answer = there.send("POST", "/Users", person(second))
    assert answer.status_code == (409 if shared else 201), answer.text
    assert [row["website_id"] for row in here.rows("customer_entity")] == [websites.here, websites.there][: 2 - shared]
    assert len(here.rows("scim_shared_email")) == shared, "claimed only where no key of the shop guards it"
    if shared:
        assert (first["id"] in answer.get_json()["detail"], answer.headers.get("Location")) == (False, None)


@pytest.mark.parametrize("second", SAME)
def test_an_email_on_the_same_website(websites: Websites, tenants: Tenants, second: str) -> None:
    here, beside = tenants("here", "beside")
    here.create(userName=SAME[0])
    assert beside.send("POST", "/Users", person(second)).status_code == 409
    assert websites.here


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(
    ("website", "email", "status"),
    [
        ("here", "José@example.com", "adopted"),
        ("here", "jose@example.com ", "adopted"),
        ("there", "JOSE@example.com", "made"),
        ("nowhere", "jose@example.com", "made"),
    ],
)
def test_who_is_meant_among_the_shops_own(
    websites: Websites, tenants: Tenants, shared: bool, website: str, email: str, status: str
) -> None:
    """The shop's customers of the same e-mail: on this website, another one, or one that was deleted (facts 10)."""
    free = websites.bench.create(email="x@example.com", website_id=websites.there)
    on = {"here": websites.here, "there": websites.there, "nowhere": None}[website]
    websites.bench.sql("UPDATE {p}customer_entity SET email = :e, website_id = :w", e=email, w=on)
    if shared:
        websites.share()
    (here,) = tenants("here")
    answer = here.send("POST", "/Users", person("jose@example.com"))
    assert answer.status_code == 201, answer.text
    adopted = answer.get_json()["id"] == str(free)
    assert adopted == (status == "adopted" or shared), "accounts that are shared are the same everywhere"
    assert len(here.rows("customer_entity")) == 2 - adopted


@pytest.mark.parametrize(
    ("scope", "shared", "status"),
    [
        ("auto", False, "made"),
        ("auto", True, "adopted"),
        ("website", False, "made"),
        ("website", True, "refused"),
        ("global", False, "adopted"),
        ("global", True, "adopted"),
    ],
)
def test_where_an_email_means_one_customer(
    websites: Websites, tenants: Tenants, scope: str, shared: bool, status: str
) -> None:
    """`match.scope`, for an e-mail that a customer of another website has whom nobody manages."""
    free = str(websites.bench.create(email="ada@example.com", website_id=websites.there))
    if shared:
        websites.share()
    (here,) = tenants("here", mapping=f"{RULES}match: {{scope: {scope}}}\n{TENANTS}")
    answer = here.send("POST", "/Users", person("ada@example.com"))
    assert answer.status_code == (409 if status == "refused" else 201), answer.text
    assert (answer.get_json().get("id") == free) == (status == "adopted")
    assert here.get(f"/Users/{free}").status_code == (200 if status == "adopted" else 404)
    assert len(here.rows("customer_entity")) == (2 if status == "made" else 1)


@pytest.mark.parametrize("shared", [False, True])
def test_who_is_on_another_website_is_seen_where_accounts_are_shared(
    websites: Websites, tenants: Tenants, shared: bool
) -> None:
    free = str(websites.bench.create(email="ada@example.com", website_id=websites.there))
    if shared:
        websites.share()
    here, there = tenants("here", "there")
    group = here.send("POST", "/Groups", {"schemas": [], "displayName": "Mine"}).get_json()["id"]
    member = operations({"op": "add", "path": "members", "value": [{"value": free}]})
    for scim, seen in ((here, shared), (there, True)):
        assert scim.get(f"/Users/{free}").status_code == (200 if seen else 404)
        for query in ({}, {"filter": 'userName eq "ada@example.com"'}, {"filter": f'id eq "{free}"'}):
            assert scim.get("/Users", **query).get_json()["totalResults"] == seen
    assert here.send("PATCH", f"/Groups/{group}", member).status_code == (200 if shared else 400)


@pytest.mark.parametrize("website", [None, "there"])
def test_a_managed_customer_stays_its_tenants_wherever_the_shop_puts_it(
    websites: Websites, tenants: Tenants, website: str | None
) -> None:
    """A leaver whose website was deleted (facts 10: website_id NULL) must still be found, and shut out."""
    here, there = tenants("here", "there")
    user = here.create(userName="ada@example.com")["id"]
    if website is None:
        websites.bench.sql("UPDATE {p}customer_entity SET website_id = NULL, store_id = NULL")
    else:
        websites.bench.sql("UPDATE {p}customer_entity SET website_id = :w", w=websites.there)
    assert [scim.get(f"/Users/{user}").status_code for scim in (here, there)] == [200, 404]
    assert [scim.get("/Users").get_json()["totalResults"] for scim in (here, there)] == [1, 0]
    assert here.get("/Users", filter='userName eq "ada@example.com"').get_json()["totalResults"] == 1
    answer = here.send("POST", "/Users", person("ada@example.com"))
    assert (answer.status_code, user in answer.get_json()["detail"]) == (409, True)
    leaver = operations({"op": "replace", "path": "active", "value": False})
    assert here.send("PATCH", f"/Users/{user}", leaver).status_code == 200
    assert here.customer(user)["is_active"] == 0
    assert here.send("DELETE", f"/Users/{user}").status_code == 204


def test_nobody_sees_who_belongs_to_no_website(websites: Websites, tenants: Tenants) -> None:
    free = websites.bench.create(email="ada@example.com")
    websites.bench.sql("UPDATE {p}customer_entity SET website_id = NULL")
    here, there = tenants("here", "there")
    assert [scim.get(f"/Users/{free}").status_code for scim in (here, there)] == [404, 404]
    websites.share()
    (here,) = tenants("here")
    assert here.get(f"/Users/{free}").status_code == 200, "Magento finds it by its e-mail alone then"


# --- no two at once, on two hosts and over two websites ---


Hosts = tuple[Client, Client, Client, Client]


def share(websites: Websites, hosts: Hosts) -> None:
    websites.share()
    for scim in hosts:
        scim.app.extensions["magento-scim"].shop.refresh()


def creates(hosts: Hosts, names: Iterable[str]) -> list[Callable[[], TestResponse]]:
    """Make the work of creating users, host by host."""
    return [
        functools.partial(scim.send, "POST", "/Users", person(name))
        for scim, name in zip(itertools.cycle(hosts), names, strict=False)
    ]


@pytest.mark.parametrize("shared", [False, True])
def test_of_creates_at_once_one_is_done(websites: Websites, hosts: Hosts, shared: bool) -> None:
    if shared:
        share(websites, hosts)
    for attempt in range(3):
        work = creates(hosts, [f"{attempt}{SAME[n % 3]}" for n in range(THREADS)])
        done = 1 if shared else 2
        assert statuses(at_once(work)) == [201] * done + [409] * (THREADS - done)
    assert len(hosts[0].rows("customer_entity")) == 3 * done
    assert len(emails(hosts[0])) == 3


def test_of_changes_at_once_one_is_done(websites: Websites, hosts: Hosts) -> None:
    share(websites, hosts)
    ids = [hosts[n % 4].create(userName=f"u{n}@example.com")["id"] for n in range(THREADS)]
    for attempt in range(3):
        email = f"same{attempt}@example.com"
        work = [functools.partial(named, hosts[n % 4], ids[n], email) for n in range(THREADS - 4)]
        found = statuses(at_once(work + creates(hosts, [email] * 4)))
        assert (found[0] in (200, 201), found[1:]) == (True, [409] * (THREADS - 1))
    assert len(emails(hosts[0])) == len(hosts[0].rows("customer_entity"))


def test_an_email_that_goes_back_and_forth(websites: Websites, hosts: Hosts) -> None:
    """Magento gives somebody another e-mail; while we give it back, others are created with it."""
    share(websites, hosts)
    for attempt in range(4):
        email = f"back{attempt}@example.com"
        owner = hosts[0].create(userName=email)["id"]
        hosts[0].execute("UPDATE {p}customer_entity SET email = :e WHERE entity_id = :i", e=f"m{email}", i=int(owner))
        back = functools.partial(named, hosts[0], owner, f"BACK{attempt}@example.com")
        at_once([*creates(hosts[2:] + hosts[:2], [email] * 8), back])
        assert len(emails(hosts[0])) == len(hosts[0].rows("customer_entity"))


# --- claims ---


def test_a_claim_follows_its_customer(websites: Websites, tenants: Tenants) -> None:
    websites.share()
    here, there = tenants("here", "there")
    user = here.create(userName="ada@example.com")["id"]

    def held() -> list[tuple[int, str, int]]:
        rows = here.rows("scim_shared_email")
        return [(row["entity_id"], row["email"], row["version"]) for row in rows]

    assert held() == [(int(user), "ada@example.com", 1)]
    assert named(here, user, "ada@example.org").status_code == 200
    assert held() == [(int(user), "ada@example.org", 2)]
    title = operations({"op": "add", "path": "title", "value": "x"})
    assert here.send("PATCH", f"/Users/{user}", title).status_code == 200
    assert held() == [(int(user), "ada@example.org", 2)], "nothing of it changes with other attributes"
    other = there.create(userName="ada@example.com")["id"]
    assert held() == [(int(user), "ada@example.org", 2), (int(other), "ada@example.com", 1)]
    assert here.send("DELETE", f"/Users/{user}").status_code == 204
    assert held() == [(int(other), "ada@example.com", 1)]
    assert there.create(userName="ada@example.org")["id"] not in (user, other)


def test_a_void_claim_is_in_nobodys_way(websites: Websites, tenants: Tenants) -> None:
    websites.share()
    here, there = tenants("here", "there")
    user = here.create(userName="ada@example.com")["id"]
    here.execute("UPDATE {p}customer_entity SET email = 'new@example.com'")
    other = there.create(userName="ada@example.com")["id"]
    assert [row["entity_id"] for row in here.rows("scim_shared_email")] == [int(other)]
    assert named(here, user, "ADA@example.com").status_code == 409
    assert named(here, user, "newer@example.com").status_code == 200
    assert len(here.rows("scim_shared_email")) == 2


def test_who_was_there_before_has_no_claim_and_is_found(websites: Websites, tenants: Tenants) -> None:
    websites.bench.create(email="ada@example.com", website_id=websites.there)
    websites.share()
    (here,) = tenants("here")
    user = here.create(userName="grace@example.com")["id"]
    assert named(here, user, "ADA@example.com").status_code == 409
    assert here.customer(user)["email"] == "grace@example.com"


def test_claims_compare_as_the_shop_does(database: sa.Engine, ledger_tables: tables.Tables, table_prefix: str) -> None:
    with database.connect() as connection:

        def collation(table: str) -> Any:
            query = sa.text(f"SHOW FULL COLUMNS FROM `{table_prefix}{table}` LIKE 'email'")
            return connection.execute(query).mappings().one()["Collation"]

        assert collation("scim_shared_email") == collation("customer_entity")
        assert claims.hold(connection, ledger_tables, "nobody@example.com", None) == (None, None)


# --- taking changes back ---


def take_back(scim: Client, request_id: str, *, force: bool = False, dry: bool = False) -> undo.Undone:
    service = scim.app.extensions["magento-scim"]

    def bridge(tenant: str) -> bridges.Bridge:
        made: bridges.Bridge = service.bridge(service.tenant(tenant), "http://localhost", bridges.Origin("u", "test"))
        return made

    found = undo.find(bridge("here"), journal.Wanted(request_id=request_id))
    return undo.carry_out(bridge("here"), found, bridge, force=force, dry=dry)


def claimed(scim: Client) -> dict[int, str]:
    return {row["entity_id"]: row["email"] for row in scim.rows("scim_shared_email")}


@pytest.mark.parametrize("what", ["change", "delete", "before accounts were shared"])
def test_what_an_undo_brings_back_is_claimed(websites: Websites, hosts: Hosts, what: str) -> None:
    if what != "before accounts were shared":
        share(websites, hosts)
    user = hosts[0].create(userName="ada@example.com")["id"]
    path = f"/Users/{user}"
    body = operations({"op": "replace", "path": "userName", "value": "new@example.com"})
    if what == "delete":
        hosts[0].send("DELETE", path, X_Request_Id="r")
    else:
        hosts[0].send("PATCH", path, body, X_Request_Id="r")
    if what == "before accounts were shared":
        share(websites, hosts)
    take_back(hosts[0], "r")
    assert claimed(hosts[0]) == {int(user): "ada@example.com"}
    assert hosts[2].send("POST", "/Users", person("ADA@example.com")).status_code == 409
    assert hosts[2].send("POST", "/Users", person("new@example.com")).status_code == 201


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("what", ["change", "delete"])
def test_an_undo_takes_no_email_from_somebody_else(websites: Websites, hosts: Hosts, what: str, force: bool) -> None:
    share(websites, hosts)
    user = hosts[0].create(userName="ada@example.com")["id"]
    if what == "delete":
        hosts[0].send("DELETE", f"/Users/{user}", X_Request_Id="r")
    else:
        assert named(hosts[0], user, "new@example.com").status_code == 200
        entry = hosts[0].rows("scim_journal")[-1]["request_id"]
    hosts[2].create(userName="Àda@example.com")
    before = hosts[0].rows("customer_entity"), claimed(hosts[0])
    for dry in (True, False):
        try:
            conflicts = take_back(hosts[0], "r" if what == "delete" else entry, force=force, dry=dry).conflicts
        except undo.Refused as refused:
            conflicts = refused.undone.conflicts
        (conflict,) = (each for each in conflicts if each.final)
        assert "email: 'ada@example.com' is somebody else's by now" in str(conflict)
    assert (hosts[0].rows("customer_entity"), claimed(hosts[0])) == before


def test_an_undo_and_creates_at_once(websites: Websites, hosts: Hosts) -> None:
    """Of those who want an e-mail at once, the undo among them, one gets it."""
    share(websites, hosts)
    for attempt in range(4):
        email = f"late{attempt}@example.com"
        user = hosts[0].create(userName=email)["id"]
        hosts[0].send("DELETE", f"/Users/{user}", X_Request_Id=f"r{attempt}")

        def back(attempt: int = attempt) -> bool:
            with contextlib.suppress(undo.Refused):
                take_back(hosts[1], f"r{attempt}")
            return True

        at_once([*creates(hosts, [email] * 6), back])  # type: ignore[list-item]
    assert len(emails(hosts[0])) == len(hosts[0].rows("customer_entity")) == 4
