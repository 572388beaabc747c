"""In charge of which of Magento's tables this program touches, with which rights, and their columns here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.magento import errors

VALUE_TYPES = ("datetime", "decimal", "int", "text", "varchar")


@dataclass(frozen=True)
class TableUse:
    """One table: its name without prefix, the privileges used on it, whether it must be there, and why."""

    name: str
    privileges: tuple[str, ...]
    required: bool
    why: str


def _use(name: str, privileges: str, why: str, *, required: bool = False) -> TableUse:
    words = {"S": "SELECT", "I": "INSERT", "U": "UPDATE", "D": "DELETE"}
    return TableUse(name, tuple(words[letter] for letter in privileges), required, why)


TABLES: tuple[TableUse, ...] = (
    _use("customer_entity", "SIUD", "the customers", required=True),
    *(_use(f"customer_entity_{t}", "SIUD", "their custom attributes", required=True) for t in VALUE_TYPES),
    _use("customer_address_entity", "SIUD", "their addresses", required=True),
    *(_use(f"customer_address_entity_{t}", "SIUD", "custom address attributes", required=True) for t in VALUE_TYPES),
    _use("eav_entity_type", "S", "which attributes are the customers'", required=True),
    _use("eav_attribute", "S", "the attributes", required=True),
    _use("customer_eav_attribute", "S", "the attributes' flags", required=True),
    _use("customer_eav_attribute_website", "S", "the attributes' flags per website"),
    _use("eav_entity_attribute", "S", "which attributes Magento shows", required=True),
    _use("eav_attribute_option", "S", "the choices of selects", required=True),
    _use("eav_attribute_option_value", "S", "the choices' labels", required=True),
    _use("eav_entity_store", "SIU", "customer numbers, when the shop hands them out"),
    _use("store", "S", "store views", required=True),
    _use("store_group", "S", "stores", required=True),
    _use("store_website", "S", "websites", required=True),
    _use("core_config_data", "S", "the shop's settings", required=True),
    _use("directory_country", "S", "countries of addresses"),
    _use("directory_country_region", "S", "regions of addresses"),
    _use("directory_country_region_name", "S", "regions' names"),
    _use("customer_group", "SIUD", "customer groups", required=True),
    _use("customer_group_excluded_website", "SID", "groups shut out of a website; block_group"),
    _use("tax_class", "S", "the tax class of a new group"),
    _use("indexer_state", "SU", "whether the customer grid may be written; new groups need a price index"),
    _use("customer_grid_flat", "SIUD", "the list of customers in the admin"),
    _use("newsletter_subscriber", "SIUD", "subscriptions follow the e-mail address"),
    _use("quote", "SIUD", "open carts follow e-mail address and group; an anonymized customer's go, and come back"),
    _use("sales_order", "SU", "orders follow the e-mail address"),
    _use("sales_order_grid", "SU", "the list of orders follows the e-mail address"),
    _use("jwt_auth_revoked", "SIUD", "API tokens end; an undo takes the row away again"),
    _use("oauth_token", "SD", "API tokens end"),
    _use("persistent_session", "SD", "remembered carts end"),
    _use("login_as_customer", "SID", "pending admin logins end; an undo takes that back, as all below"),
    _use("password_reset_request_event", "SIUD", "block_reset keeps reset mails away"),
    _use("customer_visitor", "S", "whether a session is younger than its cut, for the report on doors"),
    _use("oauth_token_request_log", "SID", "anonymize: failed logins by address"),
    _use("customer_log", "SID", "anonymize: last login"),
    _use("wishlist", "SD", "anonymize: wish lists"),
    _use("vault_payment_token", "SD", "anonymize: stored cards"),
    _use("product_alert_price", "SD", "anonymize: price alerts"),
    _use("product_alert_stock", "SD", "anonymize: stock alerts"),
    _use("catalog_compare_item", "SD", "anonymize: compared products"),
    _use("catalog_compare_list", "SD", "anonymize: compared products"),
    _use("report_viewed_product_index", "SD", "anonymize: viewed products"),
    _use("report_compared_product_index", "SD", "anonymize: compared products"),
    _use("login_as_customer_assistance_allowed", "SD", "anonymize: consent to administrators' logins"),
    _use("magento_login_as_customer_log", "SU", "anonymize: the address in the log of administrators' logins"),
    _use("review_detail", "SU", "anonymize: names under reviews"),
)


OF_OPTIONS = ("eav_attribute_option", "eav_attribute_option_value")  # written where labels may become new options


def grants(prefix: str = "", *, makes_options: bool = False) -> list[tuple[str, tuple[str, ...]]]:
    """List every table, with prefix, and the privileges this program uses on it."""
    more = ("INSERT",) if makes_options else ()
    return [(prefix + use.name, use.privileges + (more if use.name in OF_OPTIONS else ())) for use in TABLES]


class Tables:
    """The reflected tables by their name without prefix.

    tables["name"] raises Unsupported when the shop has no such table; tables.get("name") and tables.name
    give None then.
    """

    def __init__(self, found: dict[str, sa.Table], prefix: str) -> None:
        self._found = found
        self.prefix = prefix

    def __getitem__(self, name: str) -> sa.Table:
        table = self._found.get(name)
        if table is None:
            raise errors.Unsupported(f"this shop has no table {self.prefix}{name}, or it may not be read")
        return table

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._found.get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def get(self, name: str) -> sa.Table | None:
        return self._found.get(name)

    def unique_key(self, key: str) -> tuple[str, tuple[str, ...]] | None:
        """Say which table, without prefix, and columns a unique key of this name stands for."""
        for name, table in self._found.items():
            for index in table.indexes:
                if index.unique and index.name == key:
                    return name, tuple(column.name for column in index.columns)
        return None


def reflect(connection: sa.Connection, prefix: str = "") -> Tables:
    """Read the definitions of the tables in TABLES: one list of names, then one statement per table.

    Raises Unsupported naming every required table that is missing.
    """
    if not re.fullmatch(r"[A-Za-z0-9_]*", prefix):
        raise errors.Unsupported(f"{prefix!r} is no table prefix: letters, digits and _ only")
    there = set(connection.execute(sa.text("SHOW TABLES")).scalars())
    wanted = {prefix + use.name: use for use in TABLES}
    missing = [name for name, use in wanted.items() if use.required and name not in there]
    if missing:
        raise errors.Unsupported(
            f"not a Magento database, a wrong table prefix ({prefix!r}) or missing grants:"
            f" there is no table {', '.join(missing[:8])}{' …' if len(missing) > 8 else ''}"
        )
    metadata = sa.MetaData()
    found: dict[str, sa.Table] = {}
    for name, use in wanted.items():
        if name in there:
            found[use.name] = table(connection, name, metadata)
    return Tables(found, prefix)


def table(connection: sa.Connection, name: str, metadata: sa.MetaData | None = None) -> sa.Table:
    """Read one table's definition; name with prefix."""
    return sa.Table(name, metadata or sa.MetaData(), autoload_with=connection, resolve_fks=False)


# What opens something for whoever reads it: hashes of passwords, tokens, links. Table without prefix -> columns.
SECRETS = {
    "customer_entity": frozenset({"password_hash", "rp_token", "confirmation"}),
    "oauth_token": frozenset({"token", "secret", "verifier"}),
    "persistent_session": frozenset({"key"}),
    "login_as_customer": frozenset({"secret"}),
    "newsletter_subscriber": frozenset({"subscriber_confirm_code"}),
    "vault_payment_token": frozenset({"public_hash", "gateway_token", "details"}),
    "wishlist": frozenset({"sharing_code"}),
    "downloadable_link_purchased_item": frozenset({"link_hash"}),
    "paypal_billing_agreement": frozenset({"reference_id"}),
}
