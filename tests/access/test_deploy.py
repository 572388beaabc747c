"""What deploy/ holds: units that systemd has nothing against, a site that nginx serves, an image whose steps work."""

import configparser
import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
import ruamel.yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app import cli
from tests import live
from tests.users.conftest import ROOT, Client

DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
TIMED = [unit for unit in UNITS if unit.with_suffix(".timer").exists()]


def _service(unit: Path) -> configparser.SectionProxy:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read(unit)
    return parsed["Service"]


@pytest.mark.parametrize("unit", TIMED, ids=lambda unit: unit.stem)
def test_a_timer_runs_a_command_that_there_is(unit: Path) -> None:
    program, command, *_ = _service(unit)["ExecStart"].split()
    assert program.endswith("/magento-scim")
    assert command in cli.main.commands


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_has_nothing_against_it(unit: Path, tmp_path: Path) -> None:
    """On a machine with systemd's own judge; the program is another one that is there."""
    judge = shutil.which("systemd-analyze")
    for each in (unit, unit.with_suffix(".timer")):
        if each.exists():
            text = re.sub(r"/opt/magento-scim/\.venv/bin/\S+", "/bin/true", each.read_text())
            (tmp_path / each.name).write_text(text)
    if judge is not None:
        files = [str(path) for path in sorted(tmp_path.iterdir())]
        done = subprocess.run([judge, "verify", *files], capture_output=True, text=True)
        assert (done.returncode, done.stderr.strip()) == (0, ""), done.stderr
        security = [judge, "security", "--offline=true", "--threshold=30", str(tmp_path / unit.name)]
        judged = subprocess.run(security, capture_output=True, text=True)
        if unit.stem == "magento-scim":
            assert judged.returncode == 0, judged.stdout[-500:]


def test_the_unit_s_command_answers_under_its_limits(scim: Client, service_url: str) -> None:
    """Its own command line, with no more files, and the file mode, that systemd would give it."""
    service = _service(DEPLOY / "magento-scim.service")
    _, *words = service["ExecStart"].split()
    port = live.free_port()
    words[words.index("--bind") + 1] = f"127.0.0.1:{port}"
    environment = {**os.environ, "SCIM_DATABASE_URL": service_url, "SCIM_TABLE_PREFIX": scim.prefix}

    def limit() -> None:
        files = min(int(service["LimitNOFILE"]), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        os.umask(int(service["UMask"], 8))

    command = [sys.executable, "-m", "gunicorn", *words]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, preexec_fn=limit, stderr=subprocess.DEVNULL)
    try:
        base = f"http://127.0.0.1:{port}/scim/v2"
        live.wait_until(f"{base}/ServiceProviderConfig", process)
        assert httpx2.get(f"{base}/Users?count=1", headers=scim.headers).status_code == 200
        process.send_signal(signal.SIGHUP)
        assert httpx2.get(f"{base}/Users?count=1", headers=scim.headers).status_code == 200
    finally:
        process.terminate()
        assert process.wait(int(service["TimeoutStopSec"])) == 0


@pytest.mark.parametrize("name", ["compose.yaml", "kubernetes.yaml"])
def test_what_other_programs_read_is_yaml_that_names_what_there_is(name: str) -> None:
    text = (DEPLOY / name).read_text()
    documents = list(ruamel.yaml.YAML(typ="safe").load_all(text))
    assert all(documents)
    known = (ROOT / "app" / "config.py").read_text() + "SCIM_DATABASE_PASSWORD SCIM_DATABASE_HOST SCIM_DATABASE_NAME"
    for variable in set(re.findall(r"\bSCIM_[A-Z_]+", text)):
        assert variable in known, variable
    for command in re.findall(r"\[magento-scim, (\w+)", text):
        assert command in cli.main.commands


def test_the_environment_s_example_is_understood() -> None:
    from app import config

    lines = [line for line in (DEPLOY / "environment.example").read_text().splitlines() if line[:1] not in ("#", "")]
    read = config.read(dict(line.split("=", 1) for line in lines))
    assert (read.proxies, read.rate_limit, read.base_url) == (1, 6000, "https://scim.example.com/scim/v2")


@pytest.mark.long
def test_the_image_s_steps_work_in_a_clean_folder(tmp_path: Path) -> None:
    """Docker itself is not there: the files that it would copy, and the commands that it would run, in their order."""
    text = (DEPLOY / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.M):
        *sources, _target = line.split()
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, tmp_path / source, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, tmp_path / source)
    for step in re.findall(r"^RUN (python .+|\.venv.+)$", text, re.M):
        done = subprocess.run(["sh", "-ec", step], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-1000:]
    done = subprocess.run([".venv/bin/magento-scim", "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, "doctor" in done.stdout) == (0, True), done.stderr


@pytest.mark.long
def test_hadolint_has_nothing_against_the_dockerfile(tmp_path: Path) -> None:
    """`make test-deploy` installs it."""
    program = ROOT / "var" / "tools" / "bin" / "hadolint"
    done = subprocess.run([str(program), str(DEPLOY / "Dockerfile")], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
    (tmp_path / "Dockerfile").write_text("FROM python:latest\nRUN cd /tmp && sudo pip install flask\n")
    assert subprocess.run([str(program), str(tmp_path / "Dockerfile")], capture_output=True).returncode == 1


# --- nginx in front; `make test-deploy` installs it ---


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for the site's name, signed by itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "scim.example.com")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("scim.example.com")]), critical=False)
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(pem))
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, none))
    return folder / "cert.pem", folder / "key.pem"


def _trusting(folder: Path) -> ssl.SSLContext:
    """Give TLS settings that trust the site's certificate."""
    trusted = ssl.create_default_context(cafile=str(folder / "cert.pem"))
    trusted.check_hostname = False
    return trusted


@contextlib.contextmanager
def _nginx(folder: Path, behind: int) -> Iterator[int]:
    """Serve the site as it is shipped, on another port, with a certificate of its own; gives the port."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert program, "nginx is needed: run `make test-deploy` as root, or install nginx"
    port = live.free_port()
    certificate, key = _certificate(folder)
    site = (DEPLOY / "nginx.conf").read_text()
    site = site.replace("127.0.0.1:8080", f"127.0.0.1:{behind}").replace("listen 443", f"listen 127.0.0.1:{port}")
    site = re.sub(r"    listen \[::\].*\n", "", site)
    site = re.sub(r"(ssl_certificate) .*;", rf"\1 {certificate};", site)
    site = re.sub(r"(ssl_certificate_key) .*;", rf"\1 {key};", site)
    site = site.replace("/var/log/nginx", str(folder)).replace("limit_conn scim_clients 100;", "")
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"pid {folder}/pid; error_log {folder}/error.log; worker_processes 1; worker_rlimit_nofile 30000; daemon off;"
        f"events {{ worker_connections 25000; }} http {{ {temporary}\n{site}\n}}\n"
    )
    command = [program, "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.long
def test_nginx_in_front(scim: Client, service_url: str, tmp_path: Path) -> None:
    settings = {"SCIM_DATABASE_URL": service_url, "SCIM_TABLE_PREFIX": scim.prefix, "SCIM_PROXIES": "1"}
    with (
        live.serve(settings) as base,
        _nginx(tmp_path, int(base.split(":")[2].split("/")[0])) as port,
        httpx2.Client(base_url=f"https://127.0.0.1:{port}", verify=_trusting(tmp_path), timeout=20) as client,
    ):
        answer = client.get("/scim/v2/Users?count=1", headers=scim.headers)
        assert answer.status_code == 200, "the Authorization header arrives"
        assert answer.headers["Strict-Transport-Security"]
        assert client.get("/scim/v2/ServiceProviderConfig").json()["meta"]["location"].startswith("https://")
        scim.execute("UPDATE {p}scim_token SET networks = '127.0.0.1/32'")
        assert client.get("/scim/v2/Users?count=1", headers=scim.headers).status_code == 200, "who asks arrives"
        forged = {**scim.headers, "X-Forwarded-For": "203.0.113.9"}
        assert client.get("/scim/v2/Users?count=1", headers=forged).status_code == 200, "and cannot be forged"
        for path in ("/healthz", "/readyz", "/metrics", "/"):
            assert client.get(path).status_code == 404, path
        assert client.post("/scim/v2/Users", headers=scim.headers, content=b"x" * (2 << 20)).status_code == 413
        with _idle(port, 10_000), _slow(port, 100):
            started = time.monotonic()
            assert client.get("/scim/v2/Users?count=1", headers=scim.headers).status_code == 200
            assert time.monotonic() - started < 2
        hidden = "ada@example.com"
        assert client.get(f"/scim/v2/Users/{hidden}?filter=x", headers=scim.headers).status_code == 404
        assert client.get("/scim/v2/Users/21?attributes=id", headers=scim.headers).status_code == 404
    with _nginx(tmp_path, live.free_port()) as port:
        url = f"https://127.0.0.1:{port}/scim/v2/Users?filter={hidden}"
        assert httpx2.get(url, verify=_trusting(tmp_path)).status_code == 502, "the service is away"
    text = (tmp_path / "magento-scim.log").read_text()
    assert '"GET /scim/v2/Users" 200' in text
    assert '"GET /scim/v2/Users/21" 404' in text
    assert '"GET /scim/v2/Users" 502' in text
    for log in tmp_path.glob("*.log"):
        for word in ("count=1", "filter", hidden, "ada%40"):
            assert word not in log.read_text(), f"{log.name} tells a query or a name"


@contextlib.contextmanager
def _idle(port: int, count: int) -> Iterator[None]:
    """Hold so many connections that say nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 1000), hard))
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 5))
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def _slow(port: int, count: int) -> Iterator[None]:
    """Hold so many requests whose bodies come byte by byte."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            plain = stack.enter_context(socket.create_connection(("127.0.0.1", port), 5))
            sent = stack.enter_context(context.wrap_socket(plain, server_hostname="scim.example.com"))
            sent.sendall(b"POST /scim/v2/Users HTTP/1.1\r\nHost: scim.example.com\r\nContent-Length: 1000\r\n\r\n{")
        yield
