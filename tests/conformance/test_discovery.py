"""What the service says of itself (RFC 7643 sections 2.2, 3.1, 5 to 7, RFC 7644 section 4, RFC 9865, RFC 9967)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conformance.conftest import GROUP, Service, told
from tests.users.conftest import ENTERPRISE, USER

CHARACTERISTICS = {"name", "type", "multiValued", "description", "required", "mutability", "returned"}
LISTS = ["/Schemas", "/ResourceTypes"]


def _attributes(known: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for attribute in known:
        yield attribute
        yield from _attributes(attribute.get("subAttributes", []))


@pytest.mark.requirement(29, 127, 131)
def test_the_service_provider_config(scim: Service) -> None:
    config = scim.get("/ServiceProviderConfig").get_json()
    assert "id" not in config
    assert config["schemas"] == ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]
    assert config["meta"]["location"].endswith("/scim/v2/ServiceProviderConfig")
    for name in ("patch", "bulk", "filter", "changePassword", "sort", "etag"):
        assert config[name]["supported"] is True, name
    assert config["bulk"]["maxOperations"] > 0 < config["bulk"]["maxPayloadSize"]
    assert config["filter"]["maxResults"] > 0
    assert all({"type", "name", "description"} <= set(scheme) for scheme in config["authenticationSchemes"])
    pages = {"cursor": True, "index": True, "defaultPaginationMethod": "index", "defaultPageSize": 100}
    assert pages.items() <= config["pagination"].items()
    assert config["pagination"]["maxPageSize"] == config["filter"]["maxResults"]
    assert config["pagination"]["cursorTimeout"] > 0
    assert "securityEvents" not in config, "no events, and none is announced"


@pytest.mark.requirement(30, 42)
@pytest.mark.parametrize("path", ["/ServiceProviderConfig", *LISTS, "/ResourceTypes/User", f"/Schemas/{USER}"])
def test_discovery_is_open(scim: Service, path: str) -> None:
    assert scim.app.test_client().get(f"/scim/v2{path}").status_code == 200


@pytest.mark.requirement(42)
def test_discovery_can_be_closed(start: Callable[..., Service]) -> None:
    client = start(open_discovery=False).app.test_client()
    assert [client.get(f"/scim/v2{path}").status_code for path in LISTS] == [401, 401]


@pytest.mark.requirement(31, 110)
def test_resource_types(scim: Service) -> None:
    schemas = {schema["id"] for schema in scim.get("/Schemas").get_json()["Resources"]}
    answer = scim.get("/ResourceTypes").get_json()
    assert answer["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
    assert answer["totalResults"] == len(answer["Resources"]) == 2
    for known in answer["Resources"]:
        named = {known["schema"], *(extension["schema"] for extension in known.get("schemaExtensions", []))}
        assert named <= schemas
        assert all(isinstance(extension["required"], bool) for extension in known.get("schemaExtensions", []))
        assert scim.get(known["endpoint"]).status_code == 200
        assert scim.get(f"/ResourceTypes/{known['name']}").get_json() == known
        assert known["meta"]["location"].endswith(f"/ResourceTypes/{known['name']}")


@pytest.mark.requirement(33, 110)
def test_schemas(scim: Service) -> None:
    answer = scim.get("/Schemas").get_json()
    assert answer["totalResults"] == len(answer["Resources"])
    assert {USER, GROUP, ENTERPRISE} <= {schema["id"] for schema in answer["Resources"]}
    for schema in answer["Resources"]:
        assert schema["name"]
        assert scim.get(f"/Schemas/{schema['id']}").get_json() == schema
        for attribute in _attributes(schema["attributes"]):
            assert set(attribute) >= CHARACTERISTICS, attribute["name"]
            assert (attribute["type"] == "complex") == ("subAttributes" in attribute)
            assert "subAttributes" not in str(attribute.get("subAttributes", "")), "nothing complex in what is complex"


@pytest.mark.requirement(2)
def test_defaults_of_characteristics(scim: Service) -> None:
    found = {a["name"]: a for a in scim.get(f"/Schemas/{USER}").get_json()["attributes"]}["nickName"]
    plain = {"type": "string", "multiValued": False, "required": False, "caseExact": False, "mutability": "readWrite"}
    assert {**plain, "returned": "default", "uniqueness": "none"}.items() <= found.items()
    assert "canonicalValues" not in found


@pytest.mark.requirement(18, 43)
def test_common_attributes_and_messages_are_no_schemas_of_their_own(scim: Service) -> None:
    schemas = scim.get("/Schemas").get_json()["Resources"]
    assert not [schema["id"] for schema in schemas if ":messages:" in schema["id"]]
    names = {a["name"] for schema in schemas if schema["id"] in (USER, GROUP) for a in schema["attributes"]}
    assert not names & {"id", "externalId", "meta", "schemas"}
    assert {"id", "meta", "schemas"} <= set(scim.create())


@pytest.mark.requirement(110)
@pytest.mark.parametrize("path", ["/ServiceProviderConfig", *LISTS])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_discovery_is_only_read(scim: Service, path: str, method: str) -> None:
    answer = scim.send(method, path, {})
    assert told(answer) == (405, None)
    assert "GET" in answer.headers["Allow"]


@pytest.mark.requirement(110)
@pytest.mark.parametrize("path", ["/Schemas/urn:nothing", "/ResourceTypes/Nothing"])
def test_what_is_not_there(scim: Service, path: str) -> None:
    assert told(scim.get(path)) == (404, None)


@pytest.mark.requirement(111)
@pytest.mark.parametrize("path", LISTS)
def test_lists_of_discovery_are_whole(scim: Service, path: str) -> None:
    whole = scim.get(path).get_json()
    assert scim.get(path, sortBy="id", sortOrder="descending", startIndex=2, count=1).get_json() == whole
    assert told(scim.get(path, filter='id eq "x"')) == (403, None)


@pytest.mark.requirement(40)
def test_the_base_uri_has_no_query(scim: Service) -> None:
    config = scim.get("/ServiceProviderConfig", count=1).get_json()
    assert "?" not in config["meta"]["location"]
    assert scim.create()["meta"]["location"].partition("/Users/")[0] == "http://localhost/scim/v2"


@pytest.mark.requirement(132, 133)
def test_no_events_are_sent_and_every_answer_comes_at_once(scim: Service) -> None:
    answer = scim.send("POST", "/Users", scim.body(), Prefer="respond-async")
    assert answer.status_code == 201
    assert not {"Set-Txn", "Preference-Applied"} & set(answer.headers.keys())
