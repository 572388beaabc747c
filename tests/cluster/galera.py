"""A cluster of MariaDB servers on loopback (Galera): installed where it is missing, started, killed, brought back.

The packages' scripts that copy a whole server to another one (SST) are taken out of mariadb-server without installing
it: that package starts a server of its own.
"""

import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pymysql

from app.sandbox import connection, processes, programs
from app.sandbox.server import MariaDB
from tests.live import ROOT

LIBRARIES = (Path("/usr/lib/galera/libgalera_smm.so"), Path("/usr/lib64/galera-4/libgalera_smm.so"))
PACKAGES = ("galera-4", "rsync", "iproute2", "procps")
TAKEN_APART = ("mariadb-server", "mariadb-client-core")  # wsrep_sst_*, and my_print_defaults that they need
SCRIPTS = ROOT / "var" / "galera"
READY_SECONDS = 60


def library() -> Path:
    """Give Galera's library; installs the packages by apt where it, or rsync, is missing."""
    found = next((path for path in LIBRARIES if path.exists()), None)
    if found is None or not all(shutil.which(tool) for tool in ("rsync", "ss", "ps")):
        _apt("update")
        _apt("install", "-y", "--no-install-recommends", *PACKAGES)
        found = next((path for path in LIBRARIES if path.exists()), None)
    assert found is not None, f"there is no Galera here: install {' and '.join(PACKAGES)}"
    return found


def scripts() -> Path:
    """Give the folder with the scripts that copy a server to another one; fetches them once."""
    folder = SCRIPTS / "usr" / "bin"
    if not (folder / "wsrep_sst_rsync").exists() or not (folder / "my_print_defaults").exists():
        shutil.rmtree(SCRIPTS, ignore_errors=True)
        SCRIPTS.mkdir(parents=True)
        _apt("download", *TAKEN_APART, folder=SCRIPTS)
        for package in SCRIPTS.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(package), str(SCRIPTS)], check=True)
            package.unlink()
        if os.geteuid() == 0:  # rsync, started by root, would write as nobody
            script = folder / "wsrep_sst_rsync"
            script.write_text(script.read_text().replace("use chroot = no\n", "use chroot = no\nuid = 0\ngid = 0\n", 1))
    return folder


def _apt(*words: str, folder: Path | None = None) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(["apt-get", "-q", *words], env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"apt-get {' '.join(words)}: {done.stderr or done.stdout}"


class Node(MariaDB):
    """One server of a cluster."""

    def state(self, name: str) -> str:
        """Give one of the cluster's status variables as this node sees it, "" where it cannot say."""
        found = ""
        with contextlib.suppress(pymysql.Error), connection.to(self.url("mysql", "root")) as root:
            with root.cursor() as cursor:
                cursor.execute(f"SHOW STATUS LIKE 'wsrep_{name}'")
                row = cursor.fetchone()
            found = str(row[1]) if row else ""
        return found  # a node alone may say how it is, but not end the transaction in which it did

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask this node, after it has caught up with all others."""
        with connection.to(self.url()) as shop, shop.cursor() as cursor:
            cursor.execute("SET SESSION wsrep_sync_wait = 15")
            cursor.execute(query)
            return list(cursor.fetchall())

    def kill(self) -> None:
        """End the server as a power cut does."""
        pid = int(self.pid_file.read_text())
        os.kill(pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(30)
        self._process = None
        self.owned = False

    def await_synced(self, size: int) -> None:
        """Wait until the node has all that the cluster has, among `size` nodes."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.state("local_state_comment") == "Synced" and self.state("cluster_size") == str(size):
                return
            time.sleep(0.1)
        raise AssertionError(
            f"{self.directory.name} is {self.state('local_state_comment')!r} among {self.state('cluster_size')!r}:"
            f" {self.log.read_text(errors='replace')[-3000:]}"
        )


class Cluster:
    """Some nodes under `folder`. The first one begins; each further one copies it."""

    def __init__(self, folder: Path, count: int = 3) -> None:
        self.folder = folder
        self.provider = library()
        self.path = f"{scripts()}{os.pathsep}{os.environ['PATH']}"
        self.passwords = {user: secrets.token_hex(12) for user in ("root", "magento")}
        self.ports = [processes.free_port(None) for _ in range(count)]  # of the cluster's own talk
        self.nodes = [self._node(number) for number in range(count)]

    def _node(self, number: int) -> Node:
        folder = self.folder / f"node{number + 1}"
        folder.mkdir(parents=True)
        for user, password in self.passwords.items():
            (folder / f"{user}.password").write_text(password)
        port, ist, sst = self.ports[number], processes.free_port(None), processes.free_port(None)
        options = (
            "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2",
            "--wsrep-on=ON",
            f"--wsrep-provider={self.provider}",
            "--wsrep-cluster-name=scim",
            f"--wsrep-node-name={folder.name}",
            "--wsrep-node-address=127.0.0.1",
            f"--wsrep-sst-receive-address=127.0.0.1:{sst}",
            "--wsrep-sst-method=rsync",
            "--wsrep-slave-threads=2",
            f"--wsrep-cluster-address=gcomm://{','.join(f'127.0.0.1:{each}' for each in self.ports)}",
            f"--wsrep-provider-options=base_host=127.0.0.1;base_port={port};gmcast.listen_addr=tcp://127.0.0.1:{port};"
            f"ist.recv_addr=127.0.0.1:{ist};gcache.size=64M;evs.keepalive_period=PT0.5S;"
            "evs.suspect_timeout=PT3S;evs.inactive_timeout=PT6S;pc.recovery=false",
        )
        return Node(folder, fast=True, options=options)

    def start(self) -> None:
        for number, node in enumerate(self.nodes):
            self.launch(node, first=number == 0)
            node.await_synced(number + 1)

    def launch(self, node: Node, *, first: bool = False) -> None:
        """Start one node; `first`: as the one that begins the cluster."""
        extra = ["--wsrep-new-cluster"] if first else []
        if not first and node.data.is_dir() and (position := self._position(node)):
            extra = [f"--wsrep-start-position={position}"]
        before, node.options = node.options, (*node.options, *extra)
        path, os.environ["PATH"] = os.environ["PATH"], self.path
        try:
            node.start()
        finally:
            node.options = before
            os.environ["PATH"] = path

    def _position(self, node: Node) -> str:
        """Find what a node has that was killed, as galera_recovery does: what it lacks is then sent, not all."""
        program = programs.ensure()
        command = [*node._command(program), "--wsrep-recover", "--skip-networking"]
        done = subprocess.run(command, cwd=node.directory, capture_output=True, text=True, timeout=60)
        found = re.findall(r"WSREP: Recovered position:? *([0-9a-f-]{36}:-?\d+)", done.stderr + done.stdout)
        return found[-1] if found else ""

    def stop(self) -> None:
        for node in reversed(self.nodes):
            node.stop()


@contextlib.contextmanager
def running(folder: Path, count: int = 3) -> Iterator[Cluster]:
    cluster = Cluster(folder, count)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def await_state(node: Node, name: str, wanted: str) -> None:
    """Wait until a node sees one of the cluster's status variables as it is wanted."""
    deadline = time.monotonic() + READY_SECONDS
    while node.state(name) != wanted:
        assert time.monotonic() < deadline, f"{node.directory.name}: wsrep_{name} is {node.state(name)!r}"
        time.sleep(0.1)


def sums(node: Node, names: Sequence[str]) -> dict[str, int]:
    """Give each table's checksum on a node."""
    return {
        str(name).partition(".")[2]: checksum
        for name, checksum in node.rows(f"CHECKSUM TABLE {', '.join(f'`{name}`' for name in names)}")
    }
