"""In charge of what a first sync would come to: who is linked, made, not clear, or out of scope. Writes nothing.

Each user goes the way of a POST, rehearsed: what is told is what the request would do. What users of one file would
take from each other is told too: the second of two who are the same person is not clear.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from app.ledger import links
from app.magento import database, uniqueness
from app.magento import errors as shop_errors
from app.mapping import bridges, matching, trial, visibility, writes
from app.scim import errors

LINK, CREATE, RETURN, MANAGED = "linked", "created", "returning", "managed"
AMBIGUOUS, OUT, REFUSED, ALONE = "ambiguous", "out of scope", "refused", "unmatched"
CLEAR = (LINK, CREATE, RETURN, MANAGED, ALONE)  # nobody has to look at those
BATCH = 1000


@dataclass(frozen=True)
class Verdict:
    """What becomes of a user of the file, or (ALONE) of a customer whom none of them is.

    `place`: the user's place in the file, 0 for none. `entity_id`: the customer, `by`: the path that found it,
    `others`: customers who would fit as well.
    """

    kind: str
    place: int = 0
    user_name: str | None = None
    external_id: str | None = None
    email: str | None = None
    entity_id: int | None = None
    by: str | None = None
    reason: str | None = None
    others: tuple[int, ...] = ()


@dataclass
class _Seen:
    """What users before this one have taken: what -> the place in the file."""

    taken: dict[tuple[str, Any], int] = field(default_factory=dict)

    def by(self, keys: Iterable[tuple[str, Any]]) -> tuple[str, int] | None:
        return next(((key[0], self.taken[key]) for key in keys if key in self.taken), None)

    def take(self, keys: Iterable[tuple[str, Any]], place: int) -> None:
        for key in keys:
            self.taken.setdefault(key, place)


def judge(bridge: bridges.Bridge, people: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[Verdict]:
    """Judge the users of a file, (place, body of a POST), one after the other."""
    bridge, seen = replace(bridge, rehearsing=True), _Seen()
    for place, body in people:
        verdict, keys, takes = _one(bridge, body)
        verdict = replace(verdict, place=place)
        before = seen.by(keys)
        if before is not None and verdict.kind != REFUSED:
            reason = f"has the same {before[0]} as user {before[1]} of the file"
            yield replace(verdict, kind=AMBIGUOUS, reason=reason, others=())
            continue
        if takes:
            seen.take(keys, place)
        yield verdict


def _one(bridge: bridges.Bridge, body: Mapping[str, Any]) -> tuple[Verdict, list[tuple[str, Any]], bool]:
    """Judge one user; gives also what is its own alone, and whether it gets that."""
    try:
        resource, _ = trial.user(bridge, body, "create")
    except errors.ScimError as error:
        return Verdict(REFUSED, user_name=_text(body.get("userName")), reason=error.detail), [], False
    known = Verdict(REFUSED, 0, resource["userName"], resource.get("externalId"), bridge.email_of(resource))
    with database.reading(bridge.shop.engine) as connection:
        fits = matching.candidates(connection, bridge, resource)
        try:
            found = matching.find(connection, bridge, resource)
        except errors.Uniqueness:
            found = None  # the rehearsal says who is in the way
        keys = _keys(connection, bridge, resource)
    known = replace(known, by=found.by if found else None, entity_id=found.entity_id if found else None)
    try:
        trial.post(bridge, body)
    except writes.Rehearsed as told:
        return (*_rehearsed(bridge, known, told, fits, keys), True)
    except errors.ScimError as error:
        return _refused(bridge, known, error), keys, False
    raise AssertionError("a rehearsed request has written")


def _rehearsed(
    bridge: bridges.Bridge, known: Verdict, told: writes.Rehearsed, fits: set[int], keys: list[tuple[str, Any]]
) -> tuple[Verdict, list[tuple[str, Any]]]:
    """Say what a request that would be taken comes to."""
    alone = [rule.target for rule in bridge.ruleset.rules if rule.unique]
    keys = [
        *keys,
        *((code, str(value).casefold()) for code, value in uniqueness.guarded(bridge.shop, told.rows, alone)),
    ]
    if told.deed.operation == "purge":
        reason = f"deleted before: customer {told.deed.resource_id} ends first, by lifecycle.returning: anew"
        return replace(known, kind=CREATE, entity_id=None, reason=reason), keys
    if told.deed.operation == "create":
        return replace(known, kind=CREATE, entity_id=None), keys
    entity_id = told.deed.resource_id
    known, keys = replace(known, entity_id=entity_id), [*keys, ("customer", entity_id)]
    if not _is_new(told):
        return replace(known, kind=RETURN), keys
    others = tuple(sorted(fits - {entity_id}))
    if others:
        reason = f"several customers fit; a POST takes {entity_id}"
        return replace(known, kind=AMBIGUOUS, reason=reason, others=others), keys
    return replace(known, kind=LINK), keys


def _is_new(told: writes.Rehearsed) -> bool:
    return any(row.table == "scim_link" and row.before is None for row in told.rows)


def _refused(bridge: bridges.Bridge, known: Verdict, error: errors.ScimError) -> Verdict:
    """Say what a request that would be refused is about."""
    match error:
        case errors.Forbidden():
            return replace(known, kind=OUT, reason=error.detail)
        case errors.Uniqueness(existing=str(existing)):
            with database.reading(bridge.shop.engine) as connection:
                linked = links.fetch(connection, bridge.ledger, [int(existing)])
            kind = MANAGED if linked else AMBIGUOUS
            others = (known.entity_id,) if known.entity_id not in (None, int(existing)) else ()
            return replace(known, kind=kind, entity_id=int(existing), reason=error.detail, others=others)
        case errors.Uniqueness() if not _another_value(error):
            return replace(known, kind=OUT, reason=error.detail)
    return replace(known, reason=error.detail)


def _another_value(error: errors.Uniqueness) -> bool:
    """Say whether it is not the person that is another's, but a value that must be unique."""
    return isinstance(error.__cause__, shop_errors.Duplicate) and error.__cause__.key != "email"


def _keys(connection: sa.Connection, bridge: bridges.Bridge, resource: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Give what a user takes by its names, as the ledger and the shop compare them."""
    found: list[tuple[str, Any]] = [("userName", links.fold(resource["userName"]))]
    by_external_id = any(matching.name(path) == "externalId" for path in bridge.ruleset.match.by)
    if by_external_id and resource.get("externalId"):
        found.append(("externalId", resource["externalId"]))
    email = bridge.email_of(dict(resource))
    if email:
        weight = sa.text("SELECT HEX(WEIGHT_STRING(RTRIM(CONVERT(:e USING utf8mb4)) COLLATE utf8mb4_general_ci))")
        compared = connection.execute(weight, {"e": email}).scalar()
        found.append(("e-mail", (compared, bridge.email_website(dict(resource)))))
    return found


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


# --- the shop's own side ---


def alone(bridge: bridges.Bridge, matched: set[int]) -> Iterator[Verdict]:
    """Walk the tenant's customers whom no user of the file is."""
    entity, link = bridge.shop.tables["customer_entity"], bridge.ledger.link
    query = visibility.customers(bridge).add_columns(entity.c.email, link.c.entity_id)
    for entity_id, email, managed in _walk(bridge, query):
        if entity_id not in matched:
            reason = "managed already" if managed else "nobody manages it"
            yield Verdict(ALONE, email=email, entity_id=entity_id, reason=reason)


def shop(bridge: bridges.Bridge) -> Iterator[Verdict]:
    """Judge the shop alone, each customer by its e-mail: managed, to be linked, not clear, out of scope."""
    entity, link = bridge.shop.tables["customer_entity"], bridge.ledger.link
    joined = entity.outerjoin(link, link.c.entity_id == entity.c.entity_id)
    columns = (entity.c.entity_id, entity.c.email, entity.c.website_id, link.c.tenant, link.c.deleted_at)
    same = _same(bridge)
    for row in _walk(bridge, sa.select(*columns).select_from(joined)):
        verdict = Verdict(LINK, email=row.email, entity_id=row.entity_id)
        yield _standing(bridge, verdict, row, same)


def count(bridge: bridges.Bridge) -> int:
    """Count the shop's customers."""
    query = sa.select(sa.func.count()).select_from(bridge.shop.tables["customer_entity"])
    with database.reading(bridge.shop.engine) as connection:
        return int(connection.execute(query).scalar_one())


def _standing(bridge: bridges.Bridge, known: Verdict, row: Any, same: Mapping[int, tuple[int, ...]]) -> Verdict:
    if row.tenant is not None and row.tenant != bridge.tenant:
        return replace(known, kind=OUT, reason=f"the tenant {row.tenant} manages it")
    if row.tenant is not None and row.deleted_at is not None:
        return replace(known, kind=RETURN, reason="its user is deleted; the shop keeps it")
    if row.tenant is not None:
        return replace(known, kind=MANAGED)
    if not bridge.sees(row.website_id):
        website = bridge.shop.stores.websites.get(row.website_id or 0)
        return replace(known, kind=OUT, reason=f"on {f'website {website.code}' if website else 'no website'}")
    if "create" not in bridge.ruleset.lifecycle.allow:
        return replace(known, kind=OUT, reason="lifecycle.allow leaves create out")
    if all(matching.name(path) == "externalId" for path in bridge.ruleset.match.by):
        return replace(known, kind=OUT, reason="match.by has no e-mail")
    others = tuple(other for other in same.get(row.entity_id, ()) if other != row.entity_id)
    if others:
        return replace(known, kind=AMBIGUOUS, reason="customers on several websites have this e-mail", others=others)
    if bridge.ruleset.match.existing != "adopt":
        return replace(known, kind=AMBIGUOUS, reason=f"match.existing: {bridge.ruleset.match.existing}")
    return replace(known, reason="by its e-mail")


def _same(bridge: bridges.Bridge) -> dict[int, tuple[int, ...]]:
    """Find unmanaged customers who have one e-mail on several websites, where that means one customer."""
    if not bridge.shares_accounts:
        return {}
    entity, link = bridge.shop.tables["customer_entity"], bridge.ledger.link
    joined = entity.outerjoin(link, link.c.entity_id == entity.c.entity_id)
    free = link.c.entity_id.is_(None)
    first = sa.select(entity.c.email, sa.func.min(entity.c.entity_id).label("first")).select_from(joined)
    several = first.where(free).group_by(entity.c.email).having(sa.func.count() > 1).subquery()
    query = sa.select(several.c.first, entity.c.entity_id).select_from(
        joined.join(several, several.c.email == entity.c.email)
    )
    together: dict[int, list[int]] = {}
    with database.reading(bridge.shop.engine) as connection:
        for lowest, entity_id in connection.execute(query.where(free).order_by(entity.c.entity_id)):
            together.setdefault(lowest, []).append(entity_id)
    return {entity_id: tuple(ids) for ids in together.values() for entity_id in ids}


def _walk(bridge: bridges.Bridge, query: sa.Select[Any]) -> Iterator[Any]:
    """Read the rows of a query over customers, BATCH at a time, by id."""
    entity, after = bridge.shop.tables["customer_entity"], 0
    while True:
        page = query.where(entity.c.entity_id > after).order_by(entity.c.entity_id).limit(BATCH)
        with database.reading(bridge.shop.engine) as connection:
            rows = connection.execute(page).all()
        if not rows:
            return
        yield from rows
        after = rows[-1][0]
