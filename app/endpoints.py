"""The URL table: one short function per SCIM request."""

from collections.abc import Callable, Sequence
from typing import Any

import flask

from app import answers, auth, jobs, logs, metrics, openapi, requests, service
from app.mapping import bridges, extension, group_type, groups, pages, root, users, ways
from app.scim import attributes, cursors, discovery, errors, filters, messages, profiles, projections, queries

DISCOVERY = (
    "service_provider_config",
    "resource_types",
    "resource_type",
    "schema_list",
    "schema",
    "openapi_document",
)
Find = Callable[[filters.Node | None, queries.Query, cursors.Place | None], pages.Page]

blueprint = flask.Blueprint("scim", __name__)


@blueprint.url_value_preprocessor
def take_tenant(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Take the tenant's name out of the URL, so that no view has to."""
    flask.g.tenant_name = (values or {}).pop("tenant", service.DEFAULT_TENANT)


@blueprint.before_request
def identify() -> None:
    """Find the tenant and the caller, and let nobody in without the scope that the request needs."""
    requests.check_url()
    here = service.current()
    flask.g.tenant = here.tenant(flask.g.tenant_name)
    name = (flask.request.endpoint or "").rpartition(".")[2]
    flask.g.reads = flask.request.method in ("GET", "HEAD", "OPTIONS") or name.startswith("search_")
    written = here.replica is not None and flask.g.reads
    caller = auth.identify(here.shop, here.ledger, flask.g.tenant.name, here.verifier, here.known, written=written)
    if caller is None and name in DISCOVERY and here.config.open_discovery:
        return
    flask.g.caller = auth.require(caller, "read" if flask.g.reads else "write")
    auth.count(flask.g.caller, here.rates)
    if name not in DISCOVERY:
        requests.shown()  # what cannot be answered is refused before anything is written


@blueprint.before_app_request
def begin() -> None:
    """Name the request, for the log and the journal."""
    logs.begin(requests.request_id())
    here = service.current()
    here.watch.ensure()
    here.observer.ensure()


@blueprint.after_app_request
def end(response: flask.Response) -> flask.Response:
    """Say which request this answers, count it and log it."""
    response.headers["X-Request-Id"] = requests.request_id()
    answers.protect(response)
    auth.tell(response)
    here, tenant = service.current(), flask.g.get("tenant")
    metrics.count(response, (tenant.profile if tenant else None) or here.profile.name)
    logs.end(response)
    here.observer.hear(response)
    return response


# --- answers ---


def _shown(resource: dict[str, Any], resource_type: attributes.ResourceType) -> dict[str, Any]:
    """Leave of a resource what the URL asks to see."""
    names, excluded = requests.shown()
    _tell(requests.bridge(), [resource], resource_type, names)
    return projections.project(resource, resource_type, names, excluded)


def _asks_for_doors(resource_type: attributes.ResourceType, names: Sequence[str] | None) -> bool:
    asked = bool(names) and resource_type is not group_type.PUBLISHED
    return asked and projections.asks(resource_type, names, extension.OWN, extension.DOORS.name)


def _tell(
    bridge: bridges.Bridge,
    resources: list[dict[str, Any]],
    resource_type: attributes.ResourceType,
    names: Sequence[str] | None,
) -> None:
    """Add to users what is told only when it is asked for."""
    if resources and _asks_for_doors(resource_type, names):
        ways.add(bridge, resources)


def _respond(resource: dict[str, Any], resource_type: attributes.ResourceType, status: int = 200) -> flask.Response:
    meta = resource["meta"]
    headers = {"ETag": meta["version"], "Location": meta["location"], "Content-Location": meta["location"]}
    return answers.write(_shown(resource, resource_type), status, headers)


def _patched(resource: dict[str, Any], resource_type: attributes.ResourceType, status: int) -> flask.Response:
    """Answer a PATCH: without a body where the profile wants none and no attributes are asked for."""
    if status == 204 and requests.shown()[0] is None:
        return answers.empty(204, {"ETag": resource["meta"]["version"], "Location": resource["meta"]["location"]})
    return _respond(resource, resource_type)


def _read(resource: dict[str, Any], resource_type: attributes.ResourceType) -> flask.Response:
    """Answer a GET of one resource (RFC 7644 sections 3.4.1 and 3.14)."""
    version = resource["meta"]["version"]
    told = _asks_for_doors(resource_type, queries.names(flask.request.args, "attributes"))
    if requests.known(version) and not told:  # a door may open without a change of the resource
        return answers.empty(304, {"ETag": version})
    return _respond(resource, resource_type)


def _list(
    bridge: bridges.Bridge, query: queries.Query, resource_type: attributes.ResourceType, find: Find
) -> flask.Response:
    """Answer a page of a list, by index or by cursor (RFC 7644 section 3.4.2, RFC 9865)."""
    show = projections.projection(resource_type, query.attributes or (), query.excluded or ())
    where = _where(bridge, query, resource_type)
    return _page(bridge, query, resource_type.name, lambda after: find(where, query, after), show)


def _page(
    bridge: bridges.Bridge,
    query: queries.Query,
    kind: str,
    find: Callable[[cursors.Place | None], pages.Page],
    show: Callable[[dict[str, Any]], dict[str, Any]],
) -> flask.Response:
    """Find a page from the query's cursor on, where it has one, and seal the next one's."""
    binding = f"{bridge.tenant}\n{flask.g.caller.slot}\n{kind}\n{query.text()}"
    after = None
    if query.cursor:
        after = cursors.read(bridge.settings.cursor_key, binding, query.cursor, query.asked)
    page = find(after)
    following = None
    if query.cursor is not None and page.end is not None:
        following = cursors.seal(bridge.settings.cursor_key, binding, page.end)
    start = query.start if query.cursor is None else None
    user_type = bridge.ruleset.published
    found = [one for one in page.resources if one["meta"]["resourceType"] == user_type.name]
    _tell(bridge, found, user_type, query.attributes)
    shown = [show(resource) for resource in page.resources]
    return answers.write(messages.list_response(shown, page.total, start, next_cursor=following))


def _where(
    bridge: bridges.Bridge, query: queries.Query, resource_type: attributes.ResourceType, *, absent: bool = False
) -> filters.Node | None:
    if query.filter is None:
        return None
    where, fired = profiles.parse_filter(query.filter, resource_type, bridge.profile, absent=absent)
    service.current().note(fired)
    return where


# --- Users ---


def _users(query: queries.Query, bridge: bridges.Bridge) -> flask.Response:
    def find(where: filters.Node | None, query: queries.Query, after: cursors.Place | None) -> pages.Page:
        return users.find(bridge, where, query, after)

    return _list(bridge, query, bridge.ruleset.published, find)


@blueprint.get("/Users")
@requests.anywhere
def list_users() -> flask.Response:
    """Answer a page of the users that a filter fits (RFC 7644 section 3.4.2)."""
    bridge = requests.bridge()
    return _users(requests.query(bridge), bridge)


@blueprint.post("/Users/.search")
@requests.anywhere
def search_users() -> flask.Response:
    """The same with the query in the body, out of the URL (RFC 7644 section 3.4.3)."""
    bridge = requests.bridge()
    return _users(requests.query(bridge, search=True), bridge)


@blueprint.post("/Users")
def create_user() -> flask.Response:
    """Create a user (RFC 7644 section 3.3)."""
    bridge = requests.bridge()
    return _respond(users.create(bridge, *requests.user(bridge, "create")), bridge.ruleset.published, 201)


@blueprint.get("/Users/<user_id>")
@requests.anywhere
def get_user(user_id: str) -> flask.Response:
    """Read a user."""
    bridge = requests.bridge()
    return _read(users.get(bridge, user_id), bridge.ruleset.published)


@blueprint.put("/Users/<user_id>")
def replace_user(user_id: str) -> flask.Response:
    """Replace a user (RFC 7644 section 3.5.1)."""
    bridge = requests.bridge()
    resource, changes = requests.user(bridge, "replace")
    replaced = users.replace(bridge, user_id, resource, requests.if_match(), changes)
    return _respond(replaced, bridge.ruleset.published)


@blueprint.patch("/Users/<user_id>")
def modify_user(user_id: str) -> flask.Response:
    """Change a user (RFC 7644 section 3.5.2)."""
    bridge = requests.bridge()
    operations, changes = requests.user_operations(bridge)
    changed = users.modify(bridge, user_id, operations, requests.if_match(), changes)
    return _patched(changed, bridge.ruleset.published, bridge.profile.patch_status)


@blueprint.delete("/Users/<user_id>")
def delete_user(user_id: str) -> flask.Response:
    """Delete a user (RFC 7644 section 3.6)."""
    users.delete(requests.bridge(), user_id, requests.if_match())
    return answers.empty(204)


# --- the caller's own user (RFC 7644 section 3.11) ---


def _me() -> str:
    user_id = flask.g.caller.user_id
    if user_id is None:
        raise errors.Unsupported("This token stands for no user: use /Users. (magento-scim token create --user ID)")
    return str(user_id)


@blueprint.get("/Me")
@requests.anywhere
def get_me() -> flask.Response:
    """Read the caller's own user; its Location is the permanent one."""
    return get_user(_me())


@blueprint.put("/Me")
def replace_me() -> flask.Response:
    """Replace the caller's own user."""
    return replace_user(_me())


@blueprint.patch("/Me")
def modify_me() -> flask.Response:
    """Change the caller's own user."""
    return modify_user(_me())


@blueprint.delete("/Me")
def delete_me() -> flask.Response:
    """Delete the caller's own user."""
    return delete_user(_me())


@blueprint.post("/Me")
def create_me() -> flask.Response:
    """Creating oneself is not offered: a token is bound to a user that exists."""
    raise errors.Unsupported("A user cannot create itself here: POST to /Users.")


# --- Groups ---


def _wants_members(names: tuple[str, ...] | None, excluded: tuple[str, ...] | None) -> bool:
    """Say whether an answer shows members, so that otherwise none are read."""
    member = {"value": "1", "$ref": "Users/1", "type": "User"}
    return "members" in projections.project({"members": [member]}, group_type.PUBLISHED, names, excluded)


def _members_shown() -> bool:
    return _wants_members(*requests.shown())


def _groups(query: queries.Query, bridge: bridges.Bridge) -> flask.Response:
    def find(where: filters.Node | None, query: queries.Query, after: cursors.Place | None) -> pages.Page:
        members = _wants_members(query.attributes, query.excluded)
        return groups.find(bridge, where, query, after, members=members)

    return _list(bridge, query, group_type.PUBLISHED, find)


@blueprint.get("/Groups")
@requests.anywhere
def list_groups() -> flask.Response:
    """Answer a page of the groups that a filter fits."""
    bridge = requests.bridge()
    return _groups(requests.query(bridge), bridge)


@blueprint.post("/Groups/.search")
@requests.anywhere
def search_groups() -> flask.Response:
    """The same with the query in the body."""
    bridge = requests.bridge()
    return _groups(requests.query(bridge, search=True), bridge)


@blueprint.post("/Groups")
def create_group() -> flask.Response:
    """Create a group, with members."""
    bridge = requests.bridge()
    resource = requests.resource(bridge, "create", group_type.ACCEPTED)
    return _respond(groups.create(bridge, resource, members=_members_shown()), group_type.PUBLISHED, 201)


@blueprint.get("/Groups/<group_id>")
@requests.anywhere
def get_group(group_id: str) -> flask.Response:
    """Read a group."""
    return _read(groups.get(requests.bridge(), group_id, members=_members_shown()), group_type.PUBLISHED)


@blueprint.put("/Groups/<group_id>")
def replace_group(group_id: str) -> flask.Response:
    """Replace a group."""
    bridge = requests.bridge()
    resource = requests.resource(bridge, "replace", group_type.ACCEPTED)
    replaced = groups.replace(bridge, group_id, resource, requests.if_match(), members=_members_shown())
    return _respond(replaced, group_type.PUBLISHED)


@blueprint.patch("/Groups/<group_id>")
def modify_group(group_id: str) -> flask.Response:
    """Change a group or its members."""
    bridge = requests.bridge()
    operations = requests.operations(bridge, group_type.ACCEPTED)
    status = bridge.profile.group_patch_status
    asked = requests.shown()[0] is not None
    members = _members_shown() and (status == 200 or asked)
    most = None if asked else groups.FEW  # a change of one member is not to cost the reading of all
    changed = groups.modify(bridge, group_id, operations, requests.if_match(), members=members, most=most)
    return _patched(changed.resource, group_type.PUBLISHED, status if changed.whole else 204)


@blueprint.delete("/Groups/<group_id>")
def delete_group(group_id: str) -> flask.Response:
    """Delete a group."""
    groups.delete(requests.bridge(), group_id, requests.if_match())
    return answers.empty(204)


# --- all types at once, and many requests at once ---


@blueprint.get("/")
@requests.anywhere
def list_all() -> flask.Response:
    """Query the resources of all types (RFC 7644 section 3.4.2.1)."""
    bridge = requests.bridge()
    return _everything(requests.query(bridge), bridge)


@blueprint.post("/.search")
@requests.anywhere
def search_all() -> flask.Response:
    """The same with the query in the body."""
    bridge = requests.bridge()
    return _everything(requests.query(bridge, search=True), bridge)


def _everything(query: queries.Query, bridge: bridges.Bridge) -> flask.Response:
    """Answer users and groups as one list. An attribute that a type does not know has no value there."""
    user, group = bridge.ruleset.published, group_type.PUBLISHED
    where = root.Where(_where(bridge, query, user, absent=True), _where(bridge, query, group, absent=True))
    members = _wants_members(query.attributes, query.excluded)

    def find(after: cursors.Place | None) -> pages.Page:
        return root.find(bridge, where, query, after, members=members)

    def show(resource: dict[str, Any]) -> dict[str, Any]:
        kind = group if resource["meta"]["resourceType"] == group.name else user
        return projections.project(resource, kind, query.attributes, query.excluded)

    return _page(bridge, query, "", find, show)


@blueprint.post("/Bulk")
def bulk() -> flask.Response:
    """Carry out many requests, each in its own transaction (RFC 7644 section 3.7)."""
    here = service.current()
    bridge = requests.bridge()
    return answers.write(jobs.run(bridge, requests.body(), here.config.max_operations, here.config.bulk_seconds))


# --- discovery ---


def _types(bridge: bridges.Bridge) -> list[attributes.ResourceType]:
    return [bridge.ruleset.published, group_type.PUBLISHED]


@blueprint.get("/ServiceProviderConfig")
def service_provider_config() -> flask.Response:
    """Say what this service can do (RFC 7643 section 5)."""
    settings, bridge = service.current().config, requests.bridge()
    return answers.write(
        discovery.service_provider_config(
            bridge.base_url,
            max_results=bridge.max_page,
            max_payload=settings.max_body,
            max_operations=settings.max_operations,
            page_size=queries.DEFAULT_COUNT,
            cursor=True,
            cursor_timeout=cursors.SECONDS,
            sort=True,
            change_password=bridge.ruleset.password == "accept",  # noqa: S105 - a word of mapping.yaml
        )
    )


@blueprint.get("/ResourceTypes")
def resource_types() -> flask.Response:
    """List the resource types (RFC 7643 section 6)."""
    bridge = requests.bridge()
    _no_filter()
    return answers.write(discovery.resource_types(_types(bridge), bridge.base_url))


@blueprint.get("/ResourceTypes/<name>")
def resource_type(name: str) -> flask.Response:
    """Read one resource type."""
    bridge = requests.bridge()
    found = discovery.resource_types(_types(bridge), bridge.base_url)["Resources"]
    return answers.write(_named(found, name, "resource type"))


@blueprint.get("/Schemas")
def schema_list() -> flask.Response:
    """List the schemas, with what this shop and its mapping require (RFC 7643 section 7)."""
    bridge = requests.bridge()
    _no_filter()
    return answers.write(discovery.schemas(_types(bridge), bridge.base_url, bridge.profile.hidden))


@blueprint.get("/Schemas/<name>")
def schema(name: str) -> flask.Response:
    """Read one schema."""
    bridge = requests.bridge()
    found = discovery.schemas(_types(bridge), bridge.base_url, bridge.profile.hidden)["Resources"]
    return answers.write(_named(found, name, "schema"))


@blueprint.get("/openapi.json")
def openapi_document() -> flask.Response:
    """Describe the whole service as OpenAPI 3.1, with what this shop and its mapping require."""
    here, bridge = service.current(), requests.bridge()
    open_endpoints = DISCOVERY if here.config.open_discovery else ()
    document = openapi.build(flask.current_app, here, bridge, open_endpoints)
    return answers.write(document, media_type=answers.PLAIN_JSON)


def _named(found: list[dict[str, Any]], name: str, what: str) -> dict[str, Any]:
    for resource in found:
        if resource["id"].casefold() == name.casefold():
            return resource
    raise errors.NotFound(f"There is no {what} {name!r}.")


def _no_filter() -> None:
    if "filter" in flask.request.args:
        raise errors.Forbidden("This list takes no filter (RFC 7644 section 4).")
