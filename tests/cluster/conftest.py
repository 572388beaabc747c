"""Three nodes of one cluster, and the service on each of them."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx2
import pymysql
import pytest
import sqlalchemy as sa

from tests import live
from tests.cluster import galera
from tests.conftest import Pristine, narrow
from tests.users.conftest import ROOT


@dataclass
class Scene:
    """The nodes, the services' SCIM base URLs in the nodes' order, and a client's token."""

    cluster: galera.Cluster
    bases: list[str]
    token: str
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = {"Authorization": f"Bearer {self.token}"}

    @property
    def nodes(self) -> list[galera.Node]:
        return self.cluster.nodes

    def client(self) -> httpx2.Client:
        return httpx2.Client(headers=self.headers, timeout=60)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[galera.Cluster]:
    with galera.running(tmp_path_factory.mktemp("galera")) as running:
        yield running


@pytest.fixture(scope="session")
def services(cluster: galera.Cluster) -> Iterator[Scene]:
    """The shop, made on one node and there on all, and a service with two workers on each."""
    first = cluster.nodes[0]
    (token,) = live.furnish(first.url(), "t")
    user = sa.make_url(narrow(first, first.url(), ""))
    with ExitStack() as stack:
        bases = []
        for node in cluster.nodes:
            node.await_synced(len(cluster.nodes))
            url = user.set(port=node.port).render_as_string(hide_password=False)
            settings = {
                "SCIM_DATABASE_URL": url,
                "SCIM_MAPPING": str(ROOT / "mapping.yaml"),
                "SCIM_BASE_URL": "https://scim.example.com/scim/v2",
            }
            bases.append(stack.enter_context(live.serve(settings)))
        yield Scene(cluster, bases, token)


@pytest.fixture(scope="session")
def at_first(services: Scene) -> Pristine:
    return Pristine(services.nodes[0].url())


@pytest.fixture
def scene(services: Scene, at_first: Pristine) -> Iterator[Scene]:
    """The services on a shop without customers."""
    yield services
    first = services.nodes[0]
    token = first.rows("SELECT * FROM scim_token")
    _again(at_first.restore)
    places = ", ".join(["%s"] * len(token[0]))

    def put_back() -> None:
        with galera.connection.to(first.url()) as shop, shop.cursor() as cursor:
            cursor.executemany(f"REPLACE INTO scim_token VALUES ({places})", token)

    _again(put_back)


def _again(work: Callable[[], None]) -> None:
    """Do it until no service's own note of a request, on another node, is in its way (1213)."""
    for _ in range(20):
        try:
            return work()
        except pymysql.err.OperationalError as error:
            if error.args[0] != 1213:
                raise
        time.sleep(0.1)
    raise AssertionError("the shop cannot be put back as it was")
