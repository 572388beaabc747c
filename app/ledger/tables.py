"""The ledger's tables as SQLAlchemy sees them; `migrations/` makes and changes them.

They stand in Magento's database with Magento's table prefix, and go with their customer (ON DELETE CASCADE).
"""

from dataclasses import dataclass, fields

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

EXACT = "utf8mb4_bin"
TENANT = sa.String(64, collation="ascii_bin")
WORD = sa.String(16, collation="ascii_bin")


def exact(length: int) -> sa.String:
    """Give the type of a text column of `length` characters that is compared byte for byte."""
    return sa.String(length, collation=EXACT)


@dataclass(frozen=True)
class Tables:
    """Our tables, with the shop's table prefix in their names."""

    link: sa.Table
    email: sa.Table
    token: sa.Table
    group: sa.Table
    membership: sa.Table
    address: sa.Table
    setting: sa.Table
    journal: sa.Table
    claim: sa.Table
    inactive: sa.Table
    held: sa.Table
    departure: sa.Table
    option: sa.Table
    external_id: sa.Table
    request: sa.Table
    seen: sa.Table
    counter: sa.Table

    def all(self) -> tuple[sa.Table, ...]:
        """List the tables."""
        users = (self.link, self.email, self.external_id, self.address, self.claim, self.inactive, self.held)
        others = (self.token, self.group, self.membership, self.setting, self.journal, self.departure, self.option)
        return (*users, *others, self.request, self.seen, self.counter)

    def named(self) -> dict[str, sa.Table]:
        """Give the tables by their names without prefix."""
        return {table.name[table.name.index("scim_") :]: table for table in self.all()}


def define(prefix: str = "") -> Tables:
    """Describe the ledger's tables for a shop whose tables start with `prefix`."""
    metadata = sa.MetaData()
    link = sa.Table(
        f"{prefix}scim_link",
        metadata,
        sa.Column("entity_id", mysql.INTEGER(unsigned=True), primary_key=True, autoincrement=False),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("user_name", exact(255), nullable=False),
        sa.Column("external_id", exact(255)),
        sa.Column("document", mysql.MEDIUMTEXT(collation=EXACT), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("modified_at", sa.DateTime, nullable=False),
        sa.Column("deleted_at", sa.DateTime),
        sa.Column("deleted_how", WORD),
        sa.Column("former_name", exact(255)),
    )
    email = sa.Table(
        f"{prefix}scim_email",
        metadata,
        sa.Column("entity_id", mysql.INTEGER(unsigned=True), primary_key=True, autoincrement=False),
        sa.Column("value", exact(255), primary_key=True),
    )
    token = sa.Table(
        f"{prefix}scim_token",
        metadata,
        sa.Column("token_id", mysql.INTEGER(unsigned=True), primary_key=True),
        sa.Column("hash", sa.String(64, collation="ascii_bin"), nullable=False),
        sa.Column("name", exact(100), nullable=False),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("scopes", sa.String(64, collation="ascii_bin"), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime),
        sa.Column("last_used_at", sa.DateTime),
        sa.Column("revoked_at", sa.DateTime),
        sa.Column("user_id", mysql.INTEGER(unsigned=True)),
        sa.Column("networks", sa.String(1000, collation="ascii_bin")),
    )
    group = sa.Table(
        f"{prefix}scim_group",
        metadata,
        sa.Column("group_id", mysql.INTEGER(unsigned=True), primary_key=True, autoincrement=False),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("name_key", exact(255), nullable=False),
        sa.Column("display_name", exact(255), nullable=False),
        sa.Column("external_id", exact(255)),
        sa.Column("version", mysql.BIGINT(unsigned=True), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("modified_at", sa.DateTime, nullable=False),
    )
    membership = sa.Table(
        f"{prefix}scim_membership",
        metadata,
        sa.Column("membership_id", mysql.BIGINT(unsigned=True), primary_key=True),
        sa.Column("group_id", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("entity_id", mysql.INTEGER(unsigned=True), nullable=False),
    )
    address = sa.Table(
        f"{prefix}scim_address",
        metadata,
        sa.Column("entity_id", mysql.INTEGER(unsigned=True), primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(64, collation="ascii_bin"), primary_key=True),
        sa.Column("address_id", mysql.INTEGER(unsigned=True), nullable=False),
    )
    setting = sa.Table(
        f"{prefix}scim_setting",
        metadata,
        sa.Column("name", sa.String(64, collation="ascii_bin"), primary_key=True),
        sa.Column("value", sa.String(255, collation="ascii_bin"), nullable=False),
    )
    journal = sa.Table(
        f"{prefix}scim_journal",
        metadata,
        sa.Column("entry_id", mysql.BIGINT(unsigned=True), primary_key=True),
        sa.Column("request_id", sa.String(64, collation="ascii_bin"), nullable=False),
        sa.Column("at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("actor", exact(100), nullable=False),
        sa.Column("token_id", mysql.INTEGER(unsigned=True)),
        sa.Column("profile", sa.String(32, collation="ascii_bin"), nullable=False),
        sa.Column("operation", sa.String(32, collation="ascii_bin"), nullable=False),
        sa.Column("resource_type", sa.String(16, collation="ascii_bin"), nullable=False),
        sa.Column("resource_id", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("changes", mysql.LONGTEXT(collation=EXACT), nullable=False),
        sa.Column("reasons", mysql.MEDIUMTEXT(collation=EXACT)),
        sa.Column("sealed", mysql.LONGBLOB),
        sa.Column("undoes", mysql.BIGINT(unsigned=True)),
    )
    claim = sa.Table(
        f"{prefix}scim_shared_email",
        metadata,
        sa.Column("entity_id", mysql.INTEGER(unsigned=True), primary_key=True, autoincrement=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("version", mysql.INTEGER(unsigned=True), nullable=False),
    )
    option = sa.Table(
        f"{prefix}scim_option",
        metadata,
        sa.Column("attribute_id", mysql.SMALLINT(unsigned=True), primary_key=True, autoincrement=False),
        sa.Column("label_key", sa.String(64, collation="ascii_bin"), primary_key=True),
        sa.Column("option_id", mysql.INTEGER(unsigned=True), nullable=False),
    )
    external_id = sa.Table(
        f"{prefix}scim_external_id",
        metadata,
        sa.Column("entity_id", mysql.INTEGER(unsigned=True), primary_key=True, autoincrement=False),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("external_key", sa.String(64, collation="ascii_bin"), nullable=False),
    )
    leavers = _leavers(prefix, metadata)
    told = _told(prefix, metadata)
    kept = (link, email, token, group, membership, address, setting, journal, claim)
    counter = sa.Table(
        f"{prefix}scim_counter",
        metadata,
        sa.Column("subject", mysql.INTEGER(unsigned=True), primary_key=True, autoincrement=False),
        sa.Column("slot", mysql.SMALLINT(unsigned=True), primary_key=True, autoincrement=False),
        sa.Column("number", mysql.BIGINT(unsigned=True), nullable=False),
    )
    return Tables(*kept, *leavers, option, external_id, *told, counter)


def _leavers(prefix: str, metadata: sa.MetaData) -> tuple[sa.Table, sa.Table, sa.Table]:
    """Describe what is kept of leavers: what deactivation took, deletions that wait, and who left when."""
    inactive = sa.Table(
        f"{prefix}scim_inactive",
        metadata,
        sa.Column("entity_id", mysql.INTEGER(unsigned=True), primary_key=True, autoincrement=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("doors", sa.String(255, collation="ascii_bin"), nullable=False),
        sa.Column("lock_expires", sa.DateTime),
        sa.Column("first_failure", sa.DateTime),
        sa.Column("failures_num", sa.SmallInteger),
        sa.Column("password_hash", exact(128)),
        sa.Column("group_id", mysql.INTEGER(unsigned=True)),
        sa.Column("disable_auto_group_change", sa.SmallInteger),
        sa.Column("blocked_group_id", mysql.INTEGER(unsigned=True)),
        sa.Column("reset_event_id", mysql.INTEGER(unsigned=True)),
    )
    held = sa.Table(
        f"{prefix}scim_held",
        metadata,
        sa.Column("held_id", mysql.INTEGER(unsigned=True), primary_key=True),
        sa.Column("entity_id", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("action", WORD, nullable=False),
        sa.Column("was_active", sa.SmallInteger, nullable=False),
        sa.Column("held_at", sa.DateTime, nullable=False),
    )
    departure = sa.Table(
        f"{prefix}scim_departure",
        metadata,
        sa.Column("departure_id", mysql.BIGINT(unsigned=True), primary_key=True),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("entity_id", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("left_at", sa.DateTime, nullable=False),
    )
    return inactive, held, departure


def _told(prefix: str, metadata: sa.MetaData) -> tuple[sa.Table, sa.Table]:
    """Describe what is kept of requests: the last ones as they were, and counts of what they hold."""
    request = sa.Table(
        f"{prefix}scim_request",
        metadata,
        sa.Column("number", mysql.BIGINT(unsigned=True), primary_key=True),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("request_id", TENANT, nullable=False),
        sa.Column("at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("actor", exact(100), nullable=False),
        sa.Column("method", WORD, nullable=False),
        sa.Column("url", mysql.TEXT(collation=EXACT), nullable=False),
        sa.Column("headers", mysql.TEXT(collation=EXACT), nullable=False),
        sa.Column("body", mysql.MEDIUMTEXT(collation=EXACT)),
        sa.Column("status", mysql.SMALLINT(unsigned=True), nullable=False),
        sa.Column("ms", sa.Numeric(10, 1), nullable=False),
        sa.Column("answer_headers", mysql.TEXT(collation=EXACT), nullable=False),
        sa.Column("answer", mysql.MEDIUMTEXT(collation=EXACT)),
    )
    seen = sa.Table(
        f"{prefix}scim_seen",
        metadata,
        sa.Column("tenant", TENANT, primary_key=True),
        sa.Column("kind", WORD, primary_key=True),
        sa.Column("name", exact(255), primary_key=True),
        sa.Column("times", mysql.BIGINT(unsigned=True), nullable=False),
        sa.Column("empty", mysql.BIGINT(unsigned=True), nullable=False),
        sa.Column("first_at", sa.DateTime, nullable=False),
        sa.Column("last_at", sa.DateTime, nullable=False),
    )
    return request, seen


def names(prefix: str = "") -> list[str]:
    """List the names of the ledger's tables in the database."""
    return [table.name for table in define(prefix).all()]


EVERY = ("SELECT", "INSERT", "UPDATE", "DELETE")
# What nobody ever does to a table of ours: entries of the journal, for one, are never changed.
NEVER = {
    **dict.fromkeys(("email", "membership", "held", "departure", "journal", "request"), "UPDATE"),
    **dict.fromkeys(("token", "option", "setting", "counter"), "DELETE"),
}


def privileges(prefix: str = "") -> dict[str, tuple[str, ...]]:
    """Say which privileges the service needs on our tables, by name with prefix."""
    ours = define(prefix)
    return {
        getattr(ours, each.name).name: tuple(privilege for privilege in EVERY if privilege != NEVER.get(each.name))
        for each in fields(ours)
    }
