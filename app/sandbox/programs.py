"""Finds the database server's binary on this machine, and installs it where it may."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from app.sandbox import errors

PACKAGE = "mariadb-server-core"
NAMES = ("mariadbd", "mysqld")
PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/usr/libexec", "/usr/local/mysql/bin")
SHARES = ("share/mysql", "share/mariadb", "share")


@dataclass(frozen=True)
class Program:
    """A database server's binary: its path, and whether it is MariaDB (else it is MySQL)."""

    path: Path
    is_mariadb: bool

    def scripts(self) -> list[Path]:
        """Return MariaDB's SQL files that make the system tables, in the order in which they run.

        They are named mysql_* up to MariaDB 10 and mariadb_* from 11. Raises SandboxError where they are not.
        """
        parents = (self.path.resolve().parent.parent, Path("/usr"), Path("/usr/local"))
        for share in (parent / name for parent in parents for name in SHARES):
            for brand in ("mariadb", "mysql"):
                parts = ("system_tables", "performance_tables", "system_tables_data")
                files = [share / f"{brand}_{part}.sql" for part in parts]
                if all(file.is_file() for file in files):
                    return files
        raise errors.SandboxError(f"{self.path} lacks the SQL files that belong to it: reinstall {PACKAGE}.")


def find() -> Program | None:
    """Return the server binary on PATH or in the usual places, or None. Asks it whether it is MariaDB."""
    where = os.pathsep.join((os.environ.get("PATH", os.defpath), *PLACES))
    for name in NAMES:
        if found := shutil.which(name, path=where):
            version = subprocess.run(  # noqa: S603
                [found, "--no-defaults", "--version"], capture_output=True, text=True, check=False
            )
            if version.returncode == 0:
                return Program(Path(found), "mariadb" in version.stdout.lower())
    return None


def ensure() -> Program:
    """Return the server binary; install it by apt when there is none and we are root.

    Raises SandboxError with a sentence that says what to install, when it cannot be had.
    """
    if program := find():
        return program
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        raise errors.SandboxError(
            f"No database server found: install {PACKAGE} (as root: apt-get install {PACKAGE}),"
            " or any package that brings mariadbd or mysqld."
        )
    print(f"Installing {PACKAGE}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    steps = (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", PACKAGE])
    for step in steps:
        done = subprocess.run(  # noqa: S603
            [apt, *step], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise errors.SandboxError(f"apt-get {step[0]} failed, so {PACKAGE} is missing: {' '.join(last)}")
    if program := find():
        return program
    raise errors.SandboxError(f"{PACKAGE} is installed, but neither mariadbd nor mysqld is to be found.")


def main() -> None:
    """Make sure that the binary is there; end with a sentence when it cannot be had (`make test`)."""
    try:
        ensure()
    except errors.SandboxError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
