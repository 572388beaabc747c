"""In charge of which attributes no rule may write, and why (facts 8.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What these do on save is known and done here; any other backend model may do anything (facts 8.2).
KNOWN_BACKENDS = frozenset(
    "Magento\\" + name
    for name in (
        "Eav\\Model\\Entity\\Attribute\\Backend\\DefaultBackend",
        "Eav\\Model\\Entity\\Attribute\\Backend\\Datetime",
        "Eav\\Model\\Entity\\Attribute\\Backend\\ArrayBackend",
        "Customer\\Model\\Attribute\\Backend\\Data\\Boolean",
        "Customer\\Model\\Customer\\Attribute\\Backend\\Website",
        "Customer\\Model\\Customer\\Attribute\\Backend\\Store",
        "Customer\\Model\\Customer\\Attribute\\Backend\\Password",
        "Customer\\Model\\Customer\\Attribute\\Backend\\Billing",
        "Customer\\Model\\Customer\\Attribute\\Backend\\Shipping",
        "Customer\\Model\\ResourceModel\\Address\\Attribute\\Backend\\Region",
    )
)

_LOCK = "the lock is set by deactivating the customer"
_TIME = "Magento and this program set it by themselves"
CUSTOMER = {
    "entity_id": "the database gives the id",
    "increment_id": "the shop gives the number",
    "is_active": "it is set by deactivating and reactivating the customer",
    "session_cutoff": _LOCK,
    "password_hash": "a password is set as a password, not as a hash",
    "rp_token": "the shop makes reset links itself",
    "rp_token_created_at": "the shop makes reset links itself",
    "failures_num": _LOCK,
    "first_failure": _LOCK,
    "lock_expires": _LOCK,
    "created_at": _TIME,
    "updated_at": _TIME,
    "default_billing": "default addresses are chosen by the address rules",
    "default_shipping": "default addresses are chosen by the address rules",
}
ADDRESS = {
    "vat_is_valid": "the shop's VAT check sets it",
    "vat_request_id": "the shop's VAT check sets it",
    "vat_request_date": "the shop's VAT check sets it",
    "vat_request_success": "the shop's VAT check sets it",
}
FILES = ("file", "image", "media_image", "gallery")


def reason(kind: str, row: Mapping[str, Any], table: str, *, known: bool, in_set: bool) -> str | None:
    """Say why an attribute may only be read, None when it may be written.

    kind: customer or customer_address; row: of eav_attribute; table: where its values are, and whether that and the
    column are known; in_set: whether Magento shows it.
    """
    special = (CUSTOMER if kind == "customer" else ADDRESS).get(row["attribute_code"])
    backend = (row["backend_model"] or "").lstrip("\\")
    if special:
        return special
    if not known:
        return f"it is kept in {table}, which this program does not know"
    if not in_set:
        return "Magento ignores it: it is in no attribute set (eav_entity_attribute)"
    if backend and backend not in KNOWN_BACKENDS:
        return f"its backend model {backend} may change the value on save"
    if row["frontend_input"] in FILES:
        return "it is the path of an uploaded file"
    return None
