"""mapping.yaml while the service runs: read again, checked first, swapped whole (issue 6)."""

import threading
from collections import Counter
from pathlib import Path

import pytest

from app import watch
from app.mapping import rules
from tests.users.conftest import Client, Make

FIRST = """version: 1
customer:
  email: userName
  firstname: name.givenName
  lastname: name.familyName
  taxvat: {const: first}
  suffix: {const: first}
"""
SECOND = FIRST.replace("first}", "second}")


@pytest.fixture
def scim(make: Make) -> Client:
    return make(mapping=FIRST, watch_seconds=0)  # the test alone looks


def _watch(scim: Client) -> tuple[object, Path]:
    service = scim.app.extensions["magento-scim"]
    return service.watch, service.config.mapping


def test_a_changed_file_is_in_force(scim: Client) -> None:
    watched, path = _watch(scim)
    assert scim.customer(scim.create(userName="a@example.com")["id"])["taxvat"] == "first"
    assert not watched.look()
    path.write_text(SECOND)
    assert watched.look()
    assert scim.customer(scim.create(userName="b@example.com")["id"])["taxvat"] == "second"


def test_a_bad_file_leaves_the_last_good_one_in_force_and_is_told(
    scim: Client, caplog: pytest.LogCaptureFixture
) -> None:
    watched, path = _watch(scim)
    client = scim.app.test_client()
    assert client.get("/readyz").get_json()["checks"]["mapping"]["ok"]
    path.write_text(FIRST + "  emial: userName\n")
    assert not watched.look()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "did you mean 'email'" in answer.get_json()["checks"]["mapping"]["detail"]
    assert "scim_mapping_current 0.0" in client.get("/metrics").text
    assert "did you mean 'email'" in caplog.text
    assert scim.customer(scim.create()["id"])["taxvat"] == "first"
    path.unlink()
    assert not watched.look()
    assert scim.create(userName="b@example.com")
    path.write_text(FIRST)
    assert watched.look()
    assert client.get("/readyz").status_code == 200


def test_a_thread_of_each_process_watches(make: Make) -> None:
    scim = make(mapping=FIRST, watch_seconds=0.05)
    _, path = _watch(scim)
    scim.get("/Users", count=0)
    path.write_text(SECOND)
    done = threading.Event()
    for _ in range(100):
        if scim.app.extensions["magento-scim"].rulebook.tenants["default"].ruleset.rule("taxvat").const == "second":
            break
        done.wait(0.05)
    else:
        raise AssertionError("nobody looked at the file")


def test_a_forked_process_does_not_wait_for_a_thread_of_its_parent(make: Make) -> None:
    watched, _ = _watch(make(mapping=FIRST, watch_seconds=60))
    watched._pid = -1  # as in a process that was just forked
    with watched._alone:  # by a thread that is not in it
        began = threading.Thread(target=watched.ensure, daemon=True)
        began.start()
        began.join(10)
        assert not began.is_alive()


def test_the_thread_ends_when_nobody_needs_the_rules(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    (tmp_path / "mapping.yaml").touch()
    watched = watch.Watch(tmp_path / "mapping.yaml", lambda _: rules.Rulebook({}), 0.01)
    watched.ensure()
    (thread,) = set(threading.enumerate()) - before
    del watched
    thread.join(10)
    assert not thread.is_alive()


def _under_load(scim: Client, reloads: int, pause: float = 0) -> int:
    """Reload so often while three clients create users, and give how many they created."""
    watched, path = _watch(scim)
    ended, faults, done = threading.Event(), [], Counter[int]()

    def create(worker: int) -> None:
        number = 0
        while not ended.is_set():
            number += 1
            user = scim.create(userName=f"w{worker}-{number}@example.com")
            row = scim.customer(user["id"])
            if row["taxvat"] != row["suffix"]:
                faults.append(row)
            done[worker] = number

    threads = [threading.Thread(target=create, args=(worker,)) for worker in range(3)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(reloads):
            path.write_text((FIRST if turn % 2 else SECOND) + f"# {turn}\n")
            assert watched.look()
            ended.wait(pause)
            assert all(thread.is_alive() for thread in threads), "a request failed"
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert faults == [], "half a mapping"
    assert len(scim.rows("customer_entity")) >= done.total() > 3
    return done.total()


def test_reloads_under_load(scim: Client) -> None:
    _under_load(scim, 20)


@pytest.mark.long
def test_a_thousand_reloads_under_load(scim: Client) -> None:
    created = _under_load(scim, 1000, pause=0.05)
    print(f"1000 reloads while {created} users were created")
    assert created > 500
