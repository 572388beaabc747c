"""The schemas as data: the RFC's characteristics with its errata, and how they are published."""

import re
from pathlib import Path
from typing import Any

import pytest

from app.scim import attributes, discovery
from tests.scim.table import CORE, ENTERPRISE, GROUP, USER

RFC = Path(__file__).parents[3] / "shared/scim/rfc/rfc7643.txt"
ALL = (attributes.USER, attributes.ENTERPRISE_USER, attributes.GROUP, *discovery.OWN_SCHEMAS)
BASE = "https://example.com/scim/v2"


def every(known: tuple[attributes.Attribute, ...], lead: str = "") -> list[tuple[str, attributes.Attribute]]:
    found = []
    for attribute in known:
        found.append((lead + attribute.name, attribute))
        found += every(attribute.sub, f"{lead}{attribute.name}.")
    return found


@pytest.mark.requirement(2)
def test_defaults() -> None:
    plain = attributes.Attribute("x")
    assert (plain.type, plain.multi, plain.required, plain.canonical) == ("string", False, False, ())
    assert (plain.case_exact, plain.mutability, plain.returned, plain.uniqueness) == (
        False,
        "readWrite",
        "default",
        "none",
    )


@pytest.mark.requirement(1, 7)
@pytest.mark.parametrize("schema", ALL, ids=lambda schema: schema.name)
def test_names_and_nesting(schema: attributes.Schema) -> None:
    for where, attribute in every(schema.attributes):
        assert re.fullmatch(r"[A-Za-z$][A-Za-z0-9$_-]*", attribute.name), where
        assert (attribute.type == "complex") == bool(attribute.sub), where
        if schema.urn != attributes.SCHEMA_URN:
            assert where.count(".") <= 1, "complex never inside complex"


@pytest.mark.requirement(1)
def test_names_are_found_in_any_case() -> None:
    assert USER.find("USERNAME") is USER.schema.attributes[0]
    assert USER.extension(ENTERPRISE.upper()) is attributes.ENTERPRISE_USER
    assert USER.locate(None, "DisplayName") == (None, USER.find("displayName"))
    assert USER.locate(None, "costcenter") == (ENTERPRISE, attributes.ENTERPRISE_USER.find("costCenter"))
    assert USER.locate(CORE, "costcenter") is None
    assert USER.locate(ENTERPRISE, "userName") is None
    assert USER.locate("urn:x", "userName") is None


@pytest.mark.requirement(5, 14, 15, 20, 21, 25, 27, 28)
@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        (USER, "id", {"case_exact": True, "mutability": "readOnly", "returned": "always"}),
        (USER, "externalId", {"case_exact": True, "mutability": "readWrite"}),
        (USER, "meta", {"mutability": "readOnly"}),
        (USER, "userName", {"required": True, "uniqueness": "server", "case_exact": False}),
        (USER, "password", {"mutability": "writeOnly", "returned": "never"}),
        (USER, "groups", {"mutability": "readOnly"}),
        (USER, "groups.$ref", {"references": ("Group",), "exact": True}),  # erratum 8471
        (USER, "x509Certificates.value", {"type": "binary", "exact": True}),  # errata 5606, 8435
        (USER, "emails", {"uniqueness": "none"}),  # erratum 6004
        (USER, "addresses.primary", {"type": "boolean"}),
        (GROUP, "displayName", {"required": True}),  # erratum 5368
        (GROUP, "members.value", {"mutability": "immutable"}),
        (GROUP, "members.display", {"type": "string"}),  # erratum 6011
    ],
)
def test_characteristics(kind: attributes.ResourceType, path: str, expected: dict[str, Any]) -> None:
    name, _, sub = path.partition(".")
    found = kind.find(name)
    assert found is not None
    found = found.find(sub) if sub else found
    assert {key: getattr(found, key) for key in expected} == expected


@pytest.mark.requirement(28)
def test_manager() -> None:
    manager = attributes.ENTERPRISE_USER.find("manager")
    assert manager is not None
    found = {sub.name: (sub.case_exact, sub.mutability) for sub in manager.sub}
    assert found["value"] == (True, "readWrite")  # erratum 8472
    assert found["displayName"] == (False, "readOnly")


@pytest.mark.requirement(33)
@pytest.mark.skipif(not RFC.exists(), reason="since 2025-11: the RFC's text lies beside the repository, not in it")
def test_every_attribute_of_the_rfc_is_there() -> None:
    text = RFC.read_text().partition("8.7.1.  Resource Schema Representation")[2].rpartition("8.7.2.")[0]
    text = text[text.rindex("8.7.1.") :] if "8.7.1." in text else text
    named = set(re.findall(r'"name" : "([A-Za-z0-9$]+)"', text))
    ours = {attribute.name for schema in ALL[:3] for _, attribute in every(schema.attributes)} | {s.name for s in ALL}
    assert named
    assert named - ours == set()


SHOWN = {"name", "type", "multiValued", "description", "required", "mutability", "returned"}


@pytest.mark.requirement(33)
@pytest.mark.parametrize("schema", ALL, ids=lambda schema: schema.name)
def test_published_form(schema: attributes.Schema) -> None:
    shown = schema.dump()
    assert shown["id"] == schema.urn
    assert shown["schemas"] == ["urn:ietf:params:scim:schemas:core:2.0:Schema"]

    def check(attribute: dict[str, Any]) -> None:
        assert attribute.keys() >= SHOWN
        assert attribute["description"]
        assert None not in attribute.values()
        assert ("caseExact" in attribute) == (attribute["type"] in ("string", "reference", "binary"))
        assert ("referenceTypes" in attribute) == (
            attribute["type"] == "reference"
        ) or schema.urn == attributes.SCHEMA_URN
        assert "uniqueness" not in attribute or attribute["type"] not in ("boolean", "dateTime", "binary", "complex")
        assert attribute["returned"] != "never" or attribute["mutability"] == "writeOnly"
        for sub in attribute.get("subAttributes", ()):
            check(sub)

    for attribute in shown["attributes"]:
        check(attribute)


@pytest.mark.requirement(18, 43)
def test_common_attributes_and_messages_are_not_in_schemas() -> None:
    found = discovery.schemas([USER, GROUP], BASE, own=True)
    assert found["totalResults"] == len(found["Resources"]) == 6
    for schema in found["Resources"]:
        assert ":api:messages:" not in schema["id"]
        names = {attribute["name"] for attribute in schema["attributes"]}
        assert not names & {"id", "externalId", "meta", "schemas"}


@pytest.mark.requirement(31, 33, 110)
def test_discovery_lists() -> None:
    types = discovery.resource_types([USER, GROUP], BASE)
    assert types["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
    user = types["Resources"][0]
    assert user["meta"] == {"resourceType": "ResourceType", "location": f"{BASE}/ResourceTypes/User"}
    assert (user["id"], user["name"], user["endpoint"], user["schema"]) == ("User", "User", "/Users", CORE)
    assert user["schemaExtensions"] == [{"schema": ENTERPRISE, "required": False}]
    schemas = discovery.schemas([USER, GROUP], BASE)["Resources"]
    assert {schema["id"] for schema in schemas} == {CORE, ENTERPRISE, attributes.GROUP.urn}
    assert schemas[0]["meta"] == {"resourceType": "Schema", "location": f"{BASE}/Schemas/{CORE}"}
    assert {kind["schema"] for kind in types["Resources"]} <= {schema["id"] for schema in schemas}


@pytest.mark.requirement(33)
def test_hidden_attributes_are_not_published() -> None:
    hidden = frozenset({"password", "emails.display"})
    user = discovery.schemas([USER], BASE, hidden)["Resources"][0]
    found = {attribute["name"]: attribute for attribute in user["attributes"]}
    assert "password" not in found
    assert [sub["name"] for sub in found["emails"]["subAttributes"]] == ["value", "type", "primary"]
    assert [sub["name"] for sub in found["roles"]["subAttributes"]] == ["value", "display", "type", "primary"]


@pytest.mark.requirement(29, 127)
def test_service_provider_config() -> None:
    config = discovery.service_provider_config(
        BASE, max_results=200, max_payload=1_000_000, max_operations=1_000, cursor=True, cursor_timeout=3600, sort=True,
        documentation="https://example.com/docs",
    )  # fmt: skip
    assert "id" not in config
    assert config["bulk"] == {"supported": True, "maxOperations": 1_000, "maxPayloadSize": 1_000_000}
    assert config["filter"] == {"supported": True, "maxResults": 200}
    for name in ("patch", "changePassword", "sort", "etag"):
        assert config[name] == {"supported": True}
    assert config["pagination"] == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 100,
        "maxPageSize": 200,
        "cursorTimeout": 3600,
    }
    assert config["authenticationSchemes"][0]["type"] == "oauthbearertoken"
    assert config["authenticationSchemes"][0].keys() >= {"type", "name", "description"}
    assert config["meta"]["location"] == f"{BASE}/ServiceProviderConfig"
    assert not discovery.service_provider_config(BASE, max_results=1, max_payload=1)["bulk"]["supported"]
    schema = discovery.OWN_SCHEMAS[0]
    assert {attribute.name for attribute in schema.attributes} >= config.keys() - {"schemas", "meta"}


@pytest.mark.requirement(131)
def test_events_are_not_claimed() -> None:
    assert "securityEvents" not in discovery.service_provider_config(BASE, max_results=1, max_payload=1)


@pytest.mark.requirement(13)
def test_schemas_of() -> None:
    assert attributes.schemas_of({ENTERPRISE: {"division": "x"}}, USER) == [CORE, ENTERPRISE]
    assert attributes.schemas_of({ENTERPRISE: {}}, USER) == [CORE]
