"""Makes the sandbox's whole shop: tables, a fresh install's rows, customers."""

import pymysql

from app.sandbox import connection, seed, tables


def make(url: str, release: str = "2.4.7", prefix: str = "", *, customers: bool = True) -> bool:
    """Make the shop in the database of a `mysql+pymysql://` URL, unless it is there: then False.

    What an interrupted attempt left is dropped first: the rows come last and at once, so without them it is
    not whole. Raises pymysql's errors.
    """
    if _is_whole(url, prefix):
        return False
    with connection.to(url) as target:
        doomed = ", ".join(f"`{prefix}{name}`" for name in tables.names())
        connection.run(target, f"DROP TABLE IF EXISTS {doomed}")
    tables.build(url, release, prefix)
    seed.seed(url, prefix, customers=customers)
    return True


def _is_whole(url: str, prefix: str) -> bool:
    with connection.to(url) as target, target.cursor() as cursor:
        try:
            return bool(cursor.execute(f"SELECT 1 FROM `{prefix}store_website`"))  # noqa: S608
        except pymysql.err.ProgrammingError:  # no such table
            return False
