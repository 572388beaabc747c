"""In charge of what a client sees of a resource: the `returned` characteristic, attributes and excludedAttributes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from app.scim import attributes, errors, lazy, paths

Resource = dict[str, Any]


def project(
    resource: Mapping[str, Any],
    resource_type: attributes.ResourceType,
    names: Sequence[str] | None = None,
    excluded: Sequence[str] | None = None,
) -> Resource:
    """Give what a client sees of a resource (RFC 7644 section 3.9).

    `names` (the `attributes` parameter) and `excluded` are lists of attribute names in any notation; names that nothing
    has are passed over. Raises errors.InvalidValue when both are given.
    """
    return projection(resource_type, tuple(names or ()), tuple(excluded or ()))(resource)


@lru_cache(maxsize=256)
def projection(
    resource_type: attributes.ResourceType, names: tuple[str, ...], excluded: tuple[str, ...]
) -> Callable[[Mapping[str, Any]], Resource]:
    """Make the function that `project` runs: worth it for lists, where all resources are shown alike."""
    if names and excluded:
        raise errors.InvalidValue("attributes and excludedAttributes cannot be given together.")
    wanted = _resolve(resource_type, names) if names else None
    plan = _Plan(wanted, _resolve(resource_type, excluded))
    top = plan.parts(None, resource_type.attributes)
    inner = {
        extension.schema.urn: plan.parts(extension.schema.urn, extension.schema.attributes)
        for extension in resource_type.extensions
    }

    def run(resource: Mapping[str, Any]) -> Resource:
        shown = _pick(resource, top)
        for urn, parts in inner.items():
            held = resource.get(urn)
            if isinstance(held, dict) and parts:
                picked = _pick(held, parts)
                if picked:
                    shown[urn] = picked
        shown.pop("schemas", None)
        return {"schemas": attributes.schemas_of(shown, resource_type), **shown}

    return run


def asks(resource_type: attributes.ResourceType, names: Sequence[str] | None, urn: str, name: str) -> bool:
    """Say whether the `attributes` parameter names an extension's attribute that is returned only on request."""
    return any((held, attribute) == (urn, name) for held, attribute, _ in _resolve(resource_type, names or ()))


Parts = dict[str, "Parts | None"]  # by name: None is shown as it is, a dictionary in parts
Names = set[tuple[str | None, str | None, str | None]]  # container, attribute, sub-attribute


def _resolve(resource_type: attributes.ResourceType, names: Iterable[str]) -> Names:
    found: Names = set()
    for text in names:
        if resource_type.is_core(text):
            found |= {(None, attribute.name, None) for attribute in resource_type.attributes}
            continue
        try:
            path = paths.parse(text, resource_type)
        except errors.ScimError:
            continue
        attribute = path.attribute
        found.add((path.urn, attribute.name if attribute else None, path.sub.name if path.sub else None))
    return found


class _Plan:
    """Decides which attributes are shown, by their `returned` and what was asked for."""

    def __init__(self, wanted: Names | None, excluded: Names) -> None:
        self.wanted = wanted
        self.excluded = excluded

    def parts(self, urn: str | None, known: Iterable[attributes.Attribute]) -> Parts:
        found: Parts = {}
        for attribute in known:
            inner = self.subs(urn, attribute)
            if self.shown(urn, attribute) and (inner is None or inner):
                found[attribute.name] = inner
        return found

    def shown(self, urn: str | None, attribute: attributes.Attribute) -> bool:
        if attribute.returned in ("always", "never"):
            return attribute.returned == "always"
        if self.wanted is None:
            out = (urn, attribute.name, None) in self.excluded or (urn, None, None) in self.excluded
            return attribute.returned == "default" and not out
        asked = any((held, name) == (urn, attribute.name) for held, name, _ in self.wanted)
        whole = (urn, None, None) in self.wanted
        return asked or (whole and attribute.returned == "default")

    def subs(self, urn: str | None, attribute: attributes.Attribute) -> Parts | None:
        """Give the sub-attributes to show; None when none is left out."""
        if not attribute.sub:
            return None
        named = {sub for held, name, sub in self.wanted or () if (held, name) == (urn, attribute.name) and sub}
        whole = self.wanted is None or (urn, attribute.name, None) in self.wanted or not named
        kept: Parts = {}
        for sub in attribute.sub:
            out = (urn, attribute.name, sub.name) in self.excluded
            default = sub.returned == "default" and whole and not out
            if sub.returned == "always" or (sub.returned != "never" and (default or sub.name in named)):
                kept[sub.name] = None
        return None if len(kept) == len(attribute.sub) else kept


def _pick(held: Mapping[str, Any], parts: Parts) -> Resource:
    shown: Resource = {}
    for name, inner in parts.items():
        value = held.get(name)
        if value is None or value == []:
            continue
        if inner is not None:
            if isinstance(value, list | lazy.Lazy):
                value = [picked for element in value if (picked := _pick(element, inner))]
            elif isinstance(value, dict):
                value = _pick(value, inner)
            if not value:
                continue
        shown[name] = value
    return shown
