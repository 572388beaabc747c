"""The systemd units in deploy/: they parse, name commands that there are, and systemd has nothing against them."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from app import cli
from tests.users.conftest import ROOT

UNITS = sorted((ROOT / "deploy").glob("magento-scim-*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_service_runs_a_command_that_there_is(unit: Path) -> None:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read(unit)
    program, command, *_ = parsed["Service"]["ExecStart"].split()
    assert program.endswith("/magento-scim")
    assert command in cli.main.commands
    assert unit.with_suffix(".timer").exists()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_has_nothing_against_it(unit: Path, tmp_path: Path) -> None:
    """On a machine with systemd's own judge; the program is another one that is there."""
    judge = shutil.which("systemd-analyze")
    for each in (unit, unit.with_suffix(".timer")):
        text = each.read_text().replace("/opt/magento-scim/.venv/bin/magento-scim", "/bin/true")
        (tmp_path / each.name).write_text(text)
    if judge is not None:
        files = [str(path) for path in sorted(tmp_path.iterdir())]
        done = subprocess.run([judge, "verify", *files], capture_output=True, text=True)
        assert (done.returncode, done.stderr.strip()) == (0, ""), done.stderr
