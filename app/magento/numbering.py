"""In charge of the numbers Magento gives to customers where the shop wants it (facts 1.3)."""

from __future__ import annotations

import sqlalchemy as sa

from app.magento import changes, errors, shop

DEFAULT_PREFIX = "0"
PAD = 8


def take(connection: sa.Connection, shop: shop.Shop) -> tuple[str, changes.RowChange]:
    """Give the next number and the change that takes it; the counter's row is held until the transaction ends.

    As Entity\\Type::fetchNewIncrementId and Increment\\NumericValue do: one counter for all store views, last
    number plus one, the row's prefix and eight digits. Raises Unsupported when the shop has no counter table.
    """
    counter, kind = shop.tables["eav_entity_store"], shop.tables["eav_entity_type"]
    type_id = connection.execute(
        sa.select(kind.c.entity_type_id).where(kind.c.entity_type_code == "customer")
    ).scalar_one()
    of_customers = sa.and_(counter.c.entity_type_id == type_id, counter.c.store_id == 0)
    row = connection.execute(sa.select(counter).where(of_customers).with_for_update()).mappings().first()
    prefix = (row["increment_prefix"] if row else None) or DEFAULT_PREFIX
    number = following(row["increment_last_id"] if row else None, prefix)
    key = {"entity_type_id": type_id, "store_id": 0}
    if row is None:
        made = {"increment_prefix": prefix, "increment_last_id": number}
        return number, changes.RowChange("eav_entity_store", key, None, made)
    before = {"increment_last_id": row["increment_last_id"]}
    return number, changes.RowChange("eav_entity_store", key, before, {"increment_last_id": number})


def following(last: str | None, prefix: str) -> str:
    """Give the number after last: `000000001` after none, with the prefix `0`."""
    text = last or ""
    digits = text[len(prefix) :] if text.startswith(prefix) else text
    if digits and not digits.isdigit():
        raise errors.Unsupported(f"the shop's last customer number {text!r} does not end in digits")
    return prefix + str(int(digits or "0") + 1).rjust(PAD, "0")
