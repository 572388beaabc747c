"""`magento-scim run`: finds the shop or starts the sandbox, makes what is missing, runs gunicorn in the foreground."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import sqlalchemy as sa

from app import config, service
from app.ledger import install, tables, tokens
from app.magento import database
from app.magento import errors as shop_errors
from app.sandbox import errors as sandbox_errors
from app.sandbox import processes, server, shop

SANDBOX = Path("var/sandbox")
ROOT = Path(__file__).parent.parent  # where wsgi.py is
EXAMPLE = (
    "curl -s {url}/Users -H \"Authorization: Bearer {token}\" -H 'Content-Type: application/scim+json' -d "
    '\'{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com",'
    '"name":{{"givenName":"Ada","familyName":"Lovelace"}}}}\''
)
STOP_SECONDS = 40


def with_sandbox(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Name the sandbox that is running here where the environment names no shop."""
    running = server.MariaDB(SANDBOX)
    if config.names_a_shop(environment) or not running.find():
        return environment
    return {**environment, "SCIM_DATABASE_URL": running.url()}


class Stopped(Exception):
    """A signal asked us to end."""


@contextlib.contextmanager
def signals() -> Iterator[None]:
    """Turn SIGTERM, SIGINT and a closed terminal's SIGHUP (but for nohup, which ignores it) into Stopped."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _sandbox(directory: Path) -> Iterator[tuple[str, str]]:
    """Run the sandbox's database; gives the URL for us and the one for a MySQL client."""
    with server.MariaDB(directory) as running:
        shop.make(running.url())
        yield running.url(), running.client_url()


def prepare(settings: config.Config) -> dict[str, str | None]:
    """Make or upgrade our tables, and a token for each tenant that has none; gives the tenants with its secret."""
    magento = service.open_shop(settings)
    named = service.read_rules(settings, magento).tenants
    service.read_profile(settings)
    with magento.engine.connect() as connection:
        install.upgrade(connection, settings.prefix)
        connection.commit()
    ledger = tables.define(settings.prefix)
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)

    def work(connection: sa.Connection) -> dict[str, str | None]:
        there = {token.tenant for token in tokens.fetch(connection, ledger) if token.alive(now)}
        return {
            name: None if name in there else tokens.create(connection, ledger, "first", name, tokens.SCOPES, now)
            for name in named
        }

    secrets = database.transaction(magento.engine, work)
    magento.dispose()
    return secrets


def _announce(settings: config.Config, shown_database: str, base_url: str, secrets: Mapping[str, str | None]) -> None:
    for name, secret in secrets.items():
        whose = "" if list(secrets) == [service.DEFAULT_TENANT] else f" of {name}"
        print(f"SCIM Base URL{whose}: {service.base_url(settings.base_url or base_url, name)}")
        if secret:
            print(f"Bearer token{whose}: {secret}")
    print(f"Shop database: {shown_database}")
    name, secret = next(iter(secrets.items()))
    print(EXAMPLE.format(url=service.base_url(base_url, name), token=secret or "$TOKEN"))
    if None in secrets.values():
        tenant = "" if list(secrets) == [service.DEFAULT_TENANT] else " --tenant TENANT"
        print(f"(There is a token already; `.venv/bin/magento-scim token create NAME{tenant}` makes another.)")
    sys.stdout.flush()


def _gunicorn(port: int, workers: int, environment: Mapping[str, str]) -> int:
    """Run gunicorn until it ends or we are told to, twice for at once; gives its exit code."""
    listen = ["--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--threads", "4"]
    where = ["--config", "python:app.workers", "--pythonpath", str(ROOT), "wsgi:application"]
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "gunicorn", *listen, *where],
        env=environment,
        start_new_session=True,
        preexec_fn=processes.die_with_parent(os.getpid()),
    )
    try:
        return process.wait()
    except Stopped:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        return 0
    finally:
        process.kill()  # nothing to it once it has ended
        process.wait()


def _check_port(port: int) -> None:
    """Raise config.Refused where nobody can listen on the port, before anything is made."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise config.Refused(
                f"Cannot listen on 127.0.0.1:{port} ({error.strerror}): name another port, `make run PORT=…`."
            ) from error


def run(port: int, workers: int, environment: Mapping[str, str] = os.environ) -> int:
    """Serve the shop that the environment names, or the sandbox, on 127.0.0.1; gives the exit code.

    Raises config.Refused with what to do.
    """
    _check_port(port)
    with signals(), contextlib.ExitStack() as stack:
        try:
            return _run(port, workers, environment, stack)
        except Stopped:
            return 0
        except sandbox_errors.SandboxError as error:
            raise config.Refused(str(error)) from error
        except shop_errors.ShopError as error:
            raise config.Refused(f"The shop's database cannot be used: {error}") from error


def _run(port: int, workers: int, environment: Mapping[str, str], stack: contextlib.ExitStack) -> int:
    environment = dict(environment)
    shown = None
    if not config.names_a_shop(environment):
        environment["SCIM_DATABASE_URL"], shown = stack.enter_context(_sandbox(SANDBOX))
    settings = config.read(environment)
    secrets = prepare(settings)
    shown = shown or settings.database.set(drivername="mysql").render_as_string(hide_password=True)
    _announce(settings, shown, f"http://127.0.0.1:{port}{service.PATH}", secrets)
    started = time.monotonic()
    environment["PROMETHEUS_MULTIPROC_DIR"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="magento-scim-"))
    code = _gunicorn(port, workers, environment)
    if code and time.monotonic() - started < 10:
        raise config.Refused(f"The server did not start on port {port}: see the lines above.")
    return code
