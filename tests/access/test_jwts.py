"""JSON Web Tokens of an authorization server (RFC 7519, RFC 8725), beside our own tokens."""

from typing import Any

import jwt
import pytest

from tests.access.conftest import Issuer
from tests.users.conftest import Client, Make


def _get(scim: Client, token: str, path: str = "/Users?count=0", method: str = "GET") -> Any:
    client = scim.app.test_client()
    return client.open(f"/scim/v2{path}", method=method, headers={"Authorization": f"Bearer {token}"}, json={})


def test_a_token_of_the_issuer_lets_in_and_its_keys_are_kept(make: Make, issuer: Issuer) -> None:
    scim = make(jwt=issuer.settings())
    assert [_get(scim, issuer.sign()).status_code for _ in range(5)] == [200] * 5
    assert issuer.asked == 1
    assert scim.get("/Users", count=0).status_code == 200, "our own tokens are as good as before"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example.com/"},
        {"aud": "another"},
        {"exp": 1700000000},
        {"nbf": 4000000000, "exp": 4000003600},
        {"exp": None},
        {"sub": None},
        {"aud": None},
        {"iss": None},
        {"tenant": "another"},
    ],
    ids=str,
)
def test_a_token_for_somebody_else_or_of_another_time_does_not(
    make: Make, issuer: Issuer, claims: dict[str, Any]
) -> None:
    answer = _get(make(jwt=issuer.settings()), issuer.sign(**claims))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_signature_is_by_a_key_and_an_algorithm_that_we_name(make: Make, issuer: Issuer) -> None:
    scim = make(jwt=issuer.settings())
    signed = issuer.sign()
    claims = jwt.decode(signed, options={"verify_signature": False})
    unsigned = jwt.encode(claims, None, algorithm="none", headers={"kid": "first"})
    shared = jwt.encode(claims, "k" * 64, algorithm="HS256", headers={"kid": "first"})
    head, body, signature = signed.split(".")
    for bad in (
        unsigned,
        shared,
        issuer.sign(algorithm="PS256"),
        f"{head}.{body}.{signature[:-6]}AAAAAA",
        "a.b.c",
        "..",
    ):
        assert _get(scim, bad).status_code == 401, bad
    assert _get(scim, signed).status_code == 200


def test_an_unknown_key_does_not_ask_the_issuer_each_time(make: Make, issuer: Issuer) -> None:
    scim = make(jwt=issuer.settings())
    assert _get(scim, issuer.sign()).status_code == 200
    issuer.make_key("second")
    unknown = issuer.sign("second")
    assert {_get(scim, unknown).status_code for _ in range(10)} == {401}
    assert issuer.asked == 1, "an unknown key is looked for again after half a minute"
    fresh = make(jwt=issuer.settings())
    assert _get(fresh, unknown).status_code == 200


def test_without_the_keys_the_answer_is_later_not_never(make: Make, issuer: Issuer) -> None:
    scim = make(jwt=issuer.settings())
    issuer.broken = True
    for _ in range(5):
        answer = _get(scim, issuer.sign())
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
    assert issuer.asked == 1


@pytest.mark.parametrize(
    ("claims", "otherwise", "may"),
    [
        ({}, {"read", "write"}, (200, 400)),
        ({}, {"read"}, (200, 403)),
        ({}, set(), (403, 403)),
        ({"scope": "openid scim.read"}, {"read", "write"}, (200, 403)),
        ({"scp": ["read", "write"]}, set(), (200, 400)),
        ({"roles": ["scim.write", "scim.read"]}, set(), (200, 400)),
        ({"scope": "admin"}, set(), (403, 403)),
    ],
)
def test_scopes_are_read_from_the_claims(
    make: Make, issuer: Issuer, claims: dict[str, Any], otherwise: set[str], may: tuple[int, int]
) -> None:
    scim = make(jwt=issuer.settings(scopes=frozenset(otherwise)))
    token = issuer.sign(**claims)
    assert (_get(scim, token).status_code, _get(scim, token, "/Users", "POST").status_code) == may


def test_the_journal_names_who_it_was(make: Make, issuer: Issuer) -> None:
    scim = make(jwt=issuer.settings())
    body = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada@example.com",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
    }
    headers = {"Authorization": f"Bearer {issuer.sign()}"}
    assert scim.app.test_client().post("/scim/v2/Users", json=body, headers=headers).status_code == 201
    (entry,) = scim.rows("scim_journal")
    assert (entry["actor"], entry["token_id"]) == ("jwt:entra", None)
