"""In charge of countries and their regions: which there are, by which words one is found (facts 9).

What one shop wants of them, for one store, is `places`' business.
"""

from __future__ import annotations

import difflib
import functools
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from app.magento import errors, schema

FALLBACK = "en_US"  # Magento's own locale, where the store's has no name
NAMED = 6  # regions that a message names


@dataclass(frozen=True)
class Region:
    """One region of a country's list. names: locale -> name."""

    region_id: int
    country_id: str
    code: str
    default_name: str
    names: Mapping[str, str] = field(default_factory=dict)

    def name(self, locale: str) -> str:
        """Give the name that Magento stores beside the id (Directory ResourceModel/Region)."""
        return self.names.get(locale) or self.names.get(FALLBACK) or self.default_name


@dataclass(frozen=True)
class Regions:
    """The list of one country: by id, and by the words for a region, the surer kind of word first."""

    by_id: Mapping[int, Region]

    @functools.cached_property
    def ways(self) -> tuple[Mapping[str, tuple[Region, ...]], ...]:
        """Give the regions by their words, a mapping for each kind; made when the first one is looked for."""
        return tuple(_by_words(self.by_id.values(), words) for words in WORDS)


@dataclass(frozen=True)
class Countries:
    """Every country that the shop knows: alpha-2 codes, alpha-3 codes as alpha-2, the lists of those that have one."""

    codes: frozenset[str]
    long_codes: Mapping[str, str]
    regions: Mapping[str, Regions]

    def find(self, value: str) -> str:
        """Find a country by its two or three letters of ISO 3166-1; raises Rejected."""
        word = value.strip().upper()
        code = word if word in self.codes else self.long_codes.get(word)
        if code is None:
            reason = f"{value!r} is no country of this shop: send the two letters of ISO 3166-1, such as DE"
            raise errors.Rejected("country_id", reason)
        return code

    def find_region(self, country_id: str, value: str) -> Region:
        """Find a region of a country that has a list, by code, name or id; raises Rejected naming a few."""
        regions = self.regions[country_id]
        word = folded(value)
        for way in regions.ways:
            fitting = way.get(word, ())
            if len(fitting) == 1:
                return fitting[0]
            if fitting:
                raise errors.Rejected("region", f"{value!r} may be {_listed(fitting)}: send the name")
        known = regions.by_id.values()
        nearest = sorted(known, key=lambda region: -_likeness(word, region))[:NAMED]
        more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
        raise errors.Rejected("region", f"{value!r} is no region of {country_id}; there are {_listed(nearest)}{more}")


def load(connection: sa.Connection, tables: schema.Tables) -> Countries:
    """Read countries, regions and their names in three statements."""
    country, region = tables.get("directory_country"), tables.get("directory_country_region")
    if country is None:
        return Countries(frozenset(), {}, {})
    codes = connection.execute(sa.select(country.c.country_id, country.c.iso3_code)).all()
    found: dict[str, dict[int, Region]] = {}
    if region is not None:
        names = _names(connection, tables)
        columns = (region.c.region_id, region.c.country_id, region.c.code, region.c.default_name)
        for row in connection.execute(sa.select(*columns).order_by(region.c.region_id)):
            one = Region(row[0], row[1], row[2] or "", row[3] or row[2] or "", names.get(row[0], {}))
            found.setdefault(one.country_id, {})[one.region_id] = one
    return Countries(
        frozenset(code for code, _ in codes),
        {long: code for code, long in codes if long},
        {country_id: Regions(regions) for country_id, regions in found.items()},
    )


def folded(text: str) -> str:
    """Give the form in which words for a region are compared: without case, accents and surplus blanks."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def _names(connection: sa.Connection, tables: schema.Tables) -> dict[int, dict[str, str]]:
    table = tables.get("directory_country_region_name")
    found: dict[int, dict[str, str]] = {}
    if table is not None:
        for locale, region_id, name in connection.execute(sa.select(table.c.locale, table.c.region_id, table.c.name)):
            found.setdefault(region_id, {})[locale] = name or ""
    return found


# The words for a region, a kind of word each: codes (also as in ISO 3166-2, US-TX), names in any language, the id.
WORDS: tuple[Callable[[Region], Iterable[str]], ...] = (
    lambda region: (region.code, f"{region.country_id}-{region.code}"),
    lambda region: (region.default_name, *region.names.values()),
    lambda region: (str(region.region_id),),
)


def _by_words(regions: Iterable[Region], words: Callable[[Region], Iterable[str]]) -> Mapping[str, tuple[Region, ...]]:
    found: dict[str, tuple[Region, ...]] = {}
    for region in regions:
        for word in {folded(word) for word in words(region) if word}:
            found[word] = (*found.get(word, ()), region)
    return found


def _likeness(word: str, region: Region) -> float:
    return difflib.SequenceMatcher(None, word, folded(region.name(""))).ratio()


def _listed(regions: Collection[Region]) -> str:
    return ", ".join(f"{region.name('')} ({region.code})" for region in regions)
