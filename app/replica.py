"""In charge of the read replica: whether it may answer a caller's read, and the way back to the primary.

A caller reads what it has written: the counters that its writes raise (ledger/counters) are read on the primary with
its token, and once more over the replica's connection that is about to be used. Only where the replica shows no less is
it asked. One that is away or fails is left alone for a while; nothing of this is an error to the caller.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from app import metrics
from app.ledger import counters, tables
from app.magento import database, errors

log = logging.getLogger(__name__)
AWAY_SECONDS = 5.0  # for which a replica that failed is not asked again, by this process


class Replica:
    """A server that follows the shop's own; safe to share between threads."""

    def __init__(self, engine: sa.Engine, ledger: tables.Tables) -> None:
        self.engine = engine
        self._ledger = ledger
        self._away_until = 0.0

    @contextmanager
    def reading(self, primary: sa.Engine, caller: int, written: counters.Marks) -> Iterator[sa.Connection]:
        """Open a connection for a caller's read: to the replica if it has what the caller has `written`.

        Raises ShopError for every driver error, also for the replica's; then `reading` gives the primary for a while.
        """
        connection = self._caught_up(caller, written)
        if connection is None:
            metrics.READS.labels("primary").inc()
            with database.reading(primary) as own:
                yield own
            return
        metrics.READS.labels("replica").inc()
        try:
            with connection, database.translated():
                yield connection
        except errors.ShopError as error:
            self._fails(error)
            raise

    def lag(self, primary: sa.Engine) -> float:
        """Give the seconds since the first change was journalled that the replica has not; raises ShopError."""
        journal = self._ledger.journal
        newest = sa.select(sa.func.coalesce(sa.func.max(journal.c.entry_id), 0))
        with database.reading(self.engine) as connection:
            known = connection.execute(newest).scalar_one()
        first = sa.select(journal.c.at).where(journal.c.entry_id > known).order_by(journal.c.entry_id).limit(1)
        passed = sa.func.timestampdiff(sa.text("MICROSECOND"), first.scalar_subquery(), sa.func.utc_timestamp(6))
        with database.reading(primary) as connection:
            return float(connection.execute(sa.select(passed)).scalar() or 0) / 1e6

    def _caught_up(self, caller: int, written: counters.Marks) -> sa.Connection | None:
        """Open a connection to the replica; None where it is away, or behind what the caller has written."""
        if time.monotonic() < self._away_until:
            return None
        connection = None
        try:
            with database.translated():
                connection = self.engine.connect()
                if counters.reached(counters.fetch(connection, self._ledger, caller), written):
                    return connection
        except errors.ShopError as error:
            self._fails(error)
        if connection is not None:
            connection.close()
        return None

    def _fails(self, error: errors.ShopError) -> None:
        self._away_until = time.monotonic() + AWAY_SECONDS
        log.warning("the read replica is left alone for %.0f s: %s", AWAY_SECONDS, error)
