"""What our tables hold of each tenant: the counts that a person is shown before they go."""

from dataclasses import dataclass

import sqlalchemy as sa

from app.ledger import links, tables


@dataclass(frozen=True, slots=True)
class Stock:
    """Of one tenant: users (`deleted`: of them those whom only the shop keeps), `leavers` who are locked by us,
    deletions that wait, groups, tokens that open something, entries of the journal."""

    tenant: str
    users: int = 0
    deleted: int = 0
    leavers: int = 0
    held: int = 0
    groups: int = 0
    tokens: int = 0
    journal: int = 0

    @property
    def retired(self) -> bool:
        """Say whether nothing is left that is about somebody, or lets somebody in."""
        return not (self.users or self.held or self.groups or self.tokens)


def tenants(connection: sa.Connection, ledger: tables.Tables) -> list[Stock]:
    """Count what there is of each tenant that our tables know, by name."""
    link, inactive = ledger.link, ledger.inactive
    marked = link.join(inactive, inactive.c.entity_id == link.c.entity_id)
    nobody = sa.func.coalesce(link.c.deleted_how, "") != links.ANONYMOUS
    questions = {
        "users": _by_tenant(link),
        "deleted": _by_tenant(link).where(link.c.deleted_at.is_not(None)),
        "leavers": sa.select(link.c.tenant, sa.func.count()).select_from(marked).where(nobody).group_by(link.c.tenant),
        "held": _by_tenant(ledger.held),
        "groups": _by_tenant(ledger.group),
        "tokens": _by_tenant(ledger.token).where(ledger.token.c.revoked_at.is_(None)),
        "journal": _by_tenant(ledger.journal),
    }
    found: dict[str, dict[str, int]] = {}
    for name, query in questions.items():
        for tenant, count in connection.execute(query):
            found.setdefault(tenant, {})[name] = count
    return [Stock(tenant, **counts) for tenant, counts in sorted(found.items())]


def _by_tenant(table: sa.Table) -> sa.Select[tuple[str, int]]:
    return sa.select(table.c.tenant, sa.func.count()).group_by(table.c.tenant)
