"""In charge of what a resource may hold: attributes with their characteristics, schemas and resource types, as data.

A resource type is a value that callers pass on: a mapping makes its own with `dataclasses.replace`, so nothing in this
room looks one up in a list. Source: RFC 7643 sections 2 to 4, 7 and 8.7.1 with the errata 5368 (Group.displayName is
required), 5606/8435 (binary), 5607, 6004, 6011 (members.display), 7522, 8471 (groups.$ref) and 8472 (manager.value).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

SCHEMA_URN = "urn:ietf:params:scim:schemas:core:2.0:Schema"
RESOURCE_TYPE_URN = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
EXACT = frozenset({"reference", "binary"})  # always compared with their case (RFC 7643 sections 2.3.6 and 2.3.7)
CASELESS = frozenset({"boolean", "decimal", "integer", "dateTime", "complex"})  # case means nothing to these


@dataclass(frozen=True)
class Attribute:
    """One attribute and its characteristics, with the RFC's defaults (RFC 7643 sections 2.2 and 7).

    `format` names a rule for the text beyond its type: "country", "language" or "timezone".
    """

    name: str
    type: str = "string"  # string boolean decimal integer dateTime binary reference complex
    multi: bool = False
    description: str = ""
    required: bool = False
    case_exact: bool = False
    mutability: str = "readWrite"  # readOnly readWrite immutable writeOnly
    returned: str = "default"  # always never default request
    uniqueness: str = "none"  # none server global
    canonical: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    sub: tuple["Attribute", ...] = ()
    format: str = ""

    def __hash__(self) -> int:
        """Hash cheaply: attributes are parts of cache keys."""
        return hash((self.name, self.type, self.multi))

    @cached_property
    def _subs(self) -> Mapping[str, "Attribute"]:
        return {sub.name.casefold(): sub for sub in self.sub}

    @cached_property
    def exact(self) -> bool:
        """Whether its text is compared with case."""
        return self.case_exact or self.type in EXACT

    @property
    def complex(self) -> bool:
        """Whether its values have sub-attributes."""
        return self.type == "complex"

    def find(self, name: str) -> "Attribute | None":
        """Give the sub-attribute of that name, without regard to case."""
        return self._subs.get(name.casefold())

    def dump(self) -> dict[str, Any]:
        """Give the JSON form that /Schemas shows (RFC 7643 section 7); what does not apply to the type is left out."""
        shown: dict[str, Any] = {
            "name": self.name,
            "type": self.type,
            "multiValued": self.multi,
            "description": self.description or self.name,
            "required": self.required,
            "mutability": self.mutability,
            "returned": self.returned,
        }
        if self.type not in CASELESS:
            shown["caseExact"] = self.exact
        if self.type not in CASELESS - {"decimal", "integer"} and self.type != "binary":
            shown["uniqueness"] = self.uniqueness
        if self.canonical:
            shown["canonicalValues"] = list(self.canonical)
        if self.references:
            shown["referenceTypes"] = list(self.references)
        if self.sub:
            shown["subAttributes"] = [sub.dump() for sub in self.sub]
        return shown


@dataclass(frozen=True)
class Schema:
    """A named set of attributes under a URN."""

    urn: str
    name: str
    description: str
    attributes: tuple[Attribute, ...]

    def __hash__(self) -> int:
        """Hash cheaply: schemas are parts of cache keys."""
        return hash(self.urn)

    @cached_property
    def _attributes(self) -> Mapping[str, Attribute]:
        return {attribute.name.casefold(): attribute for attribute in self.attributes}

    def find(self, name: str) -> Attribute | None:
        """Give the attribute of that name, without regard to case."""
        return self._attributes.get(name.casefold())

    def dump(self) -> dict[str, Any]:
        """Give the JSON form that /Schemas shows, without meta."""
        return {
            "schemas": [SCHEMA_URN],
            "id": self.urn,
            "name": self.name,
            "description": self.description,
            "attributes": [attribute.dump() for attribute in self.attributes],
        }


@dataclass(frozen=True)
class Extension:
    """A schema whose attributes a resource may carry in a container named by its URN."""

    schema: Schema
    required: bool = False


@dataclass(frozen=True)
class ResourceType:
    """A kind of resource: its endpoint ("/Users"), its core schema and its extensions."""

    name: str
    endpoint: str
    schema: Schema
    extensions: tuple[Extension, ...] = ()
    description: str = ""

    def __hash__(self) -> int:
        """Hash cheaply: resource types are parts of cache keys."""
        return hash((self.name, self.schema.urn))

    @cached_property
    def _containers(self) -> Mapping[str, Schema]:
        return {extension.schema.urn.casefold(): extension.schema for extension in self.extensions}

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes at the top of a resource: the common ones, then the core schema's."""
        return (*COMMON, *self.schema.attributes)

    @cached_property
    def urns(self) -> tuple[str, ...]:
        """The URNs that `schemas` may hold, the core schema's first."""
        return (self.schema.urn, *(extension.schema.urn for extension in self.extensions))

    def find(self, name: str) -> Attribute | None:
        """Give the common or core attribute of that name, without regard to case."""
        return self.schema.find(name) or _COMMON.get(name.casefold())

    def extension(self, urn: str) -> Schema | None:
        """Give the extension schema of that URN, without regard to case."""
        return self._containers.get(urn.casefold())

    def is_core(self, urn: str) -> bool:
        """Say whether the URN is the core schema's."""
        return urn.casefold() == self.schema.urn.casefold()

    def locate(self, urn: str | None, name: str) -> tuple[str | None, Attribute] | None:
        """Find an attribute by its name and, if given, its schema's URN (RFC 7644 section 3.10).

        Returns the URN of the extension's container (None: the top of the resource) and the attribute; None when there
        is none. A name without URN is first sought in the core schema, then in the extensions in their order.
        """
        if urn is None or self.is_core(urn):
            found = self.find(name)
            if found is not None:
                return None, found
            if urn is not None:
                return None
            known = [extension.schema for extension in self.extensions]
        else:
            schema = self.extension(urn)
            known = [schema] if schema else []
        for schema in known:
            found = schema.find(name)
            if found is not None:
                return schema.urn, found
        return None

    def dump(self) -> dict[str, Any]:
        """Give the JSON form that /ResourceTypes shows, without meta (RFC 7643 section 6)."""
        return {
            "schemas": [RESOURCE_TYPE_URN],
            "id": self.name,
            "name": self.name,
            "description": self.description or self.schema.description,
            "endpoint": self.endpoint,
            "schema": self.schema.urn,
            "schemaExtensions": [{"schema": e.schema.urn, "required": e.required} for e in self.extensions],
        }


def _label(*canonical: str, description: str = "What the value is for.", **more: Any) -> Attribute:
    return Attribute("type", description=description, canonical=canonical, **more)


VALUE = Attribute("value", description="The value itself.")
DISPLAY = Attribute("display", description="A text to show for the value.")
PRIMARY = Attribute("primary", "boolean", description="Whether it is the preferred value; true for one value at most.")


def _plural(name: str, description: str, *sub: Attribute, **more: Any) -> Attribute:
    return Attribute(name, "complex", True, description, sub=sub, **more)


def _timestamp(name: str, description: str) -> Attribute:
    return Attribute(name, "dateTime", description=description, mutability="readOnly")


_FIXED: dict[str, Any] = {"case_exact": True, "mutability": "readOnly"}

COMMON = (
    Attribute("schemas", multi=True, description="The URNs of the schemas in use.", required=True, returned="always"),
    Attribute("id", description="The server's identifier.", **_FIXED, returned="always", uniqueness="server"),
    Attribute("externalId", description="The client's identifier.", case_exact=True),
    Attribute(
        "meta",
        "complex",
        description="What the server knows about the resource.",
        mutability="readOnly",
        sub=(
            Attribute("resourceType", description="The name of the resource type.", **_FIXED),
            _timestamp("created", "When the resource was made."),
            _timestamp("lastModified", "When the resource last changed."),
            Attribute("location", "reference", description="The resource's URI.", references=("uri",), **_FIXED),
            Attribute("version", description="The resource's entity tag.", **_FIXED),
        ),
    ),
)
_COMMON = {attribute.name.casefold(): attribute for attribute in COMMON}

# Suggested (RFC 7643 section 7), so that clients that choose from what is suggested send what the RFC has there.
COUNTRIES = ("AT", "BR", "CH", "CN", "DE", "ES", "FR", "GB", "IN", "IT", "JP", "NL", "PL", "SE", "US")
LANGUAGES = ("de-DE", "en-GB", "en-US", "es-ES", "fr-FR", "it-IT", "ja-JP", "nl-NL", "pl-PL", "pt-BR", "sv-SE", "zh-CN")

_NAME = (
    Attribute("formatted", description="The whole name as it is shown."),
    Attribute("familyName", description="The family name."),
    Attribute("givenName", description="The given name."),
    Attribute("middleName", description="The middle names."),
    Attribute("honorificPrefix", description="What stands before the name, a title for example."),
    Attribute("honorificSuffix", description="What stands after the name."),
)
_ADDRESS = (
    Attribute("formatted", description="The whole address as it is printed."),
    Attribute("streetAddress", description="Street and house number, perhaps several lines."),
    Attribute("locality", description="The town."),
    Attribute("region", description="The state or region."),
    Attribute("postalCode", description="The postal code."),
    Attribute(
        "country", description="The country, as two letters of ISO 3166-1.", canonical=COUNTRIES, format="country"
    ),
    _label("work", "home", "other"),
    PRIMARY,
)
_MEMBERSHIP = (
    Attribute("value", description="The group's id.", **_FIXED),
    Attribute("$ref", "reference", description="The group's URI.", references=("Group",), **_FIXED),
    Attribute("display", description="The group's name.", mutability="readOnly"),
    _label("direct", "indirect", description="How the user came into the group.", mutability="readOnly"),
)
_PHONES = ("work", "home", "mobile", "fax", "pager", "other")
_CHATS = ("aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo", "other")
_PHOTO = Attribute("value", "reference", description="Where the picture is.", references=("external",))
_CERTIFICATE = Attribute("value", "binary", description="One certificate, DER in base64.")

USER = Schema(
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "User",
    "A user account.",
    (
        Attribute("userName", description="The name to log in with.", required=True, uniqueness="server"),
        Attribute("name", "complex", description="The parts of the name.", sub=_NAME),
        Attribute("displayName", description="The name to show."),
        Attribute("nickName", description="The name among friends."),
        Attribute("profileUrl", "reference", description="A page about the user.", references=("external",)),
        Attribute("title", description="The position, Vice President for example."),
        Attribute("userType", description="The relation to the organization, Employee for example."),
        Attribute("preferredLanguage", description="The preferred languages, as in Accept-Language."),
        Attribute(
            "locale",
            description="The language tag for numbers, dates and currency.",
            canonical=LANGUAGES,
            format="language",
        ),
        Attribute("timezone", description="The time zone, as IANA names it.", format="timezone"),
        Attribute("active", "boolean", description="Whether the account is in use."),
        Attribute("password", description="The password to set.", mutability="writeOnly", returned="never"),
        _plural("emails", "The e-mail addresses.", VALUE, DISPLAY, _label("work", "home", "other"), PRIMARY),
        _plural("phoneNumbers", "The telephone numbers.", VALUE, DISPLAY, _label(*_PHONES), PRIMARY),
        _plural("ims", "The addresses for instant messages.", VALUE, DISPLAY, _label(*_CHATS), PRIMARY),
        _plural("photos", "Pictures of the user.", _PHOTO, DISPLAY, _label("photo", "thumbnail"), PRIMARY),
        _plural("addresses", "The postal addresses.", *_ADDRESS),
        _plural("groups", "The groups the user is in.", *_MEMBERSHIP, mutability="readOnly"),
        _plural("entitlements", "What the user is entitled to.", VALUE, DISPLAY, _label(), PRIMARY),
        _plural("roles", "What the user is.", VALUE, DISPLAY, _label(), PRIMARY),
        _plural("x509Certificates", "The user's certificates.", _CERTIFICATE, DISPLAY, _label(), PRIMARY),
    ),
)

_MANAGER = (
    Attribute("value", description="The manager's id.", case_exact=True),
    Attribute("$ref", "reference", description="The manager's URI.", references=("User",)),
    Attribute("displayName", description="The manager's name.", mutability="readOnly"),
)
ENTERPRISE_USER = Schema(
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    "EnterpriseUser",
    "What a company knows of a user.",
    (
        Attribute("employeeNumber", description="The number in the payroll."),
        Attribute("costCenter", description="The cost center."),
        Attribute("organization", description="The organization."),
        Attribute("division", description="The division."),
        Attribute("department", description="The department."),
        Attribute("manager", "complex", description="The user's manager.", sub=_MANAGER),
    ),
)

_ONCE: dict[str, Any] = {"mutability": "immutable"}
_MEMBER = (
    Attribute("value", description="The member's id.", case_exact=True, **_ONCE),
    Attribute("$ref", "reference", description="The member's URI.", references=("User", "Group"), **_ONCE),
    _label("User", "Group", description="The member's resource type.", **_ONCE),
    Attribute("display", description="The member's name.", **_ONCE),
)
GROUP = Schema(
    "urn:ietf:params:scim:schemas:core:2.0:Group",
    "Group",
    "A group of users.",
    (
        Attribute("displayName", description="The group's name.", required=True),
        _plural("members", "Who is in the group.", *_MEMBER),
    ),
)

USER_TYPE = ResourceType("User", "/Users", USER, (Extension(ENTERPRISE_USER),), "User account")
GROUP_TYPE = ResourceType("Group", "/Groups", GROUP, (), "Group")


def without(attributes: tuple[Attribute, ...], hidden: frozenset[str], lead: str = "") -> tuple[Attribute, ...]:
    """Leave out attributes by name ("password") or dotted name ("emails.display"), for what is published."""
    return tuple(
        replace(attribute, sub=without(attribute.sub, hidden, f"{lead}{attribute.name}."))
        for attribute in attributes
        if f"{lead}{attribute.name}" not in hidden
    )


def schemas_of(resource: Mapping[str, Any], resource_type: ResourceType) -> list[str]:
    """Compute `schemas`: the core schema, and each extension of which something is there (RFC 7643 section 3)."""
    return [resource_type.schema.urn, *(urn for urn in resource_type.urns[1:] if resource.get(urn))]
