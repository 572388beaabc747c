"""In charge of what the database driver's error numbers mean. One row each; unknown numbers go by class."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlalchemy import exc

from app.magento import errors

# Numbers after which the connection is of no more use (SQLAlchemy knows the client's own 20xx ones).
# Or are to be made anew, since the server behind the name may be another one by now: it takes no writes (any more).
READ_ONLY = frozenset({1290, 1792, 1836})
CONNECTION_ENDED = READ_ONLY | {1053, 1077, 1079, 1152, 1184, 1927, 2006, 2013, 2014, 2045, 2055, 4031}

Translation = Callable[[int, str], errors.ShopError]

_COLUMN = re.compile(r"(?:column|Column|Field|field) [`'](?:[^`']*[`']\.[`'])*([^`'.]+)[`']")
_DUPLICATE = re.compile(r"Duplicate entry '(.*)' for key '(?:[^'.]*\.)?([^']*)'", re.DOTALL)
_DENIED = re.compile(r"^(\S+) command denied to user .* for (?:table|column) .*?[`']?([A-Za-z0-9_$]+)[`']\s*$")
_NEEDED = re.compile(r"at least one of\) the (.+?) privilege")
_FOREIGN = re.compile(r"FOREIGN KEY \(`([^`]+)`\)")


def number(error: BaseException | None) -> int:
    """Give the server's or client's error number of a driver error, 0 when it carries none."""
    arguments = getattr(error, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0


def translate(error: exc.SQLAlchemyError) -> errors.ShopError:
    """Turn a driver error, as SQLAlchemy hands it on, into one of ours."""
    if isinstance(error, exc.TimeoutError):
        return errors.Unavailable("every database connection of this process is in use", 2)
    original = error.orig if isinstance(error, exc.DBAPIError) else None
    if original is None:
        return errors.Fault(str(error))
    code = number(original)
    message = str(original.args[1]) if len(original.args) > 1 else str(original)
    row = NUMBERS.get(code)
    if row is not None:
        return row(code, message)
    for base in type(original).__mro__:
        if base.__name__ in CLASSES:
            return CLASSES[base.__name__](code, message)
    return errors.Fault(f"{type(original).__name__}: {message}")


def _column(message: str) -> str:
    found = _COLUMN.search(message)
    return found.group(1) if found else ""


def _duplicate(_code: int, message: str) -> errors.ShopError:
    found = _DUPLICATE.search(message)
    return errors.Duplicate(found.group(2), found.group(1)) if found else errors.Duplicate("", message)


def _rejected(reason: str) -> Translation:
    def row(_code: int, message: str) -> errors.ShopError:
        return errors.Rejected(_column(message), f"{reason} ({message})")

    return row


def _foreign_key(_code: int, message: str) -> errors.ShopError:
    found = _FOREIGN.search(message)
    return errors.Rejected(found.group(1) if found else "", "it names a row that is not there, or is still in use")


def _again(_code: int, message: str) -> errors.ShopError:
    return errors.Busy(f"the database gave way to somebody else's change: {message}")


def _not_ready(_code: int, message: str) -> errors.ShopError:
    return errors.Busy(f"the database is not ready: {message}", 10)


def _away(retry_after: int) -> Translation:
    def row(code: int, message: str) -> errors.ShopError:
        return errors.Unavailable(f"the database cannot be used: {message}", retry_after, lost=code in CONNECTION_ENDED)

    return row


def _slow(_code: int, message: str) -> errors.ShopError:
    return errors.Slow(f"a statement took too long: {message}", 30)


def _denied(_code: int, message: str) -> errors.ShopError:
    table, needed = _DENIED.search(message), _NEEDED.search(message)
    if table:
        return errors.NotGranted(table.group(1).upper(), table.group(2), message)
    return errors.NotGranted(needed.group(1) if needed else "", "", message)


def _binary_log(_code: int, message: str) -> errors.ShopError:
    return errors.NotGranted("SUPER or the server's setting log_bin_trust_function_creators=1", "", message)


def _unsupported(_code: int, message: str) -> errors.ShopError:
    return errors.Unsupported(f"the shop's tables are not as expected: {message}")


def _fault(code: int, message: str) -> errors.ShopError:
    return errors.Fault(f"{code} {message}")


NUMBERS: dict[int, Translation] = {
    1062: _duplicate,  # ER_DUP_ENTRY
    1586: _duplicate,  # ER_DUP_ENTRY_WITH_KEY_NAME
    1859: _duplicate,  # ER_DUP_UNKNOWN_IN_INDEX
    1406: _rejected("it is too long for the shop"),  # ER_DATA_TOO_LONG
    1264: _rejected("the number is out of range"),  # ER_WARN_DATA_OUT_OF_RANGE
    1690: _rejected("the number is out of range"),  # ER_DATA_OUT_OF_RANGE
    1366: _rejected("the shop cannot store these characters or this type"),  # ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
    1267: _rejected("the shop cannot compare these characters"),  # ER_CANT_AGGREGATE_2COLLATIONS
    1265: _rejected("the shop would store it cut"),  # WARN_DATA_TRUNCATED
    1292: _rejected("it is not a value of the column's type"),  # ER_TRUNCATED_WRONG_VALUE
    1411: _rejected("it is not a value of the column's type"),  # ER_WRONG_VALUE_FOR_TYPE
    1300: _rejected("it is not valid text"),  # ER_INVALID_CHARACTER_STRING
    3854: _rejected("it is not valid text"),  # ER_INVALID_CHARACTER_STRING, MySQL 8
    1048: _rejected("it must not be empty"),  # ER_BAD_NULL_ERROR
    1364: _rejected("it must be given"),  # ER_NO_DEFAULT_FOR_FIELD
    1644: _rejected("a trigger of this shop refused it"),  # ER_SIGNAL_EXCEPTION
    3819: _rejected("a check of this shop refused it"),  # ER_CHECK_CONSTRAINT_VIOLATED, MySQL
    4025: _rejected("a check of this shop refused it"),  # ER_CONSTRAINT_FAILED, MariaDB
    1153: _rejected("it is larger than the database accepts"),  # ER_NET_PACKET_TOO_LARGE
    1216: _foreign_key,  # ER_NO_REFERENCED_ROW
    1217: _foreign_key,  # ER_ROW_IS_REFERENCED
    1451: _foreign_key,  # ER_ROW_IS_REFERENCED_2
    1452: _foreign_key,  # ER_NO_REFERENCED_ROW_2
    1020: _again,  # ER_CHECKREAD: MariaDB with innodb_snapshot_isolation
    1180: _again,  # ER_ERROR_DURING_COMMIT: Galera
    1205: _again,  # ER_LOCK_WAIT_TIMEOUT
    1213: _again,  # ER_LOCK_DEADLOCK, also Galera's certification failure at commit
    1614: _again,  # ER_XA_RBDEADLOCK
    3058: _again,  # ER_USER_LOCK_DEADLOCK
    3101: _again,  # ER_TRANSACTION_ROLLBACK_DURING_COMMIT: group replication
    3572: _again,  # ER_LOCK_NOWAIT
    1021: _away(60),  # ER_DISK_FULL
    1114: _away(60),  # ER_RECORD_FILE_FULL
    1040: _away(5),  # ER_CON_COUNT_ERROR
    1041: _away(30),  # ER_OUT_OF_RESOURCES
    1037: _away(30),  # ER_OUTOFMEMORY
    1047: _not_ready,  # ER_UNKNOWN_COM_ERROR: Galera "WSREP has not yet prepared node"
    1053: _away(5),  # ER_SERVER_SHUTDOWN
    1077: _away(5),  # ER_NORMAL_SHUTDOWN
    1079: _away(5),  # ER_SHUTDOWN_COMPLETE
    1129: _away(60),  # ER_HOST_IS_BLOCKED
    1130: _away(60),  # ER_HOST_NOT_PRIVILEGED
    1152: _away(5),  # ER_ABORTING_CONNECTION
    1184: _away(5),  # ER_NEW_ABORTING_CONNECTION
    1158: _away(5),  # ER_NET_READ_ERROR
    1159: _away(5),  # ER_NET_READ_INTERRUPTED
    1160: _away(5),  # ER_NET_ERROR_ON_WRITE
    1161: _away(5),  # ER_NET_WRITE_INTERRUPTED
    1203: _away(5),  # ER_TOO_MANY_USER_CONNECTIONS
    1226: _away(60),  # ER_USER_LIMIT_REACHED
    1206: _away(10),  # ER_LOCK_TABLE_FULL
    1223: _away(10),  # ER_CANT_UPDATE_WITH_READLOCK
    1290: _away(30),  # ER_OPTION_PREVENTS_STATEMENT: --read-only
    1792: _away(30),  # ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
    1836: _away(30),  # ER_READ_ONLY_MODE
    1317: _away(5),  # ER_QUERY_INTERRUPTED
    1637: _away(5),  # ER_TOO_MANY_CONCURRENT_TRXS
    1927: _away(5),  # ER_CONNECTION_KILLED, MariaDB
    1969: _slow,  # ER_STATEMENT_TIMEOUT, MariaDB
    3024: _slow,  # ER_QUERY_TIMEOUT, MySQL
    3100: _away(10),  # ER_RUN_HOOK_ERROR: group replication
    4031: _away(5),  # ER_CLIENT_INTERACTION_TIMEOUT, MySQL
    2002: _away(5),  # CR_CONNECTION_ERROR
    2003: _away(5),  # CR_CONN_HOST_ERROR
    2005: _away(30),  # CR_UNKNOWN_HOST
    2006: _away(5),  # CR_SERVER_GONE_ERROR
    2013: _away(5),  # CR_SERVER_LOST
    2014: _away(5),  # CR_COMMANDS_OUT_OF_SYNC
    2026: _away(60),  # CR_SSL_CONNECTION_ERROR
    2027: _away(5),  # CR_MALFORMED_PACKET
    2045: _away(5),  # CR_SHARED_MEMORY_CONNECT_SET_ERROR
    2055: _away(5),  # CR_SERVER_LOST_EXTENDED
    2061: _away(60),  # CR_AUTH_PLUGIN_ERR
    1044: _denied,  # ER_DBACCESS_DENIED_ERROR
    1045: _away(60),  # ER_ACCESS_DENIED_ERROR: wrong user or password
    1049: _away(60),  # ER_BAD_DB_ERROR
    1698: _away(60),  # ER_ACCESS_DENIED_NO_PASSWORD_ERROR
    1142: _denied,  # ER_TABLEACCESS_DENIED_ERROR
    1143: _denied,  # ER_COLUMNACCESS_DENIED_ERROR
    1227: _denied,  # ER_SPECIFIC_ACCESS_DENIED_ERROR
    1370: _denied,  # ER_PROCACCESS_DENIED_ERROR
    1419: _binary_log,  # ER_BINLOG_CREATE_ROUTINE_NEED_SUPER
    1054: _unsupported,  # ER_BAD_FIELD_ERROR
    1146: _unsupported,  # ER_NO_SUCH_TABLE
    1412: _again,  # ER_TABLE_DEF_CHANGED: Magento rebuilt a table under way
}

CLASSES: dict[str, Translation] = {
    "IntegrityError": _rejected("the database refused it"),
    "DataError": _rejected("the database refused it"),
    "NotSupportedError": _unsupported,
    "OperationalError": _away(5),
    "InterfaceError": _away(5),
    "InternalError": _fault,
    "ProgrammingError": _fault,
    "DatabaseError": _fault,
    "Error": _fault,
}
