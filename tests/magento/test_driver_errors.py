"""Every error of the driver has one meaning, and none is unmapped (design 5.5)."""

import inspect

import pymysql
import pytest
import sqlalchemy as sa
from pymysql import err

from app.magento import driver_errors, errors

DRIVER_CLASSES = [c for _, c in inspect.getmembers(err, inspect.isclass) if issubclass(c, err.Error)]
FULL_KEY = "for key 'customer_entity.CUSTOMER_ENTITY_EMAIL_WEBSITE_ID'"

# number, message as a server prints it, class of ours, what it must carry
ROWS = [
    (
        1062,
        f"Duplicate entry 'a@b.example-1' {FULL_KEY}",
        errors.Duplicate,
        {"key": "CUSTOMER_ENTITY_EMAIL_WEBSITE_ID"},
    ),
    (1062, "Duplicate entry 'o'b@b.cd-1' for key 'K'", errors.Duplicate, {"key": "K", "entry": "o'b@b.cd-1"}),
    (1062, "Duplicate entry 'x\ny' for key 'K'", errors.Duplicate, {"key": "K", "entry": "x\ny"}),
    (1062, "Doublon 'x'", errors.Duplicate, {"key": ""}),
    (1406, "Data too long for column 'firstname' at row 1", errors.Rejected, {"code": "firstname"}),
    (1264, "Out of range value for column 'gender' at row 1", errors.Rejected, {"code": "gender"}),
    (
        1366,
        r"Incorrect string value: '\xF0\x9F' for column `shop`.`m_customer_entity`.`lastname` at row 1",
        errors.Rejected,
        {"code": "lastname"},
    ),
    (1366, "Incorrect integer value: 'x' for column 'gender' at row 1", errors.Rejected, {"code": "gender"}),
    (
        1292,
        "Incorrect date value: 'x' for column `s`.`customer_entity`.`dob` at row 1",
        errors.Rejected,
        {"code": "dob"},
    ),
    (1048, "Column 'group_id' cannot be null", errors.Rejected, {"code": "group_id"}),
    (1364, "Field 'country_id' doesn't have a default value", errors.Rejected, {"code": "country_id"}),
    (1265, "Data truncated for column 'dob' at row 1", errors.Rejected, {"code": "dob"}),
    (1644, "not on Sundays", errors.Rejected, {"code": ""}),
    (
        1452,
        "Cannot add or update a child row: a foreign key constraint fails (`s`.`customer_entity`, CONSTRAINT `X`"
        " FOREIGN KEY (`store_id`) REFERENCES `store` (`store_id`) ON DELETE SET NULL)",
        errors.Rejected,
        {"code": "store_id"},
    ),
    (1213, "Deadlock found when trying to get lock; try restarting transaction", errors.Busy, {"retry_after": 1}),
    (1205, "Lock wait timeout exceeded; try restarting transaction", errors.Busy, {}),
    (1180, 'Got error 149 "Lock deadlock; Retry transaction" during COMMIT', errors.Busy, {}),
    (
        1142,
        "INSERT command denied to user 'x'@'localhost' for table `shop`.`customer_entity`",
        errors.NotGranted,
        {"privilege": "INSERT", "table": "customer_entity"},
    ),
    (
        1142,
        "UPDATE command denied to user 'x'@'%' for table 'quote'",
        errors.NotGranted,
        {"privilege": "UPDATE", "table": "quote"},
    ),
    (
        1143,
        "SELECT command denied to user 'x'@'%' for column 'email' in table 'customer_entity'",
        errors.NotGranted,
        {"privilege": "SELECT", "table": "customer_entity"},
    ),
    (
        1227,
        "Access denied; you need (at least one of) the SUPER privilege(s) for this operation",
        errors.NotGranted,
        {"privilege": "SUPER"},
    ),
    (2002, "Can't connect through socket", errors.Unavailable, {"lost": False}),
    (2003, "Can't connect to MySQL server on '127.0.0.1'", errors.Unavailable, {"retry_after": 5, "lost": False}),
    (2006, "MySQL server has gone away", errors.Unavailable, {"lost": True}),
    (2013, "Lost connection to MySQL server during query", errors.Unavailable, {"lost": True}),
    (1927, "Connection was killed", errors.Unavailable, {"lost": True}),
    (4031, "The client was disconnected by the server because of inactivity.", errors.Unavailable, {"lost": True}),
    (1040, "Too many connections", errors.Unavailable, {}),
    (1203, "User x already has more than 'max_user_connections' active connections", errors.Unavailable, {}),
    (1290, "The server is running with the --read-only option", errors.Unavailable, {"retry_after": 30}),
    (1836, "Running in read-only mode", errors.Unavailable, {"retry_after": 30}),
    (1114, "The table 'customer_entity' is full", errors.Unavailable, {"retry_after": 60}),
    (1021, "Disk full", errors.Unavailable, {"retry_after": 60}),
    (1047, "WSREP has not yet prepared node for application use", errors.Busy, {"retry_after": 10}),
    (1054, "Unknown column 'x' in 'field list'", errors.Unsupported, {}),
    (1146, "Table 'shop.customer_grid_flat' doesn't exist", errors.Unsupported, {}),
    (1064, "You have an error in your SQL syntax", errors.Fault, {}),
]


def _wrapped(original: Exception) -> sa.exc.DBAPIError:
    error = sa.exc.DBAPIError.instance("SELECT 1", None, original, pymysql.err.Error)
    assert isinstance(error, sa.exc.DBAPIError)
    return error


def _class_of(number: int) -> type[Exception]:
    return err.error_map.get(number) or (err.InternalError if number < 1000 else err.OperationalError)


@pytest.mark.parametrize(
    ("number", "message", "kind", "carried"), ROWS, ids=[f"{r[0]}-{i}" for i, r in enumerate(ROWS)]
)
def test_a_number_means(number: int, message: str, kind: type[errors.ShopError], carried: dict[str, object]) -> None:
    found = driver_errors.translate(_wrapped(_class_of(number)(number, message)))
    assert type(found) is kind, f"{number} {message!r} became {found!r}"
    assert {name: getattr(found, name) for name in carried} == carried


@pytest.mark.parametrize("driver_class", DRIVER_CLASSES, ids=lambda c: c.__name__)
def test_no_class_of_the_driver_is_unmapped(driver_class: type[Exception]) -> None:
    assert driver_class.__name__ in driver_errors.CLASSES, f"say in CLASSES what {driver_class.__name__} means"
    found = driver_errors.translate(_wrapped(driver_class(65000, "never seen before")))
    assert isinstance(found, errors.ShopError)


@pytest.mark.parametrize("number", sorted(err.error_map))
def test_no_number_of_the_driver_is_unmapped(number: int) -> None:
    found = driver_errors.translate(_wrapped(err.error_map[number](number, "as the server prints it")))
    assert isinstance(found, errors.ShopError)


def test_what_carries_no_number_is_ours_to_mend() -> None:
    assert isinstance(driver_errors.translate(sa.exc.ArgumentError("no")), errors.Fault)
    assert isinstance(driver_errors.translate(_wrapped(err.InterfaceError("no number"))), errors.Unavailable)


def test_all_connections_in_use_is_unavailable() -> None:
    found = driver_errors.translate(sa.exc.TimeoutError("QueuePool limit"))
    assert isinstance(found, errors.Unavailable)
    assert found.retry_after == 2
