"""SCIM filters as SQL over the shop's and our own tables: which users a list holds.

A filter is judged by what a client would read: the document corrected by the shop. SQL says of each user whether the
filter fits, or that it cannot tell (values inside multi-valued attributes, letters whose case folding no collation
knows, labels): those few the protocol's own evaluator judges. A filter that names a user by id, userName, externalId
or e-mail is answered from an index.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from app.ledger import links
from app.magento import addresses, values
from app.mapping import bridges, group_ids, group_members, group_standing, rules, totals, visibility
from app.scim import cursors, errors, paths, trees

MOST_JUDGED = 20_000  # candidates that the evaluator looks at before a filter is too wide
BATCH = 500
FEW = 20  # whom a filter names: so many are read and judged without asking SQL first
PRIMARIES = 5  # values of a multi-valued attribute among which a sort looks for the primary one
TRUE, FALSE = sa.literal_column("1") == sa.literal_column("1"), sa.literal_column("1") == sa.literal_column("0")
Column = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]
Judge = Callable[[Collection[int], trees.Node], set[int]]
"""Says which of some users a filter fits, by reading them."""


@dataclass(frozen=True)
class Clause:
    """What SQL knows of a filter: nobody fits for whom not `may`, everybody fits for whom `sure`.

    Both are definite, never unknown, so that they can be turned round.
    """

    may: Condition
    sure: Condition

    @property
    def exact(self) -> bool:
        """Say whether nobody is left to be judged."""
        return self.may is self.sure

    def turned(self) -> "Clause":
        """Give the clause for the opposite filter."""
        return exactly(sa.not_(self.may)) if self.exact else Clause(sa.not_(self.sure), sa.not_(self.may))


def exactly(condition: Condition) -> Clause:
    """Make a clause that leaves nothing open."""
    return Clause(condition, condition)


def at_most(condition: Condition) -> Clause:
    """Make a clause that only rules users out."""
    return Clause(condition, FALSE)


def joined(clauses: Sequence[Clause], join: Callable[..., Condition]) -> Clause:
    """Put clauses together with `and_` or `or_`."""
    may = join(*(clause.may for clause in clauses))
    exact = all(clause.exact for clause in clauses)
    return Clause(may, may if exact else join(*(clause.sure for clause in clauses)))


ANY = at_most(TRUE)
Test = Callable[[Column], Clause]
"""Says whether a text, given as a column that may be null, satisfies a comparison. Null never does."""


@dataclass(frozen=True)
class Order:
    """How a list is sorted: by an attribute of the users, then by rising id; by id alone where there is none.

    Who has no value comes last, first when descending (RFC 7644 section 3.4.2.3).
    """

    column: sa.ColumnElement[Any] | None = None
    descending: bool = False

    def clauses(self, ids: sa.ColumnElement[int]) -> list[sa.ColumnElement[Any]]:
        """Give the terms of ORDER BY."""
        if self.column is None:
            return [ids]
        absent = self.column.is_(None)
        return [absent.desc(), self.column.desc(), ids] if self.descending else [absent, self.column, ids]

    def after(self, ids: sa.ColumnElement[int], place: cursors.Place) -> sa.ColumnElement[bool]:
        """Give the condition of those who come after a place."""
        last, value = place.last_id, place.last_value
        if self.column is None:
            return ids > last
        absent = self.column.is_(None)
        if value is None:
            same = sa.and_(absent, ids > last)
            return sa.or_(same, sa.not_(absent)) if self.descending else same
        same = sa.and_(self.column == value, ids > last)
        if self.descending:
            return sa.or_(self.column < value, same)
        return sa.or_(self.column > value, same, absent)


@dataclass(frozen=True)
class Translator:
    """Turns filter trees into SQL for one tenant's bridge."""

    bridge: bridges.Bridge

    @property
    def entity(self) -> sa.Table:
        """The shop's customers."""
        return self.bridge.shop.tables["customer_entity"]

    @property
    def link(self) -> sa.Table:
        """Our links."""
        return self.bridge.ledger.link

    @property
    def active(self) -> Condition:
        """Whether the user is active: as the shop says, and not deactivated here."""
        mark = self.bridge.ledger.inactive
        marked = sa.select(mark.c.entity_id).where(mark.c.entity_id == self.entity.c.entity_id)
        return sa.and_(self.entity.c.is_active == 1, sa.not_(marked.correlate(self.entity).exists()))

    @property
    def linked(self) -> Condition:
        """Whether the user is managed."""
        return self.link.c.entity_id.is_not(None)

    def visible(self) -> sa.Select[Any]:
        """Select the ids of all users that this tenant has."""
        return visibility.customers(self.bridge)

    # --- candidates by an index ---

    def keys(self, node: trees.Node) -> sa.Select[Any] | sa.CompoundSelect[Any] | None:
        """Select the ids of a superset by an index; None where the filter names nobody."""
        match node:
            case trees.Compare(op="eq", value=value) if value is not None:
                return self._key(str(node.path), value)
            case trees.And(parts=parts):
                return next((found for part in parts if (found := self.keys(part)) is not None), None)
            case trees.Or(parts=parts):
                named = [found for part in parts if (found := self.keys(part)) is not None]
                return sa.union(*(sa.select(one.subquery()) for one in named)) if len(named) == len(parts) else None
            case trees.Has(path=path, inner=inner) if str(path) in ("emails", "groups"):
                key = f"{path}.value"
                return next((self._key(key, each.value) for each in trees.conjuncts(inner) if _names_value(each)), None)
        return None

    def _key(self, path: str, value: Any) -> sa.Select[Any] | sa.CompoundSelect[Any] | None:
        if path == "groups.value":
            member, number = self.bridge.ledger.membership, group_ids.number(value)
            put = sa.select(member.c.entity_id).where(member.c.group_id == number)
            theirs = (group_members.in_shop_group(self.bridge, number), group_members.held_aside(self.bridge, number))
            return sa.union(put, *theirs)
        given = self._sought(path, value)
        return None if given is None else self._having(given)

    def _sought(self, path: str, value: Any) -> dict[str, Any] | None:
        """Say what an index is asked for by a path; None where none has it."""
        match path:
            case "id":
                return {"number": _number(value)}
            case "externalId" if not self._from_elsewhere(path):
                return {"tenant": self.bridge.tenant, "external_id": value}
            case "userName" if not self._from_elsewhere(path):
                nameless = re.fullmatch(r"customer-(\d+)", value, re.ASCII | re.I)
                number = _number(nameless[1] if nameless else "")
                named = {"tenant": self.bridge.tenant, "user_name": links.fold(value), "number": number}
                return {**named, "emails": _spellings(value)}
            case "emails.value" if not self._from_elsewhere("emails"):
                return {"further": links.key(value), "emails": _spellings(value)}
        return None

    def _having(self, given: Mapping[str, Any]) -> sa.Select[Any] | sa.CompoundSelect[Any]:
        """Select the ids of those who have at a path what is given, be it values or parameters."""
        entity, link, email = self.entity, self.link, self.bridge.ledger.email
        found = []
        if "number" in given:
            found.append(sa.select(entity.c.entity_id).where(entity.c.entity_id == given["number"]))
        for name in ("user_name", "external_id"):
            if name in given:
                mine = link.c.tenant == given["tenant"]
                found.append(sa.select(link.c.entity_id).where(mine, link.c[name] == given[name]))
        if "further" in given:
            found.append(sa.select(email.c.entity_id).where(email.c.value == given["further"]))
        if "emails" in given:
            found.append(sa.select(entity.c.entity_id).where(entity.c.email.in_(given["emails"])))
        return found[0] if len(found) == 1 else sa.union(*found)

    def named(self, connection: sa.Connection, node: trees.Node) -> list[int] | None:
        """Find the few among whom those are that a filter fits which names somebody; None for any other filter.

        One who is found need not be this tenant's. Raises InvalidFilter.
        """
        if isinstance(node, trees.And):
            self.clause(node)  # which raises for what cannot be asked
        sought = next((found for part in _conjuncts(node) if (found := self._asked(part)) is not None), None)
        if sought is None:
            return None
        path, given = sought
        ids = connection.execute(self._prepared(path, given), given).scalars().all()
        return list(ids) if len(ids) <= FEW else None

    def _prepared(self, path: str, given: Mapping[str, Any]) -> Any:
        def build() -> Any:
            parameters: dict[str, Any] = {
                name: sa.bindparam(name, expanding=isinstance(value, list)) for name, value in given.items()
            }
            return self._having(parameters).limit(FEW + 1)

        return self.bridge.shop.prepared(("named", path), build)

    def _asked(self, node: trees.Node) -> tuple[str, dict[str, Any]] | None:
        """Give the path that an index has, and what is sought there, of a comparison that names somebody."""
        match node:
            case trees.Compare(op="eq", path=path, value=value) if value is not None:
                text = str(path)
            case trees.Has(path=path, inner=inner) if str(path) == "emails":
                text = "emails.value"
                value = next((each.value for each in trees.conjuncts(inner) if _names_value(each)), None)
            case _:
                return None
        given = self._sought(text, value) if value is not None else None
        return None if given is None else (text, given)

    def _from_elsewhere(self, attribute: str) -> bool:
        """Say whether a rule shows anything but the shop's e-mail at an attribute."""
        return self._addressed(trees.Path(None, self.bridge.ruleset.accepted.find(attribute))) or any(
            rule.target != "email" and rule.comes_out and str(rule.sources[0].top) == attribute
            for rule in self.bridge.ruleset.rules
        )

    # --- order ---

    def order(self, path: trees.Path, descending: bool) -> Order:
        """Sort by a path, as `sorting.path` gives it: the shop's column where it has the value, else the document's.

        Texts are compared by their letters' numbers, without case where it does not count: no locale is implied.
        """
        entity, link, text = self.entity, self.link, str(path)
        known: dict[str, sa.ColumnElement[Any]] = {
            "id": _wide(entity.c.entity_id).collate("utf8mb4_bin"),
            "meta.location": _wide(entity.c.entity_id).collate("utf8mb4_bin"),
            "userName": _sorted(self._user_name()),
            "externalId": link.c.external_id,
            "active": sa.case((self.active, 1), else_=0),
            "emails.value": _sorted(self._email()),
            "meta.created": entity.c.created_at,
            "meta.lastModified": self._modified(),
        }
        writers = [rule for rule in self._writers(path) if rule.attribute.static and rule.sources[0] == path]
        if writers and path.attribute is not None and path.leaf is not None and not path.attribute.multi:
            column = self._column(writers[0])
            if text == "userName":
                column = sa.func.coalesce(_lower(column), self._user_name())
            elif path.leaf.exact:
                return Order(_wide(column).collate("utf8mb4_bin"), descending)
            return Order(_sorted(column) if path.leaf.type == "string" else column, descending)
        if text in known:
            return Order(known[text], descending)
        leaf = path.leaf
        column = self._first(path)
        if leaf is not None and leaf.type in ("integer", "decimal"):
            column = sa.cast(column, sa.Numeric(30, 10))
        return Order(column if leaf is None or leaf.exact else _sorted(column), descending)

    def orders(self, path: trees.Path) -> bool:
        """Say whether SQL knows what users are sorted by: what several rows make together it does not."""
        text = str(path)
        if text in ("id", "meta.location", "userName"):
            return True
        if text == "emails.value":
            return not self._from_elsewhere("emails")
        if text in ("groups", "meta.version") or text.startswith("groups.") or self._addressed(path):
            return False
        return all(_plain(rule, path) for rule in self._writers(path))

    def _email(self) -> Column:
        """Give the e-mail that counts: the shop's, but of several in the document the primary one, else the first.

        Whose document has none has none here, also where the shop has given the customer another one since.
        """
        emails = paths.parse("emails.value", self.bridge.ruleset.accepted)
        count = sa.func.json_length(self._json(emails.top, whole=True))
        email = sa.func.nullif(self.entity.c.email, "")
        shop_s = sa.case((sa.func.coalesce(count, 0) == 0, sa.null()), else_=email)
        return sa.case((sa.not_(self.linked), email), (count > 1, self._first(emails)), else_=shop_s)

    def _first(self, path: trees.Path) -> Column:
        """Give the document's value at a path, of a multi-valued attribute the primary one's, else the first one's."""
        attribute = path.attribute
        if attribute is None or not attribute.multi:
            return self._json(path)
        first = self._json(path, index=0)
        if attribute.find("primary") is None:
            return first
        primary = trees.Path(path.urn, attribute, sub=attribute.find("primary"))
        cases = [(self._json(primary, index=i) == "true", self._json(path, index=i)) for i in range(1, PRIMARIES)]
        return sa.case(*cases, else_=first)

    def _user_name(self) -> Column:
        """Give the compared form of the userName, as far as SQL knows it for those who are not managed."""
        return sa.func.coalesce(self.link.c.user_name, _lower(self._email_name()))

    def _email_name(self) -> Column:
        """Give the userName of somebody who is not managed."""
        nameless = sa.func.concat("customer-", self.entity.c.entity_id)
        return sa.func.coalesce(sa.func.nullif(self.entity.c.email, ""), nameless)

    def _modified(self) -> Column:
        entity, link = self.entity, self.link
        return sa.func.greatest(entity.c.updated_at, sa.func.coalesce(link.c.modified_at, entity.c.updated_at))

    # --- conditions ---

    def clause(self, node: trees.Node) -> Clause:
        """Translate a filter."""
        match node:
            case trees.And(parts=parts):
                return joined([self.clause(part) for part in parts], sa.and_)
            case trees.Or(parts=parts):
                return joined([self.clause(part) for part in parts], sa.or_)
            case trees.Not(part=part):
                return self.clause(part).turned()
            case trees.Compare():
                return self._compare(node)
            case trees.Present(path=path):
                return self._present(path)
            case trees.Has(path=path, inner=trees.Compare(op="eq", value=str(value)) as inner) if (
                str(path) == "groups" and inner.leaf.name == "value"
            ):
                return self._in_group(value)
            case trees.Has(path=path):
                return self._in_document(path)
        raise TypeError(f"no such filter node: {node!r}")

    def _compare(self, node: trees.Compare) -> Clause:
        path = str(node.path)
        if path == "meta.resourceType":
            return exactly(TRUE if trees.evaluate(node, self._given()) else FALSE)
        if path in ("active", "id", "userName", "meta.created", "meta.lastModified"):
            return self._own(node, path)
        if path == "emails.value" and node.op in FINDING and node.value is not None:
            return self._emails(node)
        if path == "groups.value" and node.op == "eq" and node.value is not None:
            return self._in_group(node.value)
        if not _single(node.path):
            absent = node.op == "ne" or node.value is None
            return ANY if absent else self._in_document(node.path)
        if node.value is None:
            held = self._shown(node.path, lambda column: exactly(column.is_not(None)))
            return held if node.op == "ne" else held.turned()
        if node.op == "ne":
            return self._shown(node.path, _test(node, "eq")).turned()
        return self._shown(node.path, _test(node, node.op))

    def _given(self) -> dict[str, Any]:
        """Give what every user has alike."""
        return {"meta": {"resourceType": self.bridge.ruleset.accepted.name}}

    def _own(self, node: trees.Compare, path: str) -> Clause:
        """Compare what the service itself keeps or gives, which everybody has."""
        entity = self.entity
        if node.value is None:
            return exactly(TRUE if node.op == "ne" else FALSE)
        if path == "active":
            return exactly(self.active if node.value == (node.op == "eq") else sa.not_(self.active))
        if node.op == "ne":
            return self._own(trees.Compare(node.path, "eq", node.value), path).turned()
        if path == "id":
            return _test(node, node.op)(sa.cast(entity.c.entity_id, mysql.CHAR(10, charset="utf8mb4")))
        if path == "userName":
            return self._named(node)
        return exactly(_at(entity.c.created_at if path == "meta.created" else self._modified(), node))

    def _named(self, node: trees.Compare) -> Clause:
        """Compare the userName: the link has its compared form; without a link, or by a rule, it is the shop's."""
        test = _test(node, node.op)
        kept = exactly(_decided(_operate(self.link.c.user_name, node.op, node.comparable)))
        free = joined([exactly(sa.not_(self.linked)), test(self._email_name())], sa.and_)
        writers = self._writers(node.path)
        if not writers:
            return joined([kept, free], sa.or_)
        if not all(_plain(rule, node.path) for rule in writers):
            return ANY
        theirs = [test(self._column(rule)) for rule in writers]
        may = sa.or_(kept.may, free.may, *(clause.may for clause in theirs))
        return Clause(may, sa.or_(sa.and_(kept.sure, *(clause.sure for clause in theirs)), free.sure))

    def _in_group(self, value: Any) -> Clause:
        """Whoever was put into a group here, and whom the shop has in it, but for those about whom it is not so sure:
        the deactivated, who may be held elsewhere, and those who are in it unasked."""
        number, entity = group_ids.number(value), self.entity
        if not number:
            return exactly(FALSE)
        member, mark = self.bridge.ledger.membership, self.bridge.ledger.inactive
        put = sa.exists().where(member.c.entity_id == entity.c.entity_id, member.c.group_id == number)
        aside = sa.exists().where(mark.c.entity_id == entity.c.entity_id, mark.c.group_id == number)
        there = entity.c.group_id == number
        chosen = FALSE if number in group_members.unasked(self.bridge) else sa.and_(there, self.active, sa.not_(aside))
        return Clause(sa.or_(put, there, aside), sa.and_(group_standing.seen(self.bridge, number), sa.or_(put, chosen)))

    def _emails(self, node: trees.Compare) -> Clause:
        """Any of the e-mails: the shop's, or a further one of the document."""
        email = self.bridge.ledger.email
        if self._from_elsewhere("emails"):
            return ANY
        wanted = links.fold(str(node.value)) if node.op != "eq" else links.key(str(node.value))
        long = sa.func.char_length(email.c.value) == links.KEY
        further = sa.select(email.c.entity_id).where(
            email.c.entity_id == self.entity.c.entity_id, sa.or_(_operate(email.c.value, node.op, wanted), long)
        )
        return at_most(sa.or_(_test(node, node.op)(self.entity.c.email).may, further.exists()))

    def _shown(self, path: trees.Path, test: Test) -> Clause:
        """Test a single text: the document's, or the shop's where a rule shows it and it is another by now."""
        own = test(self.link.c.external_id if str(path) == "externalId" else self._json(path))
        writers = self._writers(path)
        taken = any(
            rule.comes_out and any(_touches(source, path) for source in rule.sources[1:])
            for rule in self.bridge.ruleset.rules
        )
        if self._addressed(path):
            return ANY
        if not writers and not taken:
            return own
        if not all(_plain(rule, path) for rule in writers):
            return ANY
        theirs = [test(self._column(rule)) for rule in writers]
        may = sa.or_(own.may, *(clause.may for clause in theirs))
        sure = sa.and_(*(clause.sure for clause in theirs)) if theirs and not taken else FALSE
        return Clause(may, sa.and_(sa.or_(own.sure, sa.not_(self.linked)), sure))

    def _column(self, rule: rules.Rule) -> Column:
        """Give the shop's column of a rule, null where it is empty."""
        return sa.func.nullif(self.entity.c[rule.attribute.column], "")

    def _present(self, path: trees.Path) -> Clause:
        text = str(path)
        if text in ("id", "userName", "active", "meta", "meta.created", "meta.lastModified", "schemas"):
            return exactly(TRUE)
        if not _single(path):
            return self._in_document(path)
        return self._shown(path, lambda column: exactly(_decided(_binary(column) != b"")))

    def _in_document(self, path: trees.Path) -> Clause:
        """Whoever fits must have the attribute in the document, unless the shop may supply it."""
        if path.attribute is not None and path.attribute.returned == "request":
            raise errors.InvalidFilter(f"{path.top} is made when it is asked for: it cannot be searched for.")
        if path.attribute is None or path.attribute.name in GIVEN or self._writers(path.top):
            return ANY
        there = self._json(path.top, whole=True).is_not(None)
        return at_most(sa.or_(there, self._has_address()) if self._addressed(path.top) else there)

    def _has_address(self) -> Condition:
        """Whether the shop has an address that may be shown: a default one, or one that is remembered for a rule."""
        kept = self.bridge.ledger.address
        held = sa.select(kept.c.address_id).where(kept.c.entity_id == self.entity.c.entity_id).exists()
        return sa.or_(*(self.entity.c[column].is_not(None) for column in addresses.DEFAULTS.values()), held)

    def _addressed(self, path: trees.Path) -> bool:
        """Say whether the shop's addresses may be shown at a path, or anywhere below a bare attribute."""
        kept = self.bridge.ruleset.addresses
        fields = (field for rule in kept for field in rule.fields if field.comes_out)
        return any(rule.root.top == path.top for rule in kept) or any(
            _touches(field.sources[0], path) for field in fields
        )

    def _writers(self, path: trees.Path) -> list[rules.Rule]:
        """Find the rules that may put the shop's value at a path, or anywhere below a bare attribute."""
        return [rule for rule in self.bridge.ruleset.rules if rule.comes_out and _touches(rule.sources[0], path)]

    def _json(self, path: trees.Path, *, whole: bool = False, index: int | None = None) -> Column:
        """Give the document's value at a path as text, or as JSON (`whole`); null where it is not there.

        `index`: which of the values of a multi-valued attribute.
        """
        place = "$" + (f'."{path.urn}"' if path.urn else "")
        if path.attribute is not None:
            place += f'."{path.attribute.name}"' + (f"[{index}]" if index is not None else "")
        if path.sub is not None:
            place += f'."{path.sub.name}"'
        value = sa.func.json_extract(self.link.c.document, place)
        if whole:
            return value
        return sa.func.json_unquote(value).collate("utf8mb4_bin")


GIVEN = ("id", "meta", "schemas", "active", "groups", "emails", "userName")  # not, or not only, in the document
FINDING = ("eq", "co", "sw", "ew")


def _single(path: trees.Path) -> bool:
    """Say whether a path names one simple text in the document."""
    leaf = path.leaf
    if leaf is None or path.attribute is None or path.filter is not None or path.attribute.name in GIVEN:
        return False
    return not path.attribute.multi and not leaf.multi and leaf.type in ("string", "reference")


def _touches(source: trees.Path, path: trees.Path) -> bool:
    """Say whether what is written at a source can be seen at a path."""
    if source.top != path.top:
        return False
    return path.sub is None or source.sub is None or source.filter is not None or str(source) == str(path)


def _plain(rule: rules.Rule, path: trees.Path) -> bool:
    """Say whether a rule shows the text of a column of the shop as it is."""
    turned = rule.lookup or rule.option or rule.out or rule.type != "string" or rule.attribute.type != "string"
    return rule.attribute.static and not turned and rule.sources[0] == path


def _conjuncts(node: trees.Node) -> Sequence[trees.Node]:
    return node.parts if isinstance(node, trees.And) else (node,)


def _names_value(node: trees.Compare) -> bool:
    return node.op == "eq" and node.value is not None and node.leaf.name == "value"


def _number(value: Any) -> int:
    """Read an id; 0, which nobody has, for what is none."""
    text = str(value)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 11 else 0
    return number if number < 2**32 else 0


def _spellings(value: str) -> list[str]:
    """Give the forms of an e-mail by which the shop's index finds it: its collation minds neither case nor accents,
    but how a letter is composed. What no Magento could have stored would make the database convert every row."""
    folded = links.fold(value)
    forms = (value, folded, *(unicodedata.normalize(form, value) for form in ("NFC", "NFD")), folded.replace("ss", "ß"))
    return [form for form in dict.fromkeys(forms) if values.storable(form)] or [""]


def _test(node: trees.Compare, op: str) -> Test:
    """Make the test of a text against a comparison's value.

    Without case SQL is sure of plain letters only: of others a text has several forms that fold to the same.
    """

    def exact(column: Column) -> Clause:
        return exactly(_decided(_operate(column, op, node.value)))

    def caseless(column: Column) -> Clause:
        fits = _operate(_lower(column), op, node.comparable)
        plain = sa.func.length(column) == sa.func.char_length(column)
        return Clause(_decided(sa.or_(fits, sa.not_(plain))), _decided(sa.and_(fits, plain)))

    return exact if node.leaf.exact else caseless


def _operate(column: Column, op: str, value: Any) -> Condition:
    """Compare a text to the letter: bytes, since all collations take blanks at the end for nothing."""
    if op in SEARCHING:
        return SEARCHING[op](_wide(column).collate("utf8mb4_bin"), str(value))
    return COMPARING[op](_binary(column), str(value).encode())


SEARCHING: dict[str, Callable[[Any, str], Condition]] = {
    "co": lambda column, value: column.contains(value, autoescape=True, escape="!"),
    "sw": lambda column, value: column.startswith(value, autoescape=True, escape="!"),
    "ew": lambda column, value: column.endswith(value, autoescape=True, escape="!"),
}
COMPARING: dict[str, Callable[[Any, Any], Condition]] = {
    "eq": lambda column, value: column == value,
    "gt": lambda column, value: column > value,
    "ge": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "le": lambda column, value: column <= value,
}


def _at(column: Column, node: trees.Compare) -> Condition:
    """Compare a time, of which the database keeps whole seconds."""
    seconds, fraction = node.comparable
    try:
        moment = datetime.min + timedelta(seconds=seconds - DAY)
    except OverflowError:
        moment = datetime.min if seconds < DAY else datetime.max
    moment = min(max(moment, EARLIEST), LATEST)
    if fraction:  # between two seconds
        return {"eq": lambda: FALSE, "gt": lambda: column > moment, "ge": lambda: column > moment}.get(
            node.op, lambda: column <= moment
        )()
    return COMPARING[node.op](column, moment)


DAY = 86_400
EARLIEST, LATEST = datetime(1000, 1, 1), datetime(9999, 12, 31)  # what a database can hold


def _wide(column: Column) -> Column:
    return sa.cast(column, mysql.CHAR(charset="utf8mb4"))


def _binary(column: Column) -> Column:
    return sa.cast(_wide(column), sa.LargeBinary)


def _lower(column: Column) -> Column:
    return sa.func.lower(_wide(column))


def _sorted(column: Column) -> Column:
    return _lower(column).collate("utf8mb4_bin")


def _decided(condition: Condition) -> Condition:
    """Make a condition that is unknown on null a definite one."""
    return sa.func.coalesce(condition, sa.literal_column("0")) == sa.literal_column("1")


@dataclass(frozen=True)
class Slice:
    """Some ids in order, how many fit in all, and where the slice ended (None: nothing comes after it)."""

    ids: list[int]
    total: int
    end: tuple[int, Any] | None = None


def find(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    where: trees.Node | None,
    order: Order,
    judge: Judge,
    *,
    start: int = 1,
    count: int,
    after: cursors.Place | None = None,
) -> Slice:
    """Find the ids of a page: `count` users from the `start`-th (from 1), or those who come `after` a place.

    A page after a place takes the total from there. Raises InvalidFilter, TooMany.
    """
    translator = Translator(bridge)
    query = translator.visible()
    ids = query.selected_columns.entity_id
    clause = exactly(TRUE) if where is None else translator.clause(where)
    keys = translator.keys(where) if where is not None else None
    if keys is not None:
        named = keys.subquery()
        query = query.join(named, named.c.entity_id == ids)
    sure = clause.sure
    if where is not None and not clause.exact and after is None:
        open_ = connection.execute(query.where(clause.may, sa.not_(sure)).limit(MOST_JUDGED + 1)).scalars().all()
        fitting = _judged(open_, where, judge)
        sure = sa.or_(sure, ids.in_(sorted(fitting))) if fitting else sure
    counted = query.where(sure)
    if order.column is not None:
        query = query.add_columns(order.column.label("sorted"))
    if after is not None:
        query = query.where(order.after(ids, after))
    query = query.order_by(*order.clauses(ids))
    if where is not None and not clause.exact and after is not None:
        return _next(connection, query, clause, where, judge, count, after)
    rows = connection.execute(query.where(sure).limit(count + 1).offset(start - 1)).all() if count else []
    if after is not None:
        total = after.total
    elif start == 1 and count and len(rows) <= count:
        total = len(rows)
    elif where is None:
        total = totals.users(connection, bridge)
    else:
        total = int(connection.execute(sa.select(sa.func.count()).select_from(counted.subquery())).scalar_one())
    return Slice([row.entity_id for row in rows[:count]], total, _end(rows[:count]) if len(rows) > count else None)


def _judged(ids: Sequence[int], where: trees.Node, judge: Judge) -> set[int]:
    """Judge those of whom SQL could not tell; raises TooMany where they are too many."""
    if len(ids) > MOST_JUDGED:
        raise errors.TooMany("The filter is too wide to be judged: name a userName, externalId, id or e-mail in it.")
    fitting: set[int] = set()
    for first in range(0, len(ids), BATCH):
        fitting |= judge(ids[first : first + BATCH], where)
    return fitting


def _next(
    connection: sa.Connection,
    query: sa.Select[Any],
    clause: Clause,
    where: trees.Node,
    judge: Judge,
    count: int,
    after: cursors.Place,
) -> Slice:
    """Find the page after a place: candidates are judged in their order, only as many as it needs."""
    query = query.where(clause.may).add_columns(clause.sure.label("sure"))
    rows = connection.execute(query.limit(MOST_JUDGED + 1)).all()
    fitting: list[Any] = []
    for first in range(0, len(rows), BATCH):
        batch = rows[first : first + BATCH]
        judged = judge([row.entity_id for row in batch if not row.sure], where)
        fitting += [row for row in batch if row.sure or row.entity_id in judged]
        if len(fitting) > count:
            break
    page = fitting[:count]
    return Slice([row.entity_id for row in page], after.total, _end(page) if len(fitting) > count else None)


def _end(rows: Sequence[Any]) -> tuple[int, Any] | None:
    if not rows:
        return None
    value = getattr(rows[-1], "sorted", None)
    return rows[-1].entity_id, str(value) if isinstance(value, datetime | Decimal) else value
