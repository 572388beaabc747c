"""A small run of `make fuzz`: malformed requests get an answer that is theirs to mend, and leave the shop alone."""

import pytest

from tests.fuzz import malformed, walk
from tests.users.conftest import Make
from tests.users.conftest import ledger_tables as ledger_tables
from tests.users.conftest import make as make

REQUESTS = 750


@pytest.mark.parametrize("profile", ["strict", "lenient"])
def test_malformed_requests(make: Make, profile: str) -> None:
    scim = make(profile=profile, max_body=200_000)
    token = scim.headers["Authorization"].removeprefix("Bearer ")
    found = walk.Walk(scim.app, scim.engine, scim.prefix, token).run(range(REQUESTS), seed=2024)
    assert found.faults == [], "\n".join(found.faults[:10])
    assert {200, 201, 400, 404} <= set(found.statuses), found.statuses


def test_the_same_seed_gives_the_same_requests() -> None:
    assert [str(malformed.request(1, n)) for n in range(50)] == [str(malformed.request(1, n)) for n in range(50)]
