"""Whatever a client sends, the answer is a resource or one of our errors, and it comes at once."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.scim import attributes, bulk, errors, jobs, messages, operations, patch, profiles, schemas, values
from tests.scim.table import CORE, ENTERPRISE, GROUP, USER, ada

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(
        [CORE, ENTERPRISE, operations.PATCH_URN, "bulkId:a", "True", "", "work", "add", "Remove", "POST", "/Users"]
    ),
)
NAMES = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        [attribute.name for attribute in (*USER.attributes, *GROUP.schema.attributes, *attributes.ENTERPRISE_USER.attributes)]
    ),
    st.sampled_from(
        ["value", "type", "primary", "$ref", "givenName", "USERNAME", "email", "name.givenName", "emails[type eq \"work\"].value",
         'emails[type eq \\"work\\"]', CORE, ENTERPRISE, f"{ENTERPRISE}:manager", "Operations", "op", "path", "value", "bulkId",
         "method", "data", "managerId", "failOnErrors"]
    ),
)  # fmt: skip
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
PATHS = st.one_of(
    NAMES,
    st.tuples(NAMES, NAMES, NAMES).map(lambda three: f'{three[0]}[{three[1]} eq "x"].{three[2]}'),
    st.text('emails[]."typeq ', max_size=20),
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["add", "remove", "replace", "Add", "x"]) | JSON,
        "path": PATHS | JSON,
        "value": JSON,
    },
)
CALLS = st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]) | JSON,
        "path": st.sampled_from(["/Users", "/Groups/1", "/Users/bulkId:b", "/Users/bulkId:a"]) | JSON,
        "bulkId": st.sampled_from(["a", "b", "c"]) | JSON,
        "data": st.dictionaries(NAMES, st.sampled_from(["bulkId:a", "bulkId:b", "bulkId:c", ["bulkId:a"], {"value": "bulkId:b"}])) | JSON,
    },
)  # fmt: skip
EVERY = st.sampled_from(list(profiles.PROFILES.values()))
TYPES = st.sampled_from([USER, GROUP])


def outcome(work: Callable[[], Any]) -> Any:
    """Give what came out, be it one of our errors; any other exception fails the test."""
    try:
        return work()
    except errors.ScimError as error:
        return error


def loaded(body: Any, kind: str, of: attributes.ResourceType, profile: profiles.Profile) -> dict[str, Any]:
    return schemas.load(of, profiles.rewrite(body, kind, of, profile)[0], profile=profile)


def patched(
    before: dict[str, Any], changes: Any, of: attributes.ResourceType, profile: profiles.Profile
) -> dict[str, Any]:
    body = {"schemas": [operations.PATCH_URN], "Operations": changes}
    return patch.apply(before, patch.parse(profiles.rewrite(body, "patch", of, profile)[0], of, profile), of, profile)


@pytest.mark.requirement(76, 142)
@given(body=JSON, kind=TYPES, profile=EVERY)
def test_any_body(body: Any, kind: attributes.ResourceType, profile: profiles.Profile) -> None:
    found = outcome(lambda: loaded(body, "create", kind, profile))
    if isinstance(found, errors.ScimError):
        assert json.dumps(messages.error_document(found))
        return
    shown = messages.project(messages.prune(found), kind)
    assert schemas.load(kind, shown, profile=profile, partial=True)["schemas"] == shown["schemas"]
    assert messages.etag(found) == messages.etag(messages.prune(found))


@pytest.mark.requirement(76, 142)
@given(found=st.dictionaries(NAMES, JSON, max_size=6), kind=TYPES, profile=EVERY)
def test_nearly_a_resource(found: dict[str, Any], kind: attributes.ResourceType, profile: profiles.Profile) -> None:
    body = {"schemas": [kind.schema.urn], "userName": "x", "displayName": "x", **found}
    current = {"userName": "y", "id": "1"} if kind is USER else {"displayName": "y", "id": "1"}
    after = outcome(lambda: patch.replace(current, loaded(body, "replace", kind, profile), kind))
    assert after.status == 400 if isinstance(after, errors.ScimError) else after["id"] == "1"


@pytest.mark.requirement(70, 72, 142)
@given(changes=st.lists(CHANGES, min_size=1, max_size=4) | JSON, kind=TYPES, profile=EVERY)
def test_any_patch(changes: Any, kind: attributes.ResourceType, profile: profiles.Profile) -> None:
    before = ada() if kind is USER else {"displayName": "A", "id": "1", "members": [{"value": "1"}]}
    untouched = patch.copied(before)
    after = outcome(lambda: patched(before, changes, kind, profile))
    if isinstance(after, errors.ScimError):
        assert after.status in (400, 413)
    else:
        assert after["id"] == before["id"]
        again = schemas.load(kind, messages.prune(after), profile=profiles.LENIENT, partial=True)
        assert messages.canonical(again) == messages.canonical(
            {name: held for name, held in again.items() if name not in ("id", "meta")}
        )
        for name in ("emails", "members"):
            assert sum(each.get("primary") is True for each in after.get(name, ())) <= 1
    assert before == untouched


@pytest.mark.requirement(94, 95, 142)
@given(calls=st.lists(CALLS, min_size=1, max_size=6) | JSON, limit=st.none() | st.integers(1, 3))
def test_any_bulk(calls: Any, limit: int | None) -> None:
    ran: list[bulk.Operation] = []

    def execute(operation: bulk.Operation) -> bulk.Result:
        ran.append(operation)
        assert not list(jobs.references([operation.data, operation.path]))
        return bulk.Result(201 if operation.method == "POST" else 200, str(len(ran)), f"/Users/{len(ran)}", 'W/"1"')

    body = {"schemas": [bulk.REQUEST_URN], "Operations": calls, "failOnErrors": limit}
    request = outcome(lambda: bulk.parse(body, ["/Users", "/Groups"], max_operations=5))
    if isinstance(request, errors.ScimError):
        assert request.status in (400, 413)
        return
    results = jobs.run(request, execute, lambda operation: "/x")
    failed = [result for _, result in results if result.failed]
    assert len(failed) <= (limit or len(calls))
    assert limit is not None or len(results) == len(calls)
    assert json.dumps(bulk.response(results))


@pytest.mark.requirement(142)
@pytest.mark.parametrize("name", ["strict", "lenient"])
def test_large_bodies_are_answered_in_time(name: str) -> None:
    profile = profiles.PROFILES[name]
    many: dict[str, Any] = {
        "schemas": [CORE] * 5_000,
        "userName": "x",
        "emails": [{"value": str(number % 100), "kind": number} for number in range(5_000)],
        **{f"none{number}": [] for number in range(5_000)},
        **{f"name.none{number}": "x" for number in range(1_000)},
    }
    changes = [{"op": "add", "path": f'emails[value eq "{n}"].value', "value": "x"} for n in range(1_000)]
    removals = [{"op": "remove", "path": "emails", "value": [{"value": str(n)} for n in range(5_000)]}]
    begun = time.process_time()
    for found in (
        outcome(lambda: loaded(many, "create", USER, profile)),
        outcome(lambda: patched(ada(), changes + removals, USER, profile)),
    ):
        assert not isinstance(found, errors.ScimError) or len(found.detail) < 10_000
    assert time.process_time() - begun < 5


@pytest.mark.requirement(142)
def test_numbers_beyond_all_bounds() -> None:
    for value in (10**5_000, float("inf"), -0.0):
        assert values.quote(value)
        with pytest.raises(errors.InvalidValue):
            schemas.load(USER, {"schemas": [CORE], "userName": value})
