"""In charge of the shop's settings and of its websites, stores and store views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from app.magento import schema

# core_config_data holds only what somebody changed; these are Magento's own values (facts 2.3, 3.3, 4, 9).
DEFAULTS: Mapping[str, str] = {
    "customer/account_share/scope": "1",
    "customer/create_account/confirm": "0",
    "customer/create_account/default_group": "1",
    "customer/create_account/generate_human_friendly_id": "0",
    "customer/create_account/auto_group_assign": "0",
    "customer/account_information/confirm": "0",
    "customer/password/minimum_password_length": "8",
    "customer/password/required_character_classes_number": "3",
    "customer/password/lockout_failures": "10",
    "customer/password/lockout_threshold": "10",
    "customer/password/reset_link_expiration_period": "2",
    "customer/password/password_reset_protection_type": "1",
    "customer/password/max_number_password_reset_requests": "5",
    "customer/password/min_time_between_password_reset_requests": "10",
    "customer/address/prefix_show": "",
    "customer/address/suffix_show": "",
    "customer/address/middlename_show": "",
    "customer/address/dob_show": "",
    "customer/address/taxvat_show": "",
    "customer/address/gender_show": "",
    "customer/address/telephone_show": "req",
    "customer/address/company_show": "opt",
    "customer/address/fax_show": "",
    "customer/address/prefix_options": "",
    "customer/address/suffix_options": "",
    "customer/address/street_lines": "2",
    "customer/online_customers/section_data_lifetime": "60",
    "checkout/options/enable_guest_checkout_login": "0",
    "general/country/default": "US",
    "general/country/optional_zip_countries": "HK,IE,MO,PA,GB",
    "general/region/state_required": "",
    "general/locale/code": "en_US",
    "general/locale/timezone": "America/Los_Angeles",
    "login_as_customer/general/enabled": "0",
    "newsletter/subscription/confirm": "0",
    "oauth/access_token_lifetime/customer": "1",
    "oauth/authentication_lock/max_failures_count": "6",
    "oauth/authentication_lock/timeout": "1800",
    "persistent/options/enabled": "0",
    "webapi/jwtauth/customer_expiration": "60",
}


@dataclass(frozen=True)
class Website:
    website_id: int
    code: str
    name: str
    default_group_id: int
    is_default: bool


@dataclass(frozen=True)
class Group:
    """A store in Magento's newer words: a catalogue shown by several store views."""

    group_id: int
    website_id: int
    name: str
    default_store_id: int


@dataclass(frozen=True)
class Store:
    store_id: int
    website_id: int
    code: str
    name: str
    active: bool


@dataclass(frozen=True)
class Stores:
    """Websites, groups (of store views) and stores (views) by id. Id 0 is the admin's."""

    websites: Mapping[int, Website]
    groups: Mapping[int, Group]
    stores: Mapping[int, Store]

    def default_website_id(self) -> int | None:
        ids = [w.website_id for w in self.websites.values() if w.website_id]
        return next((i for i in ids if self.websites[i].is_default), ids[0] if ids else None)

    def default_store(self, website_id: int) -> int | None:
        """Give the website's default store view (facts 1.2: default_group_id, then default_store_id)."""
        website = self.websites.get(website_id)
        group = self.groups.get(website.default_group_id) if website else None
        if group and group.default_store_id in self.stores:
            return group.default_store_id
        return next((s.store_id for s in self.stores.values() if s.website_id == website_id), None)

    def website_by_code(self, code: str) -> Website | None:
        return next((w for w in self.websites.values() if w.code == code), None)

    def store_by_code(self, code: str) -> Store | None:
        return next((s for s in self.stores.values() if s.code == code), None)

    def store_ids(self, website_id: int | None) -> list[int]:
        """Give the store views of a website, or of all for None."""
        return [s.store_id for s in self.stores.values() if website_id is None or s.website_id == website_id]


@dataclass(frozen=True)
class Settings:
    """Settings with their scopes. overrides: path -> value locked outside the database (facts 10)."""

    rows: Mapping[tuple[str, int, str], str | None]
    stores: Stores
    overrides: Mapping[str, str | None] = field(default_factory=dict)

    def value(self, path: str, *, store_id: int | None = None, website_id: int | None = None) -> str | None:
        """Give the setting as Magento sees it: store view, its website, default, Magento's own value."""
        if path in self.overrides:
            return self.overrides[path]
        scopes: list[tuple[str, int]] = []
        if store_id is not None:
            scopes.append(("stores", store_id))
            store = self.stores.stores.get(store_id)
            website_id = store.website_id if store else website_id
        if website_id is not None:
            scopes.append(("websites", website_id))
        for scope, scope_id in (*scopes, ("default", 0)):
            if (scope, scope_id, path) in self.rows:
                return self.rows[scope, scope_id, path]
        return DEFAULTS.get(path)

    def flag(self, path: str, *, store_id: int | None = None, website_id: int | None = None) -> bool:
        """Give a yes/no setting: PHP's truth, so '' and '0' are no."""
        return self.value(path, store_id=store_id, website_id=website_id) not in (None, "", "0")

    def number(self, path: str, *, store_id: int | None = None, website_id: int | None = None) -> int:
        """Give a whole number; text that is none counts as 0, as PHP's (int) does."""
        try:
            return int(self.value(path, store_id=store_id, website_id=website_id) or 0)
        except ValueError:
            return 0

    def shares_accounts(self) -> bool:
        """Whether one customer counts on all websites (facts 2.1)."""
        return self.value("customer/account_share/scope") == "0"


def load_stores(connection: sa.Connection, tables: schema.Tables) -> Stores:
    """Read websites, groups and store views in three statements."""
    website, group, store = tables["store_website"], tables["store_group"], tables["store"]
    websites = connection.execute(
        sa.select(
            website.c.website_id,
            website.c.code,
            website.c.name,
            website.c.default_group_id,
            website.c.is_default,
        ).order_by(website.c.sort_order, website.c.website_id)
    )
    groups = connection.execute(sa.select(group.c.group_id, group.c.website_id, group.c.name, group.c.default_store_id))
    stores = connection.execute(
        sa.select(store.c.store_id, store.c.website_id, store.c.code, store.c.name, store.c.is_active).order_by(
            store.c.sort_order, store.c.store_id
        )
    )
    return Stores(
        {w[0]: Website(w[0], w[1] or "", w[2] or "", w[3] or 0, bool(w[4])) for w in websites},
        {g[0]: Group(g[0], g[1], g[2], g[3] or 0) for g in groups},
        {s[0]: Store(s[0], s[1], s[2] or "", s[3], bool(s[4])) for s in stores},
    )


def load(
    connection: sa.Connection,
    tables: schema.Tables,
    stores: Stores,
    overrides: Mapping[str, str | None] | None = None,
) -> Settings:
    """Read the settings of the sections that DEFAULTS names, in one statement."""
    table = tables["core_config_data"]
    sections = sorted({path.split("/", 1)[0] for path in DEFAULTS})
    rows = connection.execute(
        sa.select(table.c.scope, table.c.scope_id, table.c.path, table.c.value).where(
            sa.or_(*(table.c.path.like(f"{section}/%") for section in sections))
        )
    )
    found = {(scope, scope_id, path): value for scope, scope_id, path, value in rows}
    return Settings(found, stores, dict(overrides or {}))
