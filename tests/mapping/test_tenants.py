"""The tenants of mapping.yaml: who they are, and the file's tree as it stands for each."""

from typing import Any

import pytest

from app.mapping import reader, rules, yamlfile
from app.mapping.reading import tenants as reading
from tests.magento.conftest import Bench, bench, engine, opened
from tests.mapping.test_reader import LEAST

__all__ = ["bench", "engine", "opened"]
OVERRIDE = "tenants:\n  us:\n    override:\n"


@pytest.fixture
def europe(bench: Bench) -> Bench:
    """A shop with a second website, eu."""
    bench.second_website()
    return bench


def _read(bench: Bench, text: str) -> rules.Rulebook:
    return reader.read(text, "mapping.yaml", bench.shop)


def test_without_tenants_there_is_one_called_default(bench: Bench) -> None:
    (tenant,) = _read(bench, LEAST).tenants.values()
    assert (tenant.name, tenant.website_id, tenant.profile) == ("default", None, None)


def test_each_tenant_has_its_website_profile_and_rules(europe: Bench) -> None:
    text = LEAST + (
        "  taxvat: title\n"
        "tenants:\n"
        "  eu: {website: eu, profile: miniorange}\n"
        "  us:\n    website: base\n    override: {customer: {taxvat: nickName}}\n"
        "  plain:\n"
    )
    found = _read(europe, text).tenants
    website = europe.shop.stores.website_by_code("eu")
    assert website is not None
    assert [(tenant.name, tenant.website_id, tenant.profile) for tenant in found.values()] == [
        ("eu", website.website_id, "miniorange"),
        ("us", 1, None),
        ("plain", None, None),
    ]
    sources = {name: str(tenant.ruleset.rule("taxvat").sources[0]) for name, tenant in found.items()}  # type: ignore[union-attr]
    assert sources == {"eu": "title", "us": "nickName", "plain": "title"}


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ({"a": 1}, {"b": 2}, {"b": 2, "a": 1}),
        ({"a": 1, "b": 2}, {"b": 3}, {"a": 1, "b": 3}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}}, {"a": {"x": 1, "y": 3}}),
        ({"a": {"x": 1}}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {"a": {"x": 2}}, {"a": {"x": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"b": 2}, {"a": None}, {"b": 2}),
        ({"a": None}, {}, {"a": None}),
        ({"a": {"x": 1}}, {"a": {"x": None}}, {"a": {}}),
        ({"t": {"de*": 1, "*": 2}}, {"t": {"fr*": 3}}, {"t": {"fr*": 3, "de*": 1, "*": 2}}),
    ],
)
def test_an_override_is_laid_over_the_file(base: Any, over: Any, merged: Any) -> None:
    def tree(value: Any) -> yamlfile.Node:
        if isinstance(value, dict):
            keys = {key: yamlfile.Node(key, 1, 1, text=key) for key in value}
            return yamlfile.Node({key: tree(held) for key, held in value.items()}, 1, 1, keys)
        return yamlfile.Node([tree(one) for one in value] if isinstance(value, list) else value, 1, 1)

    found = reading.merged(tree(base), tree(over))
    assert found.plain() == merged
    assert [key.text for key, _ in found.items()] == list(merged), "in this order"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (LEAST + "tenants: [eu]\n", ["6:10: tenants must be a mapping of words to values, not a list"]),
        (LEAST + "tenants: {EU: {}}\n", ["6:11: 'EU' is no tenant's name: *"]),
        (LEAST + "tenants: {v2: {}}\n", ["6:11: 'v2' is no tenant's name: *"]),
        (LEAST + "tenants: {a/b: {}}\n", ["6:11: 'a/b' is no tenant's name: *"]),
        (LEAST + "tenants: {eu: yes}\n", ["6:15: the tenant eu must be a mapping of words to values, not 'yes'"]),
        (
            LEAST + "tenants: {eu: {websit: eu}}\n",
            ["6:16: the tenant eu has no word 'websit'; did you mean 'website'?"],
        ),
        (LEAST + "tenants: {eu: {website: eur}}\n", ["6:25: this shop has no website 'eur'; did you mean 'eu'?"]),
        (LEAST + "tenants: {eu: {website: admin}}\n", ["6:25: this shop has no website 'admin'"]),
        (
            LEAST + "tenants: {eu: {profile: octa}}\n",
            ["6:25: profile is one of *, not 'octa'; did you mean 'okta'?"],
        ),
        (LEAST + "tenants: {eu: {override: 1}}\n", ["6:26: override must be a mapping of words to values, not '1'"]),
        (
            LEAST + OVERRIDE + "      version: 2\n      tenants: {}\n",
            [
                "9:7: 'version' holds for the whole file: no tenant has its own",
                "10:7: 'tenants' holds for the whole file: no tenant has its own",
            ],
        ),
        (
            LEAST + OVERRIDE + "      custmer: {}\n",
            ["9:7: mapping.yaml has no word 'custmer'; did you mean 'customer'?"],
        ),
        (
            LEAST + OVERRIDE + "      customer:\n        lastname: name.famlyName\n",
            ["10:19: no such path 'name.famlyName': *; did you mean 'name.familyName'?"],
        ),
        (
            LEAST + OVERRIDE + "      customer: {lastname: null}\n",
            ["3:3: the shop requires lastname (Last Name), and no rule writes it"],
        ),
        (
            LEAST.replace("userName", "usrName") + "tenants: {a: {}, b: {}}\n",
            ["3:10: no such path 'usrName': *; did you mean 'userName'?"],
        ),
        (
            LEAST + "tenants:\n  a: {}\n  b: {override: {customer: {lastname: null}}}\n",
            ["3:3: the shop requires lastname (Last Name), and no rule writes it (tenant b)"],
        ),
    ],
)
def test_mistakes_keep_their_place(europe: Bench, text: str, problems: list[str]) -> None:
    with pytest.raises(reader.MappingError) as caught:
        _read(europe, text)
    found = [str(problem) for problem in caught.value.problems]
    assert len(found) == len(problems), found
    for message, wanted in zip(found, problems, strict=True):
        head, star, tail = wanted.partition("*")
        assert (message[: len(head)], message[len(message) - len(tail) :]) == (head, tail)
        assert star or message == wanted, message
