"""The time as the shop keeps it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Give the time, naive UTC in whole seconds, as Magento's columns hold it."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
