"""One app per profile for all golden files."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import flask
import pytest

import app as magento_scim
from app import config
from app.ledger import tables
from app.scim import profiles
from tests.users.conftest import ROOT
from tests.users.conftest import ledger_tables as ledger_tables

AppOf = Callable[[str, Mapping[str, Any], Mapping[str, str]], flask.Flask]


@pytest.fixture(scope="session")
def app_of(
    service_url: str, table_prefix: str, ledger_tables: tables.Tables, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AppOf]:
    """Give the app under a profile, some of its switches and some rules set otherwise; made once each."""
    made: dict[tuple[str, str, str], flask.Flask] = {}

    def mapped(rules: Mapping[str, str]) -> Path:
        lines = (ROOT / "mapping.yaml").read_text().splitlines()
        for code, rule in rules.items():
            lines = [f"  {code}: {rule}" if line.startswith(f"  {code}:") else line for line in lines]
        path = tmp_path_factory.mktemp("mapping") / "mapping.yaml"
        path.write_text("\n".join(lines))
        return path

    def build(profile: str, switches: Mapping[str, Any], rules: Mapping[str, str]) -> flask.Flask:
        key = (profile, repr(sorted(switches.items())), repr(sorted(rules.items())))
        if key not in made:
            environment = {"SCIM_DATABASE_URL": service_url, "SCIM_TABLE_PREFIX": table_prefix, "SCIM_PROFILE": profile}
            environment["SCIM_SEEN"] = "0"
            settings = config.read({**environment, "SCIM_MAPPING": str(mapped(rules))})
            made[key] = magento_scim.create_app(settings)
            made[key].extensions["magento-scim"].profile = replace(profiles.PROFILES[profile], **switches)
        return made[key]

    yield build
    for app in made.values():
        app.extensions["magento-scim"].shop.dispose()
