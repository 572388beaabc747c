"""`make attack`: sqlmap and schemathesis against a service on a shop of its own, for ten minutes at most.

sqlmap gets every place where a client's text comes to a statement; schemathesis gets the service's own OpenAPI document
and all its checks. Exit code 1 where either finds something.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import rich.console

from tests.faults import scene as scenes
from tests.faults.scene import Scene
from tests.users.conftest import PATCH, USER

HERE = Path(__file__).parent
EACH = 120  # seconds that sqlmap may take for one target
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
CLEAR = "all tested parameters do not appear to be injectable"
FOUND = re.compile(r"identified the following injection point|is vulnerable|appears to be '[^']+' injectable", re.I)


@dataclass(frozen=True)
class Target:
    """A request for sqlmap: each star is a place that it fills in turn."""

    name: str
    method: str
    path: str
    body: str | None = None
    headers: tuple[str, ...] = ()


def targets(user_id: str) -> list[Target]:
    """Give the requests with everything in them that a client chooses."""
    query = "/Users?filter=userName%20eq%20%22user1@example.com{}%22"
    patch = '{"schemas":["' + PATCH + '"],"Operations":[{"op":"replace","path":"%s","value":"%s"}]}'
    person = '{"schemas":["' + USER + '"],"userName":"x*@example.com","externalId":"e*","name":{"givenName":"A*"}}'
    bulk = '{"schemas":["' + BULK + '"],"Operations":[{"method":"PATCH","path":"/Users/1*","data":{"schemas":["x*"]}}]}'
    return [
        Target("a filter's text", "GET", query.format("*")),
        Target("a filter's path", "GET", "/Users?filter=userName*%20eq%20%22user1@example.com%22"),
        Target("a filter's word", "GET", "/Users?filter=userName%20co*%20%22user%22"),
        Target("a filter on JSON", "GET", "/Users?filter=nickName%20eq%20%22x*%22%20or%20title%20sw%20%22x*%22"),
        Target("a filter's id", "GET", "/Users?filter=id%20eq%20%221*%22%20or%20groups.value%20eq%20%22group-1*%22"),
        Target("sorting", "GET", "/Users?sortBy=userName*&sortOrder=ascending*"),
        Target("pages", "GET", "/Users?startIndex=1*&count=5*"),
        Target("a cursor", "GET", "/Users?count=1&cursor=x*"),
        Target("projections", "GET", "/Users?attributes=userName*"),
        Target("a user's id", "GET", f"/Users/{user_id}*"),
        Target("a group's id", "GET", "/Groups/group-1*"),
        Target("a group's filter", "GET", "/Groups?filter=displayName%20eq%20%22Gold*%22"),
        Target("a tenant", "GET", "/../default*/v2/Users"),
        Target("a search", "POST", "/Users/.search", f'{{"schemas":["{SEARCH}"],"filter":"id eq \\"1*\\"","sortBy":"id*"}}'),
        Target("a new user", "POST", "/Users", person),
        Target("a change", "PATCH", f"/Users/{user_id}", patch % ("nickName*", "x*")),
        Target("a change's filter", "PATCH", f"/Users/{user_id}", patch % ('emails[type eq \\"work*\\"].value', "a@b.c")),
        Target("members", "PATCH", "/Groups/group-1", patch % ('members[value eq \\"1*\\"]', "x")),
        Target("bulk", "POST", "/Bulk", bulk),
        Target("headers", "GET", "/Users?count=1", None, ("X-Request-Id: r*", "If-None-Match: W/x*", "X-Forwarded-For: 1*")),
        Target("a token", "GET", "/Users?count=1", None, ("Authorization: Bearer x*",)),
    ]  # fmt: skip


def sqlmap(scene: Scene, target: Target, folder: Path) -> str | None:
    """Let sqlmap try a target; gives what it found, None for nothing. Raises RuntimeError where it did not work."""
    url = scene.base + target.path if not target.path.startswith("/../") else scene.base[:-3] + target.path[3:]
    command = ["sqlmap", "-u", url, "--batch", "--disable-coloring", "--flush-session", "--output-dir", str(folder)]
    command += ["--dbms", "MySQL", "--level", "2", "--risk", "2", "--technique", "BEUSTQ", "--timeout", "30"]
    command += ["--ignore-code", "400,401,404,409,412", "--method", target.method, "--skip-heuristics"]
    sent = [f"Authorization: {scene.client.headers['Authorization']}", "Content-Type: application/scim+json"]
    for header in [
        *(each for each in sent if not each.startswith(tuple(h[:8] for h in target.headers))),
        *target.headers,
    ]:
        command += ["-H", header]
    if target.body:
        command += ["--data", target.body]
    done = subprocess.run(command, capture_output=True, text=True, timeout=EACH, stdin=subprocess.DEVNULL)
    if FOUND.search(done.stdout):
        return "\n".join(line for line in done.stdout.splitlines() if FOUND.search(line) or line.startswith("    "))
    if CLEAR not in done.stdout:
        raise RuntimeError(f"sqlmap did not try {target.name}: {done.stdout[-1500:]}{done.stderr[-500:]}")
    return None


def schemathesis(scene: Scene, profile: str, examples: int, seed: int) -> tuple[bool, str]:
    """Let schemathesis try every operation of the service's document; gives whether it found nothing, and its words."""
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(HERE / f"{profile}.toml")]
    command += ["run", f"{scene.base}/openapi.json", "--max-examples", str(examples), "--seed", str(seed)]
    command += ["--header", f"Authorization: {scene.client.headers['Authorization']}", "--no-shrink"]
    command += ["--continue-on-failure", "--request-timeout", "30", "--warnings", "off", "--no-color"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    return done.returncode == 0, done.stdout


def run(examples: int, seed: int, console: rich.console.Console) -> bool:
    """Attack in each profile; gives whether nothing was found."""
    good = True
    for profile in ("lenient", "strict"):
        with (
            tempfile.TemporaryDirectory(prefix="attack-") as name,
            scenes.opened(Path(name) / "shop", SCIM_PROFILE=profile) as scene,
        ):
            user_id = scene.create().json()["id"]
            scene.client.post(f"{scene.base}/Groups", json={"displayName": "Gold"})
            if profile == "lenient":
                good = _sqlmap(scene, user_id, Path(name), console) and good
            started = time.monotonic()
            nothing, told = schemathesis(scene, profile, examples, seed)
            summary = told.partition("= SUMMARY =")[2] if nothing else told
            console.print(summary, markup=False, highlight=False, soft_wrap=True)
            console.print(f"schemathesis, {profile}: {_found(nothing)} in {time.monotonic() - started:.0f} s")
            good = nothing and good
            faults = [line for line in _log(Path(name)) if '"unexpected error"' in line or "Traceback" in line]
            console.print(f"Unexpected errors in the service's log: {len(faults)}")
            for line in faults[:3]:
                console.print(line[:2000], markup=False, soft_wrap=True)
            good = good and not faults
    return good


def _sqlmap(scene: Scene, user_id: str, folder: Path, console: rich.console.Console) -> bool:
    started, found, places = time.monotonic(), 0, 0
    for target in targets(user_id):
        result = sqlmap(scene, target, folder)
        places += "".join((target.path, target.body or "", *target.headers)).count("*")
        if result is not None:
            found += 1
            console.print(f"sqlmap, {target.name}: {result}", markup=False, soft_wrap=True)
    console.print(f"sqlmap: {_found(not found)} at {places} places in {time.monotonic() - started:.0f} s")
    return not found


def _found(nothing: bool) -> str:
    return "nothing found" if nothing else "FOUND something"


def _log(folder: Path) -> list[str]:
    return (folder / "shop" / "service.log").read_text(errors="replace").splitlines()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=30, help="of each operation, for schemathesis")
    parser.add_argument("--seed", type=int, default=8)
    given = parser.parse_args()
    sys.exit(not run(given.examples, given.seed, rich.console.Console(width=120)))


if __name__ == "__main__":
    main()
