"""In charge of where a customer belongs: its website, store view and group, by code or id (facts 1.2, 10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.magento import errors, settings, shop

DEFAULT_GROUP = "customer/create_account/default_group"
GUESTS = 0  # the group of those who are not logged in


@dataclass(frozen=True)
class Kind:
    """One kind of what a customer belongs to: what it is called, its ids and codes, how they are read again."""

    name: str
    codes: Callable[[shop.Shop], Mapping[int, str]]
    refresh: Callable[[shop.Shop], None]


KINDS: Mapping[str, Kind] = {
    "website_id": Kind(
        "website", lambda shop: {i: each.code for i, each in shop.stores.websites.items()}, shop.Shop.refresh_soon
    ),
    "store_id": Kind(
        "store view", lambda shop: {i: each.code for i, each in shop.stores.stores.items()}, shop.Shop.refresh_soon
    ),
    "group_id": Kind("customer group", lambda shop: shop.groups, shop.Shop.refresh_groups),
}


def codes(shop: shop.Shop, attribute: str) -> dict[int, str]:
    """Give the codes that a customer's website_id, store_id or group_id may be named by, without the admin's own."""
    return {i: code for i, code in KINDS[attribute].codes(shop).items() if i}


def find(shop: shop.Shop, attribute: str, value: Any) -> int:
    """Find the id that a customer's website_id, store_id or group_id is to have: by code, in any letter case, or id.

    A text that is a code is never taken for an id. Raises Rejected with some of those that exist.
    """
    kind = KINDS[attribute]
    found = _find(kind, shop, value)
    if found is None:
        kind.refresh(shop)
        found = _find(kind, shop, value)
    if found is None:
        some = ", ".join(repr(code) for code in list(codes(shop, attribute).values())[:12])
        raise errors.Rejected(attribute, f"this shop has no {kind.name} {value}, only {some or 'none at all'}")
    if attribute == "group_id" and found == GUESTS:
        raise errors.Rejected(attribute, "group 0 is for guests; no customer may be in it")
    return found


def _find(kind: Kind, shop: shop.Shop, value: Any) -> int | None:
    known = kind.codes(shop)
    if isinstance(value, str):
        text = value.strip()
        named = [i for i, code in known.items() if i and code.casefold() == text.casefold()]
        if named:
            return min(named)
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 11 else None
    whole = isinstance(value, (int, Decimal)) and not isinstance(value, bool) and value == int(value)
    return int(value) if whole and value in known else None


def new(shop: shop.Shop, data: Mapping[str, Any]) -> dict[str, Any]:
    """Find website, store view, group and created_in of a new customer where data does not say. Raises Rejected.

    Source: AccountManagement::createAccountWithPasswordHash, Backend\\Website, Backend\\Store.
    """
    stores = shop.stores
    placed = {code: value for code, value in data.items() if code not in KINDS or value not in (None, "")}
    placed |= {code: find(shop, code, placed[code]) for code in KINDS if code in placed}
    if "website_id" not in placed:
        store = stores.stores.get(placed.get("store_id", 0))
        website_id = store.website_id if store and store.website_id else stores.default_website_id()
        if website_id is None:
            raise errors.Rejected("website_id", "this shop has no website")
        placed["website_id"] = website_id
    if "store_id" not in placed:
        placed["store_id"] = _default_store(stores, placed["website_id"])
    _refuse_strange(shop, placed["website_id"], placed["store_id"])
    if "group_id" not in placed:
        placed["group_id"] = shop.settings.number(DEFAULT_GROUP, store_id=placed["store_id"])
    if placed.get("created_in") in (None, ""):
        placed["created_in"] = stores.stores[placed["store_id"]].name
    return placed


def moved(shop: shop.Shop, held: Mapping[str, Any], desired: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let the store view follow a customer that goes to another website, unless data says which one.

    held: the customer as it stands, with website_id and store_id. Its created_in keeps telling where it began, as
    Magento sets it only once. Raises Rejected for a store view of another website, where accounts are per website.
    """
    found = {code: find(shop, code, desired[code]) for code in ("website_id", "store_id") if desired.get(code)}
    if all(held[code] == value for code, value in found.items()):
        return desired
    website_id, store_id = (found.get(code, held[code]) for code in ("website_id", "store_id"))
    if "store_id" not in found and not _fits(shop, website_id, store_id):
        return {**desired, "store_id": _default_store(shop.stores, website_id)}
    _refuse_strange(shop, website_id, store_id)
    return desired


def _default_store(stores: settings.Stores, website_id: int) -> int:
    store_id = stores.default_store(website_id)
    if store_id is None:
        website = stores.websites.get(website_id)
        raise errors.Rejected("store_id", f"website {website.code if website else website_id} has no store view")
    return store_id


def _fits(shop: shop.Shop, website_id: int | None, store_id: int | None) -> bool:
    """Say whether a customer of a website may have a store view: any where accounts are shared."""
    store = shop.stores.stores.get(store_id or 0)
    return shop.settings.shares_accounts() or (store is not None and store.website_id == website_id)


def _refuse_strange(shop: shop.Shop, website_id: int | None, store_id: int) -> None:
    if not _fits(shop, website_id, store_id):
        store = shop.stores.stores[store_id]
        website = None if website_id is None else shop.stores.websites.get(website_id)
        where = f"of website {website.code}" if website else "of any website that the customer belongs to"
        raise errors.Rejected("store_id", f"store view {store.code} is not {where}")
