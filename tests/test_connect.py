"""`magento-scim connect`: what to paste, with and without a shop at hand, for any tenant."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from app import cli
from app.idp import catalogue

ROOT = Path(__file__).parent.parent
TENANTS = [
    ("default", "https://scim.example.org/scim/v2", "https://scim.example.org/scim/v2"),
    ("default", "https://scim.example.org/scim/v2/", "https://scim.example.org/scim/v2"),
    ("eu", "https://scim.example.org/scim/v2", "https://scim.example.org/scim/eu/v2"),
    ("eu", "https://scim.example.org/scim/eu/v2", "https://scim.example.org/scim/eu/v2"),
]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No shop, no sandbox."""
    monkeypatch.chdir(tmp_path)
    for name in ("SCIM_DATABASE_URL", "MAGENTO_ROOT", "SCIM_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, database: sa.Engine, shop_url: str, table_prefix: str) -> None:
    monkeypatch.setenv("SCIM_DATABASE_URL", shop_url)
    monkeypatch.setenv("SCIM_TABLE_PREFIX", table_prefix)
    monkeypatch.setenv("SCIM_MAPPING", str(ROOT / "mapping.yaml"))


def _connect(*words: str) -> Result:
    return CliRunner().invoke(cli.main, ["connect", *words])


def _json(*words: str) -> dict[str, Any]:
    done = _connect(*words, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.output)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", catalogue.names())
def test_every_identity_provider_has_its_values(name: str, alone: None) -> None:
    provider, done = catalogue.get(name), _connect(name)
    assert done.exit_code == 0, done.output
    assert provider.guide in done.output
    assert all(row.ours in done.output for row in provider.attributes), "no value is cut"
    if provider.fields:
        assert "https://shop.example.com/scim/v2" in done.output
        assert "The host is an example: set SCIM_BASE_URL" in done.output
        assert f"what `magento-scim token create {name}` prints" in done.output
        assert f"SCIM_PROFILE={provider.profile}" in done.output
    assert "{url}" not in done.output
    assert "{token}" not in done.output


@pytest.mark.parametrize(("tenant", "given", "pasted"), TENANTS)
def test_each_tenant_has_its_url_token_and_profile(tenant: str, given: str, pasted: str, alone: None) -> None:
    told = _json("entra", "--tenant", tenant, "--url", given)
    assert told["base_url"] == pasted
    assert told["fields"]["Tenant URL"] == f"{pasted}?aadOptscim062020"
    assert told["token_command"].endswith("--tenant eu" if tenant == "eu" else "create entra")
    wanted = "tenants: {eu: {profile: entra}} in mapping.yaml" if tenant == "eu" else "SCIM_PROFILE=entra"
    assert told["set_profile"] == wanted


def test_what_onelogin_pastes_is_json(alone: None) -> None:
    template = json.loads(_json("onelogin")["fields"]["SCIM JSON Template"])
    assert template["emails"] == [{"value": "{$user.email}", "type": "work", "primary": True}]


def test_a_url_of_no_tenant_is_told(alone: None) -> None:
    done = _connect("okta", "--tenant", "eu", "--url", "https://scim.example.org/api")
    assert (done.exit_code, "does not end in /v2" in done.output) == (1, True)


def test_http_is_warned_of(alone: None) -> None:
    assert "not https://" in _json("okta", "--url", "http://scim.example.org/scim/v2")["warnings"][0]


def test_with_a_shop_it_says_where_the_values_go(shop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIM_BASE_URL", "https://scim.example.org/scim/v2/")
    told = _json("miniorange")
    assert (told["base_url"], told["warnings"]) == ("https://scim.example.org/scim/v2", [])
    goes = {row["scim"]: row["shop"] for row in told["user_attributes"]}
    assert goes['emails[type eq "work"].value'] == ["email"]
    assert goes["displayName"] == ["firstname", "lastname"], "their defaults are made of it"
    assert goes["active"] == ["is_active"]
    assert goes["name.middleName"] == ["middlename"], "the mapping reads more than the six rows"
    assert "in the shop" in _connect("miniorange").output


def test_a_mapping_with_mistakes_is_no_reason_to_say_nothing(
    shop: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text("version: 1\ncustomer: {emial: userName}\n")
    monkeypatch.setenv("SCIM_MAPPING", str(path))
    told = _json("okta")
    assert any(warning.startswith("Where the values go is not shown: The mapping has") for warning in told["warnings"])
