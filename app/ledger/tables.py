"""The ledger's tables as SQLAlchemy sees them; `migrations/` makes and changes them.

They stand in Magento's database with Magento's table prefix, and go with their customer (ON DELETE CASCADE).
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

EXACT = "utf8mb4_bin"
TENANT = sa.String(64, collation="ascii_bin")


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
    setting: sa.Table
    option: sa.Table

    def all(self) -> tuple[sa.Table, ...]:
        """List the tables."""
        return (self.link, self.email, self.token, self.group, self.membership, self.setting, self.option)

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
    setting = sa.Table(
        f"{prefix}scim_setting",
        metadata,
        sa.Column("name", sa.String(64, collation="ascii_bin"), primary_key=True),
        sa.Column("value", sa.String(255, collation="ascii_bin"), nullable=False),
    )
    option = sa.Table(
        f"{prefix}scim_option",
        metadata,
        sa.Column("attribute_id", mysql.SMALLINT(unsigned=True), primary_key=True, autoincrement=False),
        sa.Column("label_key", sa.String(64, collation="ascii_bin"), primary_key=True),
        sa.Column("option_id", mysql.INTEGER(unsigned=True), nullable=False),
    )
    return Tables(link, email, token, group, membership, setting, option)


def names(prefix: str = "") -> list[str]:
    """List the names of the ledger's tables in the database."""
    return [table.name for table in define(prefix).all()]
