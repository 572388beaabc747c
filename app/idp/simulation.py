"""In charge of playing an identity provider: its requests one after the other, and what each answer must be.

A step that fails ends its part; where the first part fails, or nobody answers, the rest is not tried. Whatever happens,
what was made is taken away again when the simulation is left.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from app.idp import catalogue, comparison, fictions, hints, made, rules, wire

PASSED, FAILED, OTHER, SKIPPED = "passed", "failed", "other profile", "not tried"
MOST_PAGES = 10
ATTEMPTS = 3
SHOWN = 500  # characters of a body in a report


@dataclass(frozen=True)
class Outcome:
    """How a step went: what was sent, what came, what was looked at, what was wrong."""

    part: str
    step: str
    request: str
    verdict: str
    status: int | None = None
    checked: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class Broken(Exception):
    """A step that cannot be done as it stands; the message says why."""


class Simulation:
    """One run of a provider's parts against a service; a context manager, which cleans up.

    `own_profile`: the service runs with the provider's profile, so that the parts that need it must pass, too.
    """

    def __init__(
        self,
        provider: catalogue.Provider,
        way: wire.Wire,
        parts: tuple[str, ...] = (),
        *,
        own_profile: bool = False,
    ) -> None:
        self.provider = provider
        self.way = way
        self.parts = tuple(part for part in provider.parts if not parts or part.name in parts)
        self.own_profile = own_profile
        self.made = made.Made(fictions.mark())
        self.names = comparison.Names()
        self.deleted = 0
        self.left: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.deleted, self.left = self.made.clean(self.way)

    def play(self) -> Iterator[Outcome]:
        """Do all steps, and tell how each went."""
        over = False
        for number, part in enumerate(self.parts):
            ended = over
            for step in part.steps:
                if ended:
                    yield Outcome(part.name, step.title, f"{step.method} {step.path}", SKIPPED)
                    continue
                outcome = self._do(part, step)
                yield outcome
                ended = outcome.verdict != PASSED
                over = over or (outcome.verdict == FAILED and (number == 0 or outcome.status is None))

    def _do(self, part: catalogue.Part, step: catalogue.Step) -> Outcome:
        """Do one step; gives its outcome."""
        fictions.make(self.names.known, self.made.mark, step.path, step.query, step.body, step.answer, step.headers)
        request, answer = f"{step.method} {self.names.told(step.path)}", None
        try:
            answer = self._send(step)
            problems = (*rules.broken(step, answer), *self._differences(step, answer))
            if problems:
                problems += hints.of(answer, self.provider.name)
        except (Broken, wire.Unreachable) as error:
            problems = (str(error),)
        verdict = PASSED
        if problems:
            verdict = OTHER if part.only and not self.own_profile and answer is not None else FAILED
            problems += self._sent(step, answer)
        status = answer.status if answer else None
        checked = tuple(rules.looked_at(step.status, self.names.told(json.dumps(step.answer, ensure_ascii=False))))
        return Outcome(part.name, step.title, request, verdict, status, checked, problems)

    def _send(self, step: catalogue.Step) -> wire.Answer:
        """Send a step's request, again where the service asks for it; raises Broken for what must not be sent."""
        try:
            path, query, body = (self.names.fill(each) for each in (step.path, step.query, step.body))
            headers = self.names.fill(step.headers)
        except KeyError as error:
            raise Broken(f"{error.args[0]} is not known: no answer has shown it.") from error
        if step.method in ("PUT", "PATCH", "DELETE") and not self.made.may_change(path):
            raise Broken(f"{path} was not made by this run, and is left alone.")
        if step.pages:
            return self._pages(path, step.pages, headers)
        if step.method == "POST":
            self.made.ask(path, body)
        for attempt in range(1, ATTEMPTS + 1):
            answer = self.way.send(step.method, path, query, body, headers)
            pause = wire.pause(answer)
            if pause is None or attempt == ATTEMPTS:
                break
            wire.wait(pause)
        if step.method == "POST":
            self.made.note(path, body, answer)
        return answer

    def _pages(self, path: str, size: int, headers: dict[str, Any]) -> wire.Answer:
        """Read a list to its end, or its first pages; gives the last. Raises Broken where pages do not fit together."""
        seen: set[str] = set()
        start = 1
        for _ in range(MOST_PAGES):
            answer = self.way.send("GET", path, {"startIndex": start, "count": size}, None, headers)
            page = answer.json()
            if answer.status != 200 or not isinstance(page, dict) or not isinstance(page.get("totalResults"), int):
                return answer
            ids = [str(each.get("id")) for each in page.get("Resources", ())]
            twice = [number for place, number in enumerate(ids) if number in seen or number in ids[:place]]
            if twice:
                raise Broken(f"{path}, the page from {start}: the id {twice[0]} stands twice.")
            if page.get("startIndex") != start or len(ids) > size:
                raise Broken(
                    f"{path}, the page from {start}: startIndex {page.get('startIndex')}, {len(ids)} resources."
                )
            seen.update(ids)
            start += size
            if start > page["totalResults"] or not ids:
                break
        return answer

    def _differences(self, step: catalogue.Step, answer: wire.Answer) -> Iterator[str]:
        if answer.status not in step.status:
            yield f"status: expected {' or '.join(map(str, step.status))}, found {answer.status}"
        elif step.answer and answer.status != 204:
            yield from self.names.differences(step.answer, answer.json())

    def _sent(self, step: catalogue.Step, answer: wire.Answer | None) -> tuple[str, ...]:
        """Show what was sent and what came, without the token."""
        lines = []
        if step.query:
            lines.append(f"query: {self.names.told(json.dumps(step.query))}")
        if step.body is not None:
            lines.append(f"sent: {self.names.told(json.dumps(step.body, ensure_ascii=False))}")
        if answer is not None:
            lines.append(f"answer: {answer.status} {answer.text[:SHOWN]}")
        return tuple(lines)
