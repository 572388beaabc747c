"""`make soak`: half of full load for a long time, a fault every minute, and a ledger that is compared with the shop.

Each client is a thread with users of its own, and writes down what each request was answered. Where an answer was lost, or
was 503, both states are possible until the request has been sent again and answered: as identity providers do.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import rich.console
import rich.table

from bench import processor
from tests.faults import scene as scenes
from tests.faults.scene import Scene
from tests.users.conftest import PATCH, ROOT, USER

CLIENTS = 8
MEASURED = 20  # seconds in which full load is found out
PATIENCE = 3  # seconds that a client waits at most, whatever Retry-After says: it is there to make load
STUBBORN = 120  # seconds after which a request that is never answered for good counts as lost
GROWTH = 10  # MB that a worker may grow after its first two minutes, while its caches fill
ENDS = (4, 20)  # seconds that a fault lasts
RECENT = 3  # seconds after a worker's death in which a broken connection is its doing
ADDRESS = {"type": "work", "streetAddress": "1 High St", "locality": "Leeds", "postalCode": "LS1 1AA", "country": "GB"}


@dataclass
class Person:
    """One user as its client knows it."""

    user_name: str
    user_id: str
    family: str
    active: bool = True
    member: bool = False
    address: bool = False


@dataclass
class Ledger:
    """What all clients were answered. `wrong`: what must never be."""

    people: dict[str, Person] = field(default_factory=dict)
    deleted: dict[str, str] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    broken: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    repeated: int = 0
    last_death: float = 0.0
    last_written: float = 0.0

    def judge(self, answer: httpx2.Response) -> None:
        """Count an answer; one that is no SCIM is wrong."""
        self.answers[str(answer.status_code)] += 1
        if answer.status_code == 503 and not answer.headers.get("Retry-After", "").isdecimal():
            self.wrong.append("503 without Retry-After")
        if answer.status_code >= 400:
            try:
                said = answer.json()["status"] == str(answer.status_code)
            except (ValueError, KeyError, TypeError):
                said = False
            if not said:
                self.wrong.append(f"{answer.status_code} is no SCIM error: {answer.text[:200]}")


class Client(threading.Thread):
    """One identity provider's connection, which asks at an even pace and waits as it is told."""

    def __init__(self, number: int, scene: Scene, ledger: Ledger, seed: int, group: str) -> None:
        super().__init__(daemon=True)
        self.number, self.scene, self.ledger, self.group = number, scene, ledger, group
        self.random = random.Random(seed * 1000 + number)
        self.mine: list[Person] = []
        self.made = 0
        self.pace = 0.0  # seconds between two requests; 0: as fast as it goes
        self.until = 0.0
        self.done = 0
        self.http = self._connect()

    def _connect(self) -> httpx2.Client:
        return httpx2.Client(headers=self.scene.client.headers, timeout=scenes.LONGEST)

    def run(self) -> None:
        """Send requests until the time is up."""
        following = time.monotonic()
        try:
            while time.monotonic() < self.until:
                self._step()
                self.done += 1
                following = max(following + self.pace, time.monotonic() - 1)
                time.sleep(max(0, following - time.monotonic()))
        except Exception as error:
            self.ledger.wrong.append(f"client {self.number} ended: {error!r}")

    def _step(self) -> None:
        deeds: tuple[tuple[int, Callable[[], None]], ...] = (
            (12, self._create),
            (25, self._rename),
            (8, self._replace),
            (25, self._read),
            (10, self._find),
            (10, self._switch),
            (6, self._join),
            (4, self._delete),
        )
        if len(self.mine) < 3:
            return self._create()
        weights, choices = zip(*deeds, strict=True)
        return self.random.choices(choices, weights)[0]()

    def _ask(self, method: str, path: str, good: tuple[int, ...], **more: Any) -> tuple[httpx2.Response | None, bool]:
        """Send until there is an answer that stands; gives it, and whether one before was lost or unsure."""
        unsure, since = False, time.monotonic()
        while time.monotonic() - since < STUBBORN:
            sent = time.monotonic()
            try:
                answer = self.http.request(method, f"{self.scene.base}{path}", **more)
            except httpx2.TransportError as error:
                near = time.monotonic() - self.ledger.last_death < RECENT or self.ledger.last_death > sent
                self.ledger.broken["a worker was killed" if near else f"nobody knows why: {error!r}"] += 1
                unsure = True
                self.http.close()
                self.http = self._connect()
                continue
            self.ledger.seconds.append(time.monotonic() - sent)
            self.ledger.judge(answer)
            if answer.status_code == 503:
                unsure = True
                self.ledger.repeated += 1
                time.sleep(min(PATIENCE, int(answer.headers.get("Retry-After") or 1)))
                continue
            if answer.status_code not in good and not (unsure and answer.status_code in (404, 409)):
                self.ledger.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
            if method != "GET" and answer.is_success:
                self.ledger.last_written = time.monotonic()
            return answer, unsure
        self.ledger.wrong.append(f"{method} {path}: no answer that stands within {STUBBORN} s")
        return None, True

    def _body(self, who: Person, **more: Any) -> dict[str, Any]:
        name = {"givenName": "Ada", "familyName": who.family}
        body = {"schemas": [USER], "userName": who.user_name, "name": name, "active": who.active, **more}
        return body | ({"addresses": [ADDRESS]} if who.address else {})

    def _create(self) -> None:
        self.made += 1
        who = Person(f"soak-{self.number}-{self.made}@example.com", "", self._word(), address=self.made % 3 == 0)
        answer, unsure = self._ask("POST", "/Users", (201,), json=self._body(who))
        if answer is None:
            return
        if answer.status_code == 409 and unsure:  # it stood already: the answer was lost, not the user
            who.user_id = answer.headers["Location"].rpartition("/")[2]
        elif answer.status_code == 201:
            who.user_id = answer.json()["id"]
        else:
            return
        self.mine.append(who)
        self.ledger.people[who.user_name] = who

    def _word(self) -> str:
        return f"L{self.number}x{self.random.randrange(10**9)}"

    def _patch(self, who: Person, path: str, value: Any) -> bool:
        body = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": path, "value": value}]}
        answer, _ = self._ask("PATCH", f"/Users/{who.user_id}", (200,), json=body)
        return answer is not None and answer.is_success

    def _rename(self) -> None:
        who, word = self.random.choice(self.mine), self._word()
        if self._patch(who, "name.familyName", word):
            who.family = word

    def _switch(self) -> None:
        who = self.random.choice(self.mine)
        if self._patch(who, "active", not who.active):
            who.active = not who.active

    def _replace(self) -> None:
        who = self.random.choice(self.mine)
        wanted = Person(who.user_name, who.user_id, self._word(), who.active, who.member, who.address)
        answer, _ = self._ask("PUT", f"/Users/{who.user_id}", (200,), json=self._body(wanted))
        if answer is not None and answer.is_success:
            who.family = wanted.family

    def _read(self) -> None:
        who = self.random.choice(self.mine)
        answer, _ = self._ask("GET", f"/Users/{who.user_id}", (200,))
        if answer is not None and answer.is_success:
            self._compare(who, answer.json())

    def _compare(self, who: Person, found: dict[str, Any]) -> None:
        told = (found["userName"], found["name"]["familyName"], found["active"])
        if told != (who.user_name, who.family, who.active):
            self.ledger.wrong.append(f"read {told}, written {who}")

    def _find(self) -> None:
        who = self.random.choice(self.mine)
        answer, _ = self._ask("GET", "/Users", (200,), params={"filter": f'userName eq "{who.user_name}"'})
        if answer is not None and answer.is_success:
            found = answer.json()["Resources"] if answer.json()["totalResults"] else []
            if [each["id"] for each in found] != [who.user_id]:
                self.ledger.wrong.append(f"{who.user_name} is found {len(found)} times")

    def _join(self) -> None:
        who = self.random.choice(self.mine)
        operation: dict[str, Any] = {"op": "add", "path": "members", "value": [{"value": who.user_id}]}
        if who.member:
            operation = {"op": "remove", "path": f'members[value eq "{who.user_id}"]'}
        body = {"schemas": [PATCH], "Operations": [operation]}
        answer, _ = self._ask("PATCH", f"/Groups/{self.group}", (200, 204), json=body)
        if answer is not None and answer.is_success:
            who.member = not who.member

    def _delete(self) -> None:
        who = self.mine.pop(self.random.randrange(len(self.mine)))
        answer, _ = self._ask("DELETE", f"/Users/{who.user_id}", (204,))
        if answer is not None:
            del self.ledger.people[who.user_name]
            self.ledger.deleted[who.user_name] = who.user_id


# --- the faults ---


@dataclass(frozen=True)
class Fault:
    """A fault by name, and how it is caused; `held`: it lasts a while."""

    name: str
    cause: Callable[["Stage"], AbstractContextManager[None]]
    held: bool = True


@dataclass
class Stage:
    """Where it all happens."""

    scene: Scene
    ledger: Ledger
    mapping: Path
    random: random.Random


def _of(cause: scenes.Cause) -> Callable[[Stage], AbstractContextManager[None]]:
    return lambda stage: cause(stage.scene)


@contextlib.contextmanager
def _cuts(stage: Stage) -> Iterator[None]:
    for _ in range(5):
        stage.scene.wire.cut()
        time.sleep(stage.random.random())
    yield


@contextlib.contextmanager
def _worker_killed(stage: Stage) -> Iterator[None]:
    worker = stage.random.choice(processor.children(stage.scene.master.pid))
    stage.ledger.last_death = time.monotonic()
    os.kill(worker, signal.SIGKILL)
    yield


@contextlib.contextmanager
def _remapped(stage: Stage) -> Iterator[None]:
    """A mapping with a mistake is saved, which must change nothing, then a good one."""
    good = stage.mapping.read_text()
    stage.mapping.write_text(good.replace("lastname:", "lastnome:"))
    yield
    stage.mapping.write_text(f"{good.rstrip()}\n# read again\n")


FAULTS = (
    Fault("the database is stopped", _of(scenes.stopped)),
    Fault("the database is restarted", _of(scenes.restarted), held=False),
    Fault("the database is killed", _of(scenes.killed)),
    Fault("the database is read-only", _of(scenes.read_only)),
    Fault("the database has no connection left", _of(scenes.out_of_connections)),
    Fault("the database is slow", _of(scenes.slow)),
    Fault("the network says nothing", _of(scenes.silent)),
    Fault("the network is cut, five times", _cuts, held=False),
    Fault("a worker is killed", _worker_killed, held=False),
    Fault("a bad mapping is saved, then a good one", _remapped),
)


def _order(chance: random.Random) -> Iterator[Fault]:
    """Give faults by chance, each before any comes again."""
    while True:
        yield from chance.sample(FAULTS, len(FAULTS))


# --- the run ---


@dataclass
class Told:
    """What came of one fault."""

    fault: str
    held: float
    answers: Counter[str]
    broken: Counter[str]
    well: float | None


class Memory(threading.Thread):
    """Looks at the workers' resident memory. by_pid: (seconds, MB)."""

    def __init__(self, master: int) -> None:
        super().__init__(daemon=True)
        self.master, self.by_pid, self.ended = master, dict[int, list[tuple[float, float]]](), threading.Event()

    def run(self) -> None:
        """Look every five seconds."""
        while not self.ended.wait(5):
            for pid in processor.children(self.master):
                with contextlib.suppress(OSError):
                    self.by_pid.setdefault(pid, []).append((time.monotonic(), processor.resident(pid)))

    def lives(self) -> list[tuple[int, float, float, float, float]]:
        """Give of each worker: pid, minutes seen, MB after two minutes (or at the end), at the end, at most."""
        found = []
        for pid, seen in self.by_pid.items():
            start = next((mb for at, mb in seen if at - seen[0][0] >= 120), seen[-1][1])
            found.append((pid, (seen[-1][0] - seen[0][0]) / 60, start, seen[-1][1], max(mb for _, mb in seen)))
        return found


def _load(clients: list[Client], seconds: float, pace: float) -> None:
    for client in clients:
        client.until, client.pace = time.monotonic() + seconds, pace
        client.start()


def _again(clients: list[Client], stage: Stage, seed: int, group: str) -> list[Client]:
    """Give clients that go on where some ended."""
    made = []
    for old in clients:
        new = Client(old.number, stage.scene, stage.ledger, seed + 1, group)
        new.mine, new.made = old.mine, old.made
        made.append(new)
    return made


def _fault(stage: Stage, fault: Fault, ends: float) -> Told:
    """Cause a fault, keep it, end it, and wait for the time of the next; `ends`: when that is."""
    ledger = stage.ledger
    before, broken = Counter(ledger.answers), Counter(ledger.broken)
    started = time.monotonic()
    with fault.cause(stage):
        if fault.held:
            time.sleep(stage.random.uniform(*ENDS))
    over = time.monotonic()
    well = None
    while time.monotonic() < ends:
        time.sleep(0.02)
        if well is None and ledger.last_written > over:
            well = ledger.last_written - over
    return Told(fault.name, over - started, ledger.answers - before, ledger.broken - broken, well)


def _compare(stage: Stage) -> list[str]:
    """Compare the clients' ledger with the shop; gives what differs."""
    scene, ledger, wrong = stage.scene, stage.ledger, list[str]()
    rows = scene.rows("SELECT entity_id, email, lastname, is_active, lock_expires IS NULL FROM customer_entity")
    names = [row[1] for row in rows]
    for name in {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else ():
        wrong.append(f"{name} is there more than once")
    there = {row[1]: row for row in rows}
    for name, who in ledger.people.items():
        row = there.get(name)
        if row is None:
            wrong.append(f"{name} was promised and is not there")
        elif (str(row[0]), row[2], bool(row[3]), bool(row[4])) != (who.user_id, who.family, who.active, who.active):
            wrong.append(f"the shop has {row}, the client was told {who}")
    for name in set(there) - set(ledger.people):
        wrong.append(f"{name} is there and {'was deleted' if name in ledger.deleted else 'nobody was told so'}")
    ids = {row[0] for row in rows}
    for table in ("customer_grid_flat", "scim_link"):
        found = {row[0] for row in scene.rows(f"SELECT entity_id FROM {table}")}
        if found != ids:
            wrong.append(f"{table}: {len(found - ids)} rows too many, {len(ids - found)} are missing")
    members = {str(row[0]) for row in scene.rows("SELECT entity_id FROM scim_membership")}
    if members != (told := {who.user_id for who in ledger.people.values() if who.member}):
        wrong.append(f"members: {sorted(members ^ told)[:5]} differ")
    homes = {str(row[0]) for row in scene.rows("SELECT parent_id FROM customer_address_entity")}
    if homes != (told := {who.user_id for who in ledger.people.values() if who.address}):
        wrong.append(f"addresses: of {sorted(homes ^ told)[:5]}")
    return wrong + _journal(stage, {str(each) for each in ids})


def _journal(stage: Stage, there: set[str]) -> list[str]:
    """Look whether each user was created once, and no change stands twice."""
    wrong, made, gone = list[str](), Counter[str](), Counter[str]()
    words = Counter[str]()
    query = "SELECT operation, resource_id, changes FROM scim_journal WHERE resource_type = 'User'"
    for operation, resource_id, changes in stage.scene.rows(query):
        made[str(resource_id)] += operation == "create"
        gone[str(resource_id)] += operation == "delete"
        for table, _key, before, after, _cascade in json.loads(changes):
            word = (after or {}).get("lastname")
            if table == "customer_entity" and word and (before or {}).get("lastname") != word:
                words[word] += 1
    wrong += [f"{one} was created {count} times" for one, count in made.items() if count > 1]
    wrong += [f"{one} was deleted {count} times" for one, count in gone.items() if count > 1]
    wrong += [f"the change to {word} stands {count} times" for word, count in words.items() if count > 1]
    known = there | set(stage.ledger.deleted.values())
    wrong += [f"the journal has {one}, whom nobody knows" for one in set(+made) - known]
    wrong += [f"{one} is there without its entry in the journal" for one in there - set(+made)]
    return wrong


def run(minutes: int, every: int, seed: int, console: rich.console.Console) -> bool:
    """Run it all and show the figures; gives whether all is well."""
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        mapping = folder / "mapping.yaml"
        mapping.write_text((ROOT / "mapping.yaml").read_text())
        (folder / "metrics").mkdir()
        settings = {"SCIM_MAPPING": str(mapping), "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics")}
        with scenes.opened(folder / "shop", **settings) as scene:
            stage = Stage(scene, Ledger(), mapping, random.Random(seed))
            good = _run(stage, minutes * 60, every, seed, console)
            if not good:
                kept = Path(tempfile.gettempdir()) / "soak-service.log"
                kept.write_bytes((folder / "shop" / "service.log").read_bytes())
                console.print(f"The service's log: {kept}")
            return good


def _run(stage: Stage, seconds: int, every: int, seed: int, console: rich.console.Console) -> bool:
    ledger = stage.ledger
    made = stage.scene.client.post(f"{stage.scene.base}/Groups", json={"displayName": "Soaked"})
    group = made.json()["id"]
    clients = [Client(number, stage.scene, ledger, seed, group) for number in range(CLIENTS)]
    _load(clients, MEASURED, 0)
    for client in clients:
        client.join()
    full = sum(client.done for client in clients) / MEASURED
    console.print(f"Full load of {CLIENTS} clients without a fault: {full:.0f} requests a second. Seed {seed}.")
    clients = _again(clients, stage, seed, group)
    memory = Memory(stage.scene.master.pid)
    memory.start()
    started, asked = time.monotonic(), ledger.answers.total()
    _load(clients, seconds, 2 * CLIENTS / full)
    told = []
    for number, fault in zip(range(seconds // every), _order(stage.random), strict=False):
        time.sleep(stage.random.uniform(3, 10))
        told.append(_fault(stage, fault, started + (number + 1) * every))
        last = told[-1]
        console.print(f"{number + 1:3} {last.fault}: {dict(last.answers)} {dict(last.broken)}", soft_wrap=True)
    for client in clients:
        client.join(2 * STUBBORN)
        client.http.close()
    rate = (ledger.answers.total() - asked) / (time.monotonic() - started)
    memory.ended.set()
    memory.join()
    _show(console, told, ledger, rate, memory)
    return _verdict(console, stage, memory)


def _show(console: rich.console.Console, told: list[Told], ledger: Ledger, rate: float, memory: Memory) -> None:
    table = rich.table.Table("fault", "times", "held, s", "answers", "503", "broken", "well again, s", box=None)
    for name in dict.fromkeys(each.fault for each in told):
        these = [each for each in told if each.fault == name]
        answers = sum((each.answers for each in these), Counter[str]())
        wells = [each.well for each in these if each.well is not None]
        table.add_row(
            name,
            str(len(these)),
            f"{statistics.mean(each.held for each in these):.0f}",
            str(answers.total()),
            str(answers["503"]),
            str(sum(each.broken.total() for each in these)),
            f"{max(wells):.1f}" if wells else "-",
        )
    console.print(table)
    took = sorted(ledger.seconds)
    console.print(
        f"{rate:.0f} requests a second; answers {dict(sorted(ledger.answers.items()))}; {ledger.repeated} sent again"
        f" after 503; broken connections {dict(ledger.broken)}."
    )
    console.print(
        f"Latency with all faults: median {took[len(took) // 2] * 1000:.0f} ms, 99 % {took[len(took) * 99 // 100]:.2f} s,"
        f" longest {took[-1]:.1f} s."
    )
    for pid, lived, start, end, most in memory.lives():
        console.print(
            f"Worker {pid}: {lived:.0f} minutes, {start:.0f} MB after its first two, {end:.0f} MB at the end, {most:.0f} most."
        )


def _verdict(console: rich.console.Console, stage: Stage, memory: Memory) -> bool:
    wrong = stage.ledger.wrong + _compare(stage)
    wrong += [f"{count} connections broke: {why}" for why, count in stage.ledger.broken.items() if "nobody" in why]
    for pid, lived, start, end, _ in memory.lives():
        if lived >= 5 and end - start > GROWTH:
            wrong.append(f"worker {pid} grew by {end - start:.0f} MB")
    people, gone = len(stage.ledger.people), len(stage.ledger.deleted)
    console.print(f"The ledger: {people} users there, {gone} deleted, compared with the shop and its journal.")
    for each in wrong[:20]:
        console.print(f"WRONG: {each}", soft_wrap=True, markup=False)
    console.print(f"{len(wrong)} things are wrong." if wrong else "Nothing is lost, nothing is doubled, all is well.")
    return not wrong


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--every", type=int, default=60, help="seconds from one fault to the next")
    parser.add_argument("--seed", type=int, default=8)
    given = parser.parse_args()
    sys.exit(not run(given.minutes, given.every, given.seed, rich.console.Console(width=120)))


if __name__ == "__main__":
    main()
