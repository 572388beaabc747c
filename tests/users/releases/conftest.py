"""The whole service on the tables of every supported release: a database for each, made once.

Every fixture on the way from the database to the client stands here again, so that none of the usual shop is taken.
"""

from collections.abc import Callable

import pytest

from app.ledger import tables
from app.sandbox.server import MariaDB
from tests.conftest import RELEASES, Pristine, Release, narrow
from tests.users.conftest import install_ledger


@pytest.fixture(scope="session", params=RELEASES, ids=str)
def release(request: pytest.FixtureRequest) -> Release:
    """Which release the shop is."""
    found: Release = request.param
    return found


@pytest.fixture(scope="session")
def pristine(release: Release, build: Callable[[Release], str]) -> Pristine:
    """The release's shop, and the way back to its first state."""
    return Pristine(build(release))


@pytest.fixture(scope="session")
def shop_url(pristine: Pristine) -> str:
    """The URL of the release's shop."""
    return pristine.url


@pytest.fixture(scope="session")
def table_prefix(pristine: Pristine) -> str:
    """The prefix of the release's tables."""
    return pristine.prefix


@pytest.fixture(scope="session")
def ledger_tables(shop_url: str, table_prefix: str) -> tables.Tables:
    """Our own tables beside the release's."""
    return install_ledger(shop_url, table_prefix)


@pytest.fixture(scope="session")
def service_url(server: MariaDB, shop_url: str, table_prefix: str, ledger_tables: tables.Tables) -> str:
    """The release's shop for a user with the printed privileges."""
    return narrow(server, shop_url, table_prefix)
