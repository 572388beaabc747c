"""Runs a private database server in a directory: installs, starts, finds again and stops it."""

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.engine import URL

from app.sandbox import connection, errors, processes, programs

DATABASE = USER = "magento"
HOSTS = ("localhost", "127.0.0.1")
LONGEST_SOCKET = 100  # sockaddr_un holds 108 bytes
START_SECONDS = 60
GREETING = b"\x0a"  # how the server's first packet begins: protocol version 10, after four bytes of length

SMALL = (
    "--innodb-buffer-pool-size=256M",
    "--loose-innodb-log-file-size=48M",
    "--performance-schema=OFF",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--max-connections=200",
    "--max-allowed-packet=256M",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_general_ci",
)
# What a test's data may lose: everything, when the machine stops.
FAST = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--sync-binlog=0",
    "--innodb-stats-persistent=0",
)
OF_MYSQL = ("--mysqlx=OFF", "--secure-file-priv=NULL")


class MariaDB:
    """A database server of our own in `directory`, which is made at need and keeps data, passwords and port.

    port: the loopback TCP port; without it the one of last time, or any free one.
    fast: for tests; what is committed need not survive a crash of the machine.
    options: more of the server's command line.
    Use it as a context manager, or call start() and stop(). start() must be called in the main thread, or one
    that lives as long: the server ends when the thread that started it does.
    """

    def __init__(
        self, directory: Path, port: int | None = None, *, fast: bool = False, options: Sequence[str] = ()
    ) -> None:
        self.directory = Path(directory).absolute()
        self.fast = fast
        self.options = tuple(options)
        self.port = port or 0
        self.owned = False
        self._fixed_port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """The server's data directory."""
        return self.directory / "data"

    @property
    def pid_file(self) -> Path:
        """The file with the running server's process id; the server removes it when it ends."""
        return self.directory / "mariadb.pid"

    @property
    def log(self) -> Path:
        """The server's error log."""
        return self.directory / "mariadb.log"

    @property
    def socket(self) -> Path:
        """The unix socket: in the directory, or in a temporary one when its path would be too long."""
        inside = self.directory / "mariadb.sock"
        if len(os.fsencode(inside)) < LONGEST_SOCKET:
            return inside
        mark = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"sandbox-{os.getuid()}-{mark}" / "mariadb.sock"

    def url(self, database: str = DATABASE, user: str = USER) -> str:
        """Return SQLAlchemy's URL of a database: as `magento` over TCP, as `root` over the socket."""
        if user == "root":
            query = {"unix_socket": str(self.socket)}
            return _render("mysql+pymysql", user, self._password(user), "localhost", None, database, query)
        return _render("mysql+pymysql", user, self._password(user), "127.0.0.1", self.port, database, {})

    def client_url(self, database: str = DATABASE) -> str:
        """Return the `mysql://` URL that a MySQL client can use, password included."""
        return _render("mysql", USER, self._password(USER), "127.0.0.1", self.port, database, {})

    def start(self) -> Self:
        """Start the server, or find the one that already runs in this directory; return self.

        Installs the binaries (apt, as root) and the data directory at need. Raises SandboxError.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._alone():
            if self._take_over():
                return self
            program = programs.ensure()
            if not self.data.is_dir():
                self._install(program)
            try:
                self._launch(program)
            except BaseException:
                self.stop()
                raise
        return self

    def find(self) -> bool:
        """Tell whether a server runs in this directory, whoever started it; then its URLs are known."""
        if self._running() is None:
            return False
        self.port = _read_number(self.directory / "port") or 0
        return self._await(lambda: self._running() is not None)

    def stop(self) -> None:
        """Stop the server when it was started here; leave one that was only found."""
        if self._process is not None:
            processes.end(self._process.pid, self._process.poll)
            self._process.wait()
            if self.socket.parent != self.directory:
                shutil.rmtree(self.socket.parent, ignore_errors=True)
        self._process = None
        self.owned = False

    def create(self, database: str) -> str:
        """Make a further database on the running server and return its URL for the user `magento`."""
        with connection.to(self.url("mysql", "root")) as root:
            connection.run(root, ";".join(_making(database)))
        return self.url(database)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- the steps -------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the directory's lock: of two that start at once the second finds the first's server."""
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _password(self, user: str) -> str:
        """Return the user's password, made at the first asking and kept in the directory."""
        file = self.directory / f"{user}.password"
        if not file.exists():
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
                new.write(secrets.token_hex(12))
        return file.read_text()

    def _take_over(self) -> bool:
        """Return True when a server of this directory answers; end one whose starter has died."""
        pid = self._running()
        if pid is None:
            return False
        parent = processes.parent_of(pid)
        if parent is not None and parent != _read_number(self.directory / "owner.pid"):
            # Its starter was killed, so it has been told to end.
            processes.end(pid, lambda: None if processes.alive(pid) else 0)
            return False
        return self.find()

    def _running(self) -> int | None:
        """Return the id of the process in the pid file when it is a server with this data directory."""
        pid = _read_number(self.pid_file)
        if pid is None or not processes.alive(pid):
            return None
        command = Path(f"/proc/{pid}/cmdline")
        if command.exists() and os.fsencode(self.data) not in command.read_bytes():
            return None  # another process got the number
        return pid

    def _install(self, program: programs.Program) -> None:
        """Make the data directory; beside its place first, so that a broken attempt never counts."""
        new = self._private("data.new")
        command = [str(program.path), "--no-defaults", f"--datadir={new}", *_as_root()]
        command += [f"--tmpdir={self._private('tmp')}"]
        if program.is_mariadb:
            # What mariadb-install-db does, without the client package's my_print_defaults that it needs.
            script = b"create database mysql;\nuse mysql;\nset @auth_root_socket=null;\n"
            script += b"\n".join(file.read_bytes() for file in program.scripts())
            script += b"\ndelete from global_priv where User='' or (User='root' and Host<>'localhost');\n"
            command += ["--bootstrap", "--enforce-storage-engine=", "--max-allowed-packet=8M", SMALL[1]]
        else:
            script = b""
            command += ["--initialize-insecure"]
        with self.log.open("wb") as log:
            done = subprocess.run(command, input=script, stdout=log, stderr=log, check=False)  # noqa: S603
        if done.returncode != 0:
            raise errors.SandboxError(f"{program.path} could not make {self.data}: {self._last_words()}")
        new.rename(self.data)

    def _private(self, name: str) -> Path:
        """Make an empty directory for the server alone, in the place of what was there."""
        path = self.directory / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(mode=0o700)
        return path

    def _launch(self, program: programs.Program) -> None:
        """Start the server process and wait until it answers; another port when somebody was faster."""
        self.socket.parent.mkdir(mode=0o700, exist_ok=True)
        if self.socket.parent.stat().st_uid != os.getuid():
            raise errors.SandboxError(f"{self.socket.parent} belongs to somebody else.")
        for _attempt in range(3):
            self.port = self._fixed_port or processes.free_port(_read_number(self.directory / "port"))
            self.pid_file.unlink(missing_ok=True)
            with self.log.open("wb") as log:
                process = subprocess.Popen(  # noqa: S603
                    self._command(program),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.directory,
                    start_new_session=True,
                    preexec_fn=processes.die_with_parent(os.getpid()),
                )
            (self.directory / "owner.pid").write_text(str(os.getpid()))
            self._process = process
            if self._await(lambda process=process: process.poll() is None):  # type: ignore[misc]
                (self.directory / "port").write_text(str(self.port))
                self.owned = True
                return
            if self._fixed_port is not None or "TCP/IP port" not in self.log.read_text(errors="replace"):
                break
        raise errors.SandboxError(f"{program.path} does not start in {self.directory}: {self._last_words()}")

    def _command(self, program: programs.Program) -> list[str]:
        """Return the server's command line. Its init file makes the users before anybody can connect."""
        root, user = self._password("root"), self._password(USER)
        users = (f"CREATE USER IF NOT EXISTS {USER}@'{host}' IDENTIFIED BY '{user}'" for host in HOSTS)
        statements = (*users, *_making(DATABASE), f"ALTER USER root@localhost IDENTIFIED BY '{root}'")
        init = self.directory / "init.sql"
        init.touch(mode=0o600)
        init.write_text("".join(statement + ";\n" for statement in statements))
        return [
            str(program.path),
            "--no-defaults",
            f"--datadir={self.data}",
            f"--socket={self.socket}",
            f"--pid-file={self.pid_file}",
            f"--port={self.port}",
            f"--tmpdir={self._private('tmp')}",  # a server that starts removes every server's files from /tmp
            f"--init-file={init}",
            "--bind-address=127.0.0.1",
            *SMALL,
            *(FAST if self.fast else ()),
            *self.options,
            *_as_root(),
            *(() if program.is_mariadb else OF_MYSQL),
        ]

    def _await(self, alive: Callable[[], bool]) -> bool:
        """Wait until the server answers on its socket; False when it died or never did."""
        deadline = time.monotonic() + START_SECONDS
        while alive() and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
                line.settimeout(1)
                line.connect(str(self.socket))
                if line.recv(5)[4:] == GREETING:
                    return True
            time.sleep(0.02)
        return False

    def _last_words(self) -> str:
        """Return the error lines at the end of the log (all lines when none is marked as an error)."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return " ".join(([line for line in lines if "ERROR" in line] or lines)[-3:])


def _making(database: str) -> tuple[str, ...]:
    """Return the statements that make an empty database in which our user may do everything."""
    return (
        f"CREATE DATABASE IF NOT EXISTS `{database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
        *(f"GRANT ALL ON `{database}`.* TO {USER}@'{host}'" for host in HOSTS),
    )


def _render(
    driver: str, user: str, password: str, host: str, port: int | None, database: str, query: dict[str, str]
) -> str:
    url = URL.create(driver, user, password, host, port, database, query)
    return url.render_as_string(hide_password=False)


def _as_root() -> list[str]:
    """Return the option without which the server refuses to run as root."""
    return ["--user=root"] if os.geteuid() == 0 else []


def _read_number(file: Path) -> int | None:
    """Return the number in a file, or None when there is no file or no number in it."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
