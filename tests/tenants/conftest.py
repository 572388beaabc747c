"""A shop with two websites, and tenants on them."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.magento.conftest import Bench, bench, engine, opened
from tests.users.conftest import Client, Make, ledger_tables, make

__all__ = ["bench", "engine", "ledger_tables", "make", "opened"]

RULES = """version: 1
customer:
  email: userName
  firstname: name.givenName
  lastname: name.familyName
"""
TENANTS = """tenants:
  here: {}
  there: {website: eu, profile: strict}
  beside: {}
"""


@dataclass(frozen=True)
class Websites:
    """The shop's two websites and their default store views. `bench`: SQL past the service."""

    bench: Bench
    here: int
    here_store: int
    there: int
    there_store: int

    def share(self) -> None:
        """Have one customer count on all websites (facts 2.1)."""
        self.bench.setting("customer/account_share/scope", "0")


@pytest.fixture
def websites(bench: Bench) -> Websites:
    """The default website and a second one, whose code is eu."""
    there, there_store = bench.second_website()
    stores = bench.shop.stores
    here = stores.default_website_id()
    assert here is not None
    here_store = stores.default_store(here)
    assert here_store is not None
    return Websites(bench, here, here_store, there, there_store)


Tenants = Callable[..., tuple[Client, ...]]


@pytest.fixture
def tenants(make: Make) -> Tenants:
    """Make clients of several tenants of one app: `tenants("here", "there")`, with other rules, with settings."""

    def build(*names: str, mapping: str = RULES + TENANTS, **settings: object) -> tuple[Client, ...]:
        first = make(mapping, **settings)
        return tuple(first if name == "default" else first.of(name) for name in names)

    return build
