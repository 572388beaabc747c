"""Rules that say where a customer belongs: websites, store views and groups by their codes."""

import pytest

from app.mapping import reader
from tests.magento.conftest import Bench, bench, engine, opened
from tests.mapping.test_reader import LEAST

__all__ = ["bench", "engine", "opened"]
IN = "direction: in"


@pytest.mark.parametrize(
    ("rules", "problems"),
    [
        ("  store_id: {from: locale, lookup: {'de*': default, '*': default}, direction: in}\n", []),
        ("  store_id: {const: default}\n", []),
        ("  store_id: {const: 1}\n", []),
        ("  store_id: {from: locale}\n", []),
        ("  group_id: {from: userType, lookup: {Partner: wholesale, '*': '{value}'}, direction: in}\n", []),
        ("  group_id: {const: Retailer, when: 'userType eq \"Shop\"', otherwise: General}\n", []),
        (
            "  store_id: {const: defalt}\n",
            ["6:21: this shop has no store view 'defalt' that a customer may have; did you mean 'default'?"],
        ),
        (
            "  store_id: {const: eu}\n",
            ["6:21: the store view 'eu' is not of the website 'base': its customers cannot have it"],
        ),
        (
            "  store_id: {from: locale, default: eu, direction: in}\n",
            ["6:37: the store view 'eu' is not of the website 'base': its customers cannot have it"],
        ),
        (
            "  store_id: {from: locale, lookup: {de: eu, fr: fr, '*': ''}, direction: in}\n",
            [
                "6:36: the store view 'eu' is not of the website 'base': its customers cannot have it",
                "6:36: this shop has no store view 'fr' that a customer may have",
            ],
        ),
        ("  website_id: {const: eu}\n  store_id: {const: eu}\n", []),
        (
            "  website_id: {const: europe}\n",
            ["6:23: this shop has no website 'europe' that a customer may have"],
        ),
        (
            "  group_id: {const: General, when: 'userType eq \"a\"', otherwise: Wholesail}\n",
            ["6:66: this shop has no customer group 'Wholesail' that a customer may have; did you mean 'Wholesale'?"],
        ),
        (
            "  group_id: {const: 0}\n",
            ["6:21: this shop has no customer group 0 that a customer may have"],
        ),
        (
            "  website_id: {from: userType}\ntenants: {eu: {website: eu}, all: {}}\n",
            ["6:3: the tenant's `website` says where its customers are: take that out, or this rule (tenant eu)"],
        ),
        (
            "  website_id: {from: userType}\ntenants: {eu: {website: eu, override: {customer: {website_id: null}}}}\n",
            [],
        ),
        ("  website_id: {from: userType, direction: out}\ntenants: {eu: {website: eu}}\n", []),
        (
            "  store_id: {const: default}\ntenants: {eu: {website: eu}, us: {website: base}}\n",
            ["6:21: the store view 'default' is not of the website 'eu': its customers cannot have it (tenant eu)"],
        ),
    ],
)
def test_what_a_rule_names_must_be_there(bench: Bench, rules: str, problems: list[str]) -> None:
    bench.second_website()
    try:
        reader.read(LEAST + rules, "mapping.yaml", bench.shop)
        found = []
    except reader.MappingError as error:
        found = [str(problem) for problem in error.problems]
    assert found == problems


def test_shared_accounts_may_have_any_store_view(bench: Bench) -> None:
    bench.second_website()
    bench.setting("customer/account_share/scope", "0")
    assert reader.read(LEAST + "  store_id: {const: eu}\n", "mapping.yaml", bench.shop)
