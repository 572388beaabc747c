"""In charge of options that a change set makes: each label is claimed, so that two requests at once make one."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from app.ledger import labels
from app.magento import changes, options
from app.mapping import bridges

Row = changes.RowChange
Key = tuple[int, str]  # attribute id, and a label as it is claimed


def settle(connection: sa.Connection, bridge: bridges.Bridge, planned: Iterable[Row]) -> list[Row]:
    """Put options that are there by now in the place of choices that were to be made, and plan the others first.

    Of two requests that make the same one, the later runs into our key and starts again. Raises Rejected.
    """
    planned = list(planned)
    rows = options.settle(connection, bridge.shop, planned)
    if not (keys := _keys(rows)):
        return rows
    # The claims are read before the choices: a choice that comes up in between has been claimed, or is found.
    claimed = labels.fetch(connection, bridge.ledger, keys.values())
    rows = options.settle(connection, bridge.shop, planned)
    keys = _keys(rows)
    made = len(keys) * options.ROWS
    return rows[:made] + _claims(keys, claimed) + rows[made:]


def _keys(rows: Iterable[Row]) -> dict[options.Choice, Key]:
    """Find the choices that are to be made, and under which key each label is claimed."""
    fresh = (row.key["option_id"] for row in rows if row.table == options.OPTION)
    return {choice: (choice.attribute_id, labels.key(choice.name)) for choice in fresh}


def _claims(keys: Mapping[options.Choice, Key], claimed: Mapping[Key, int]) -> list[Row]:
    """Claim the labels of choices that are to be made; a claim of one that has another label by now is taken over."""
    rows = []
    for choice, (attribute_id, label_key) in keys.items():
        key = {"attribute_id": attribute_id, "label_key": label_key}
        before = claimed.get((attribute_id, label_key))
        if before is not None:  # the old id is part of the key, so that only one request finds it
            rows.append(Row("scim_option", {**key, "option_id": before}, {"option_id": before}, {"option_id": choice}))
        else:
            rows.append(Row("scim_option", key, None, {"option_id": choice}))
    return rows
