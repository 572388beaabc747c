"""In charge of options that a change set makes: each label is claimed, so that two requests at once make one."""

from collections.abc import Iterable

import sqlalchemy as sa

from app.ledger import labels
from app.magento import changes, options
from app.mapping import bridges

Row = changes.RowChange


def settle(connection: sa.Connection, bridge: bridges.Bridge, planned: Iterable[Row]) -> list[Row]:
    """Put options that are there by now in the place of choices that were to be made, and plan the others first.

    Of two requests that make the same one, the later runs into our key and starts again. Raises Rejected.
    """
    rows = options.settle(connection, bridge.shop, planned)
    fresh = [row.key["option_id"] for row in rows if row.table == options.OPTION]
    made = len(fresh) * options.ROWS
    return rows[:made] + _claims(connection, bridge, fresh) + rows[made:] if fresh else rows


def _claims(connection: sa.Connection, bridge: bridges.Bridge, fresh: list[options.Choice]) -> list[Row]:
    """Claim the labels of choices that are to be made; a claim of one that has another label by now is taken over."""
    keys = {choice: (choice.attribute_id, labels.key(choice.name)) for choice in fresh}
    claimed = labels.fetch(connection, bridge.ledger, keys.values())
    rows = []
    for choice, (attribute_id, label_key) in keys.items():
        key = {"attribute_id": attribute_id, "label_key": label_key}
        before = claimed.get((attribute_id, label_key))
        if before is not None:  # the old id is part of the key, so that only one request finds it
            rows.append(Row("scim_option", {**key, "option_id": before}, {"option_id": before}, {"option_id": choice}))
        else:
            rows.append(Row("scim_option", key, None, {"option_id": choice}))
    return rows
