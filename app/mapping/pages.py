"""A page of a list, whatever its resources are."""

from dataclasses import dataclass
from typing import Any

from app.scim import cursors


@dataclass(frozen=True)
class Page:
    """Some of the resources that were asked for, how many there are in all, where the page ended if more follow."""

    resources: list[dict[str, Any]]
    total: int
    end: cursors.Place | None = None
