"""In charge of what identity providers send beyond the RFC: a profile is a set of tolerances, a tolerance is one row.

`rewrite` turns a body into one that the RFC would take and says which tolerances it needed. The rows' functions are in
`dialects`; rows without function are flags that another module of this room asks for (`filters`, `schemas`, `patch`).
A new quirk is a row here, a function there, and a file in tests/idp.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.scim import attributes, dialects, filters, grammar, literals, queries, rewriting

CREATE_VALUE = "create_value"
UNKNOWN_ATTRIBUTES = "unknown_attributes"
LOOSE_FORMATS = "loose_formats"
GROUPS_ON_USER = "groups_on_user"


@dataclass(frozen=True)
class Tolerance:
    """One thing that is taken though the RFC does not have it.

    `at` says where it works: on a resource's "body", on a PATCH "message", on one PATCH "operation", on one "value" of
    an attribute wherever it stands, on the "name" of one, in a "filter", in the "query" of a URL, or as a "flag" that
    another module reads.
    """

    name: str
    at: str
    witness: str
    apply: Callable[..., Any] | None = None


# In this order they are applied, within each kind of `at`.
ROWS = (
    Tolerance("flat_patch", "message", "miniOrange may PATCH a flat partial user", dialects.flat_patch),
    Tolerance("schemas_missing", "message", "PUT and PATCH without schemas: Okta, JumpCloud", dialects.message_schemas),
    Tolerance("literal_path", "body", "miniOrange may send a row of its mapping as key", dialects.literal_paths),
    Tolerance("flat_name", "body", "miniOrange: email, givenName, familyName at the top", dialects.flat_names),
    Tolerance("schemas_missing", "body", "POST and PUT without schemas: Okta, JumpCloud", dialects.schemas_missing),
    Tolerance("schemas_unknown", "body", "Entra ADSCIM/2.0/Group, OneLogin core:1.0", dialects.schemas_unknown),
    Tolerance("empty_path", "operation", 'path "" instead of none', dialects.empty_path),
    Tolerance("remove_values", "operation", "Entra: Remove members value:[{value}]", dialects.remove_values),
    Tolerance("add_null", "operation", "template tools: add with a null value", dialects.add_null),
    Tolerance("literal_path", "operation", "Entra aadOptscim062020: dotted and URN keys", dialects.dotted_keys),
    Tolerance(
        "flat_name", "operation", "miniOrange: email, givenName, familyName at the top", dialects.flat_names_patch
    ),
    Tolerance("readonly_ignored", "operation", "Okta: replace without path with id", dialects.drop_readonly),
    Tolerance("schemas_unknown", "operation", "Entra ADSCIM URNs in a value", dialects.operation_schemas),
    Tolerance("wrapped_value", "value", "Entra AzureAdScimPatch2017: [{value}] for one value", dialects.unwrap),
    Tolerance("manager_id", "value", "OneLogin: manager {managerId}", dialects.manager_id),
    Tolerance("bare_value", "value", 'Entra: manager as bare text, "" clears', dialects.bare_value),
    Tolerance("single_value", "value", "miniOrange: emails as one object", dialects.single_value),
    Tolerance("boolean_text", "value", 'Entra: Replace active "False"; OneLogin too', dialects.boolean_text),
    Tolerance(UNKNOWN_ATTRIBUTES, "name", "any IdP's own attributes"),
    Tolerance(literals.UNQUOTED, "filter", "Entra: id eq 54D3… and manager eq 2819…"),
    Tolerance(literals.BOOLEAN_TEXT, "filter", 'Entra: roles[primary eq "True"].value'),
    Tolerance(grammar.COMPLEX_VALUE, "filter", "Entra: id eq … and manager eq …"),
    Tolerance(queries.ANY_CASE, "query", "Microsoft's inbound client: startindex=0"),
    Tolerance(CREATE_VALUE, "flag", 'Entra: Add emails[type eq "home"].value where there is none'),
    Tolerance(LOOSE_FORMATS, "flag", "Microsoft validator: random time zones; country names"),
    Tolerance(GROUPS_ON_USER, "flag", "miniOrange may change memberships by groups on the user"),
)
EVERY = frozenset(row.name for row in ROWS)


@dataclass(frozen=True)
class Profile:
    """How an identity provider is dealt with."""

    name: str
    tolerances: frozenset[str] = frozenset()
    patch_status: int = 200  # of a PATCH on a user that names no attributes
    group_patch_status: int = 200
    hidden: frozenset[str] = frozenset()  # not published in /Schemas
    put_absent: str = "clear"  # keep | clear: what a PUT of a user does not mention
    put_members: str = "keep"  # keep | clear: members that a PUT of a group does not mention
    revive: bool = True  # POST of a deactivated user takes it up again (Okta, miniOrange)
    post_existing: str = "conflict"  # conflict | upsert: POST of a user that is there, answered 201
    unknown_member: str = "error"  # error | ignore
    lookup: frozenset[str] = frozenset()  # other names by which a path may give a resource: externalId userName emails


STRICT = Profile("strict", put_members="clear", revive=False)
# not groups_on_user: most clients send back the groups that they have read, and mean nothing by it
LENIENT = Profile("lenient", EVERY - {GROUPS_ON_USER})
# What no identity provider is refused, whatever its name.
_USUAL = frozenset(
    {
        "schemas_missing",
        "schemas_unknown",
        "remove_values",
        "literal_path",
        "readonly_ignored",
        "bare_value",
        "boolean_text",
        UNKNOWN_ATTRIBUTES,
        literals.UNQUOTED,
        literals.BOOLEAN_TEXT,
        queries.ANY_CASE,
        CREATE_VALUE,
        LOOSE_FORMATS,
    }
)

PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        STRICT,
        LENIENT,
        Profile("okta", _USUAL),
        Profile(
            "entra",
            LENIENT.tolerances - {"flat_patch", "flat_name"},
            group_patch_status=204,
            hidden=frozenset({"password", "emails.display"}),
        ),
        Profile("onelogin", _USUAL | {"manager_id", "single_value"}),
        Profile("jumpcloud", _USUAL),
        Profile("ping", _USUAL),
        Profile("sailpoint", _USUAL),
        Profile(
            "miniorange",
            EVERY,
            put_absent="keep",
            lookup=frozenset({"externalId", "userName", "emails"}),
        ),
    )
}


def rewrite(
    body: Any, kind: str, resource_type: attributes.ResourceType, profile: Profile
) -> tuple[Any, tuple[str, ...]]:
    """Give a body as the RFC means it, and the names of the tolerances that were needed, in order of the alphabet.

    `kind` is "create", "replace" or "patch". The given body is not changed. What cannot be understood stays as it is:
    the parser will name it.
    """
    rows = [row for row in ROWS if row.name in profile.tolerances]
    if not rows or not isinstance(body, dict):
        return body, ()
    return rewriting.rewrite(body, kind, resource_type, rows, profile.tolerances)


def parse_filter(
    text: str, resource_type: attributes.ResourceType, profile: Profile, *, absent: bool = False
) -> tuple[filters.Node, tuple[str, ...]]:
    """Parse a filter with a profile's tolerances; see `filters.accept`."""
    return filters.accept(text, resource_type, profile.tolerances, absent=absent)
