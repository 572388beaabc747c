"""The shop with two websites, and the service on it."""

from tests.magento.conftest import bench, engine, opened
from tests.tenants.conftest import websites
from tests.users.conftest import ledger_tables, make

__all__ = ["bench", "engine", "ledger_tables", "make", "opened", "websites"]
