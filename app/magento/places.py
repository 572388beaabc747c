"""In charge of what this shop wants of an address where its customer is: countries, regions, postcodes (facts 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.magento import countries, errors, shop

ALLOWED = "general/country/allow"
REGION_REQUIRED = "general/region/state_required"
POSTCODE_OPTIONAL = "general/country/optional_zip_countries"
LOCALE = "general/locale/code"


@dataclass(frozen=True)
class Place:
    """Where an address belongs: the website and store view of its customer, the country as far as it is known."""

    website_id: int | None
    store_id: int | None = None
    country_id: str | None = None


def country(shop: shop.Shop, place: Place, value: str) -> str:
    """Find the country of an address. Raises Rejected where there is none such, or the shop does not allow it."""
    code = shop.countries.find(value)
    allowed = _allowed(shop, place)
    if allowed is not None and code not in allowed:
        some = ", ".join(sorted(allowed)[:12]) + (" …" if len(allowed) > 12 else "")
        reason = f"this shop takes no addresses in {code}, only in {some or 'no country at all'} ({ALLOWED})"
        raise errors.Rejected("country_id", reason)
    return code


def regions(shop: shop.Shop, place: Place) -> countries.Regions | None:
    """Give the list of regions of the address's country, None where it has none."""
    return shop.countries.regions.get(place.country_id or "")


def region(shop: shop.Shop, place: Place, value: str) -> str:
    """Give the region as it is stored: the list's name in the store's language, any text where there is no list.

    Raises Rejected with some of those that exist.
    """
    if regions(shop, place) is None:
        return value
    return name(shop, place, shop.countries.find_region(place.country_id or "", value))


def region_id(shop: shop.Shop, place: Place, value: int | None) -> int | None:
    """Check the number of a region; 0 says nothing, and is kept where the country has no list. Raises Rejected."""
    known = regions(shop, place)
    if not value:
        return value if known is None else None
    if known is None or value not in known.by_id:
        raise errors.Rejected("region_id", f"{place.country_id or 'the country'} has no region {value}")
    return value


def settle(shop: shop.Shop, place: Place, values: dict[str, Any], held: Mapping[str, Any]) -> None:
    """Make the new values' region and region_id say the same, in place: Magento stores both.

    held: the address as it stands. Raises Rejected. Source: Address/AbstractAddress::getRegion.
    """
    known = regions(shop, place)
    given = [code for code in ("region", "region_id") if values.get(code)]
    if not given and "region" not in values and held.get("region_id") and place.country_id != held.get("country_id"):
        values["region"] = None  # a region of the list of another country
    if known is None:
        if "region" in values:
            values.setdefault("region_id", None)
    elif "region_id" in given:
        values["region"] = name(shop, place, known.by_id[values["region_id"]])
    elif "region" in values:
        found = shop.countries.find_region(place.country_id or "", values["region"]) if given else None
        values["region_id"] = found.region_id if found else None


def name(shop: shop.Shop, place: Place, region: countries.Region) -> str:
    """Give a region's name in the language of the customer's store."""
    return region.name(_setting(shop, place, LOCALE) or countries.FALLBACK)


def wants_region(shop: shop.Shop, place: Place) -> bool:
    """Say whether an address in this country must have a region."""
    return place.country_id in _codes(_setting(shop, place, REGION_REQUIRED))


def wants_postcode(shop: shop.Shop, place: Place) -> bool:
    """Say whether an address in this country must have a postcode."""
    return place.country_id is not None and place.country_id not in _codes(_setting(shop, place, POSTCODE_OPTIONAL))


def _allowed(shop: shop.Shop, place: Place) -> set[str] | None:
    """Give the countries that the store allows, None for all; where websites share accounts, those of any website.

    Source: Directory AllowedCountries, Customer Plugin/AllowedCountries.
    """
    if not shop.settings.shares_accounts():
        text = _setting(shop, place, ALLOWED)
        return None if text is None else _codes(text)
    texts = [shop.settings.value(ALLOWED, website_id=website) for website in shop.stores.websites if website]
    return None if None in texts else {code for text in texts for code in _codes(text)}


def _setting(shop: shop.Shop, place: Place, path: str) -> str | None:
    return shop.settings.value(path, store_id=place.store_id or None, website_id=place.website_id)


def _codes(text: str | None) -> set[str]:
    return {code.strip() for code in (text or "").split(",") if code.strip()}
