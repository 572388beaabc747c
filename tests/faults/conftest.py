"""The app and its client, as for the users' tests."""

from tests.users.conftest import ledger_tables, make

__all__ = ["ledger_tables", "make"]
