"""In charge of what a run has made at the service, and of taking exactly that away again."""

from dataclasses import dataclass, field
from typing import Any

from app.idp import wire

NAMES = {"Users": "userName", "Groups": "displayName"}


@dataclass
class Made:
    """What one run asked for and got. `mark` is what all its names carry: what does not, is somebody else's."""

    mark: str
    ids: dict[tuple[str, str], None] = field(default_factory=dict)  # (endpoint, id), in order
    unanswered: list[tuple[str, str]] = field(default_factory=list)  # (endpoint, name) of a POST of unknown outcome

    def ask(self, path: str, body: Any) -> None:
        """Note before a POST what it may make."""
        asked = _asked(path, body)
        if asked:
            self.unanswered.append(asked)

    def note(self, path: str, body: Any, answer: wire.Answer) -> None:
        """Note what a POST was answered; what has neither been refused nor named stays of unknown outcome."""
        asked, resource = _asked(path, body), answer.json()
        if asked is None:
            return
        if self.is_ours(resource) and isinstance(resource.get("id"), str):
            self.ids[asked[0], resource["id"]] = None
        elif not 400 <= answer.status < 500:
            return
        self.unanswered.remove(asked)

    def is_ours(self, resource: Any) -> bool:
        """Say whether a resource carries the mark of this run in its name."""
        names = (str(resource.get(name, "")) for name in NAMES.values()) if isinstance(resource, dict) else ()
        return any(self.mark in name for name in names)

    def may_change(self, path: str) -> bool:
        """Say whether what a path names was made by this run."""
        endpoint, _, name = path.partition("?")[0].strip("/").partition("/")
        return (endpoint_of(endpoint), name.strip("/")) in self.ids or self.mark in name

    def clean(self, way: wire.Wire) -> tuple[int, list[str]]:
        """Delete what is still there; gives how much was deleted, and a sentence for each thing that was not."""
        left: list[str] = []
        deleted = 0
        try:
            for endpoint, name in self.unanswered:
                self._search(way, endpoint, name)
            for endpoint, number in sorted(self.ids, key=lambda each: each[0]):  # groups before their members
                gone, sentence = self._delete(way, f"/{endpoint}/{number}")
                deleted += gone
                left += [sentence] if sentence else []
                del self.ids[endpoint, number]
        except wire.Unreachable as error:
            left += [f"/{endpoint}/{number} may still be there: {error}" for endpoint, number in self.ids]
            left += [f"{endpoint} {name!r} may be there: {error}" for endpoint, name in self.unanswered]
        return deleted, left

    def _search(self, way: wire.Wire, endpoint: str, name: str) -> None:
        """Look for what a POST may have made though its answer did not come, or was wrong."""
        answer = way.send("GET", f"/{endpoint}", {"filter": f'{NAMES[endpoint]} eq "{name}"'})
        listed = answer.json()
        found = listed.get("Resources") if isinstance(listed, dict) else None
        for resource in found if isinstance(found, list) else ():
            if self.is_ours(resource):
                self.ids[endpoint, str(resource.get("id"))] = None

    def _delete(self, way: wire.Wire, path: str) -> tuple[bool, str | None]:
        """Delete one resource after a look at whose it is; gives whether it was there, and what is left of it."""
        there = way.send("GET", path)
        if there.status == 404:
            return False, None
        if not self.is_ours(there.json()):
            return False, f"{path} was left alone: it does not carry {self.mark!r}."
        answer = way.send("DELETE", path)
        if answer.status in (204, 200, 404):
            return answer.status != 404, None
        return False, f"{path} is still there: DELETE was answered {answer.status} {answer.text[:200]}"


def _asked(path: str, body: Any) -> tuple[str, str] | None:
    """Give the endpoint and the name that a POST is about."""
    endpoint = endpoint_of(path)
    name = body.get(NAMES[endpoint]) if endpoint and isinstance(body, dict) else None
    return (endpoint, str(name)) if name else None


def endpoint_of(path: str) -> str:
    """Give the endpoint that a path leads to as the table spells it, "" for another."""
    first = path.partition("?")[0].strip("/").partition("/")[0].casefold()
    return next((name for name in NAMES if name.casefold() == first), "")
