"""What we know of identity providers, as data: each file is whole, and fits the service and its guide."""

import json
from pathlib import Path

import pytest

from app.idp import catalogue, comparison, fictions, made
from app.scim import attributes, paths, profiles

NAMES = catalogue.names()


@pytest.fixture(params=NAMES)
def provider(request: pytest.FixtureRequest) -> catalogue.Provider:
    return catalogue.get(request.param)


def test_every_profile_has_its_identity_provider() -> None:
    known = {catalogue.get(name).profile for name in NAMES} - {None}
    assert known == set(profiles.PROFILES) - {"lenient", "strict"}
    assert set(catalogue.simulated()) == known, "all but Google can be played"


def test_steps_name_only_what_an_earlier_step_has_shown(provider: catalogue.Provider) -> None:
    for part in provider.parts:
        shown: set[str] = set()
        for step in part.steps:
            sent = [step.path, step.query, step.body, step.headers]
            used = set(comparison.PLACEHOLDER.findall(json.dumps(sent)))
            unknown = {name for name in used if name.partition(":")[0] not in fictions.KINDS} - shown
            assert not unknown, f"{part.name}, {step.title}: {unknown}"
            shown |= set(comparison.PLACEHOLDER.findall(json.dumps(step.answer)))


def test_what_is_made_is_compared_by_its_name(provider: catalogue.Provider) -> None:
    """So that an answer about somebody else ends the part before anything is changed."""
    for part in provider.parts:
        for step in part.steps:
            if step.method == "POST" and 201 in step.status:
                name = made.NAMES[made.endpoint_of(step.path)]
                assert {"id", name} <= set(step.answer), f"{part.name}: {step.title}"


def test_every_kind_of_change_is_played(provider: catalogue.Provider) -> None:
    if provider.parts:
        methods = {step.method for part in provider.parts for step in part.steps}
        assert methods == {"GET", "POST", "PUT", "PATCH", "DELETE"} - ({"PUT"} if provider.name == "entra" else set())


def test_attribute_rows_are_paths(provider: catalogue.Provider) -> None:
    for row in provider.attributes:
        assert paths.parse(row.ours, attributes.USER_TYPE)
    for row in provider.groups:
        assert paths.parse(row.ours, attributes.GROUP_TYPE)


def test_an_unknown_word_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    (tmp_path / "x.yaml").write_text("title: X\nguide: y\nswitchs: []\n")
    with pytest.raises(ValueError, match="x: a provider has no switchs"):
        catalogue.get("x")
