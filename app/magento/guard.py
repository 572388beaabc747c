"""In charge of the guard: a trigger that holds deactivated customers as they are, whoever writes (facts 4.2, 4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

import sqlalchemy as sa
from sqlalchemy import exc

from app.magento import database, doors, driver_errors, errors

TABLE = doors.TABLE
WAIT = 5  # seconds to wait for those who use the table; meanwhile everybody else waits for us
ER_TRG_ALREADY_EXISTS = 1359
PRIVILEGE = "TRIGGER"
# Whoever was active stays out of it: no look at the marks, no lock. Marks are read as they are now, not as the
# writing transaction saw them first, so that a save that began before the deactivation does not undo it.
BODY = """BEGIN
  DECLARE held VARCHAR(255) DEFAULT NULL;
  DECLARE held_group INT UNSIGNED DEFAULT NULL;
  IF OLD.is_active = 0 THEN
    SELECT MAX(doors), MAX(blocked_group_id) INTO held, held_group
      FROM `{marks}` WHERE entity_id = OLD.entity_id LOCK IN SHARE MODE;
    IF held IS NOT NULL THEN
      SET NEW.is_active = 0;
      IF FIND_IN_SET('{lock}', held) THEN
        SET NEW.lock_expires = FROM_UNIXTIME({until}), NEW.failures_num = {failures},
          NEW.first_failure = COALESCE(OLD.first_failure, NEW.first_failure, NOW());
      END IF;
      IF FIND_IN_SET('{link}', held) THEN
        SET NEW.rp_token = NULL, NEW.rp_token_created_at = NULL;
      END IF;
      IF FIND_IN_SET('{password}', held) THEN
        SET NEW.password_hash = '{unusable}';
      END IF;
      IF FIND_IN_SET('{group}', held) AND held_group IS NOT NULL THEN
        SET NEW.group_id = held_group, NEW.disable_auto_group_change = 1;
      END IF;
    END IF;
  END IF;
END"""


@dataclass(frozen=True)
class Names:
    """What the guard is called, the table that it guards and the one with the marks of who is deactivated."""

    trigger: str
    customers: str
    marks: str


@dataclass(frozen=True)
class Status:
    """Whether the guard stands as this program makes it.

    visible: False where its user may not see what a trigger does; one that is there counts as this program's then.
    """

    on: bool
    current: bool = False
    definer: str | None = None
    visible: bool = True


def status(connection: sa.Connection, names: Names) -> Status:
    """Look whether the guard is on."""
    found = connection.execute(
        sa.text(
            "SELECT action_statement AS body, definer AS definer, action_timing AS timing"
            " FROM information_schema.triggers"
            " WHERE trigger_schema = DATABASE() AND trigger_name = :trigger AND event_object_table = :customers"
        ),
        {"trigger": names.trigger, "customers": names.customers},
    ).first()
    if found is None:
        return Status(on=False, visible=_may_see(connection, names))
    if found.body is None:  # MariaDB shows the trigger, but not what it does, to a user without the privilege
        return Status(True, found.timing == "BEFORE", found.definer, visible=False)
    return Status(True, found.timing == "BEFORE" and found.body.strip() == _body(names), found.definer)


def on(engine: sa.Engine, names: Names) -> bool:
    """Make the guard, or make it anew where it is another than this program's; give whether anything was done.

    Raises NotGranted where the database user may not, Busy where the table is in use for too long.
    """
    with database.translated(), engine.connect() as connection:
        before = status(connection, names)
        if before.current and before.visible:
            return False
        connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {WAIT}")
        try:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS `{names.trigger}`")
            connection.exec_driver_sql(
                f"CREATE TRIGGER `{names.trigger}` BEFORE UPDATE ON `{names.customers}` FOR EACH ROW {_body(names)}"
            )
        except exc.DBAPIError as error:
            if driver_errors.number(error.orig) != ER_TRG_ALREADY_EXISTS:
                raise  # else another host was faster
        finally:
            connection.invalidate()  # the session's setting ends with it
    return True


def off(engine: sa.Engine, names: Names) -> bool:
    """Take the guard away; give whether there was one. Raises as on() does."""
    with database.translated(), engine.connect() as connection:
        before = status(connection, names)
        if not before.visible:
            raise errors.NotGranted(PRIVILEGE, names.customers, "it cannot even see whether there is a trigger")
        connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {WAIT}")
        try:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS `{names.trigger}`")
        finally:
            connection.invalidate()
    return before.on


def _body(names: Names) -> str:
    return BODY.format(
        marks=names.marks,
        lock=doors.LOCK,
        link=doors.LINK,
        password=doors.PASSWORD,
        group=doors.GROUP,
        until=int(doors.LOCKED_UNTIL.replace(tzinfo=UTC).timestamp()),
        failures=doors.FAILURES,
        unusable=doors.UNUSABLE,
    )


def _may_see(connection: sa.Connection, names: Names) -> bool:
    """Say whether this user has the privilege without which no trigger is shown, by the server's own lists."""
    lists = (
        "SELECT 1 FROM information_schema.user_privileges WHERE privilege_type = :p",
        "SELECT 1 FROM information_schema.schema_privileges WHERE privilege_type = :p AND DATABASE() LIKE table_schema",
        "SELECT 1 FROM information_schema.table_privileges WHERE privilege_type = :p"
        " AND table_schema = DATABASE() AND table_name = :t",
    )
    values = {"p": PRIVILEGE, "t": names.customers}
    return any(connection.execute(sa.text(each), values).first() is not None for each in lists)
