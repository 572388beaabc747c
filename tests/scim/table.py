"""Test tables: a row is the numbers of the requirements that it shows, then the test's arguments."""

from typing import Any

import pytest

from app.scim import attributes

USER = attributes.USER_TYPE
GROUP = attributes.GROUP_TYPE
CORE = attributes.USER.urn
ENTERPRISE = attributes.ENTERPRISE_USER.urn


def rows(*table: tuple[Any, ...]) -> list[Any]:
    """Make pytest parameters of rows, with the marker of their requirements."""
    return [
        pytest.param(*row[1:], marks=[pytest.mark.requirement(*_numbers(row[0]))], id=_name(row[1])) for row in table
    ]


def _numbers(given: Any) -> tuple[int, ...]:
    return given if isinstance(given, tuple) else (given,)


def _name(value: Any) -> str:
    return str(value)[:70]


def ada() -> dict[str, Any]:
    """Give a user with a bit of everything."""
    return {
        "schemas": [CORE, ENTERPRISE],
        "id": "7",
        "externalId": "Ext-7",
        "userName": "Ada@Example.com",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "displayName": "Ada Lovelace",
        "title": "Countess",
        "userType": "Employee",
        "active": True,
        "emails": [
            {"value": "ada@example.com", "type": "work", "primary": True},
            {"value": "ada@home.example.org", "type": "home"},
        ],
        "phoneNumbers": [{"value": "+1", "type": "mobile"}],
        "x509Certificates": [{"value": "AQID"}],
        ENTERPRISE: {"employeeNumber": "42", "manager": {"value": "aB3", "displayName": "Babbage"}},
        "meta": {
            "resourceType": "User",
            "created": "2011-05-13T04:42:34Z",
            "lastModified": "2011-05-13T06:42:34.5+02:00",
        },
    }
