"""The private server: installed, started, found, stopped; and nothing left running."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.sandbox import connection, errors, programs
from app.sandbox.server import MariaDB

STARTER = """
import sys, time
from pathlib import Path
from app.sandbox.server import MariaDB
with MariaDB(Path(sys.argv[1]), fast=True):
    print("started", flush=True)
    time.sleep(600)
"""

only_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="2026-11-23: only Linux tells a child of its parent's death"
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "sandbox"


@pytest.fixture
def starter(directory: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has started the server in `directory`."""
    command = [sys.executable, "-c", STARTER, str(directory)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        yield process
        process.kill()


def answer(url: str, question: str) -> object:
    with connection.to(url) as target, target.cursor() as cursor:
        cursor.execute(question)
        row = cursor.fetchone()
        return row[0] if row else None


def gone(pid: int) -> bool:
    """Wait for a process to end, at most ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_second_start_keeps_data_port_and_passwords(directory: Path) -> None:
    with MariaDB(directory, fast=True) as first:
        url, client_url = first.url(), first.client_url()
        with connection.to(url) as target:
            connection.run(target, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (7)")
        pid = int(first.pid_file.read_text())
    assert gone(pid)
    with MariaDB(directory, fast=True) as again:
        assert (again.url(), again.client_url()) == (url, client_url)
        assert answer(again.url(), "SELECT id FROM t") == 7


def test_it_listens_on_loopback_only_and_root_comes_by_the_socket_only(directory: Path) -> None:
    with MariaDB(directory, fast=True) as server:
        assert answer(server.url(), "SELECT @@bind_address") == "127.0.0.1"
        assert answer(server.url(user="root"), "SELECT CURRENT_USER()") == "root@localhost"
        assert answer(server.url("mysql", "root"), "SELECT COUNT(*) FROM user WHERE User = 'root'") == 1
        assert answer(server.url("mysql", "root"), "SELECT COUNT(*) FROM user WHERE User = ''") == 0
        secret = directory / "magento.password"
        assert secret.stat().st_mode & 0o077 == 0


def test_a_running_server_is_taken_over_and_not_stopped(directory: Path) -> None:
    with MariaDB(directory, fast=True) as first:
        assert not MariaDB(directory.with_name("other")).find()
        second = MariaDB(directory)
        assert second.find()
        assert second.start().url() == first.url()
        assert (first.owned, second.owned) == (True, False)
        second.stop()
        assert answer(first.url(), "SELECT 1") == 1
    assert not second.find()


def test_a_stale_pid_file_is_overlooked(directory: Path) -> None:
    with MariaDB(directory, fast=True) as server:
        pid_file = server.pid_file
    for stale in (str(os.getpid()), "999999999", "nonsense"):
        pid_file.write_text(stale)
        assert not MariaDB(directory).find()
        with MariaDB(directory, fast=True) as server:
            assert server.owned


def test_a_taken_port_is_changed(directory: Path, tmp_path: Path) -> None:
    with MariaDB(directory, fast=True) as first:
        (tmp_path / "second").mkdir()
        (tmp_path / "second" / "port").write_text(str(first.port))
        with MariaDB(tmp_path / "second", fast=True) as second:
            assert second.port != first.port
            assert answer(second.url(), "SELECT 1") == 1
        with pytest.raises(errors.SandboxError, match="does not start"):
            MariaDB(tmp_path / "second", port=first.port, fast=True).start()


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    directory = tmp_path / ("long" * 30)
    with MariaDB(directory, fast=True) as server:
        assert len(str(server.socket)) < 100
        assert answer(server.url(user="root"), "SELECT 1") == 1
        assert MariaDB(directory).find()
    assert not server.socket.parent.exists()


@only_linux
def test_it_ends_when_its_starter_is_killed(directory: Path, starter: "subprocess.Popen[str]") -> None:
    pid = int((directory / "mariadb.pid").read_text())
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    with MariaDB(directory, fast=True) as server:  # at once: the old one may still be ending
        assert server.owned
        assert gone(pid)
        assert answer(server.url(), "SELECT 1") == 1


@only_linux
def test_it_ends_by_itself_when_nobody_starts_it_again(directory: Path, starter: "subprocess.Popen[str]") -> None:
    pid = int((directory / "mariadb.pid").read_text())
    starter.send_signal(signal.SIGKILL)
    assert gone(pid)


def test_control_c_does_not_reach_it(directory: Path) -> None:
    with MariaDB(directory, fast=True) as server:
        pid = int(server.pid_file.read_text())
        assert os.getsid(pid) != os.getsid(0)


def test_without_a_binary_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(programs, "PLACES", ())
    assert programs.find() is None
    with pytest.raises(errors.SandboxError, match="install mariadb-server-core"):
        programs.ensure()


def test_a_broken_server_is_reported_with_its_own_words(directory: Path) -> None:
    (directory / "data").mkdir(parents=True)
    with pytest.raises(errors.SandboxError, match=r"does not start in .*ERROR"):
        MariaDB(directory, fast=True).start()
