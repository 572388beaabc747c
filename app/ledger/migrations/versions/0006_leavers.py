"""Leavers: what deactivation took of a customer, deleted users that the shop keeps, deletions that wait, a count."""

from alembic import context, op

revision = "0006"
down_revision = "0005"

LINK = {
    "deleted_at": "deleted_at DATETIME NULL COMMENT 'UTC; since then the user is gone for its identity provider'",
    "deleted_how": "deleted_how VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL"
    " COMMENT 'deactivate: kept, held: waits for a person, anonymize: nobody any more'",
    "former_name": "former_name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL"
    " COMMENT 'the user_name of a deleted user, which others may take'",
}
KEYS = {
    "scim_link_former_name": "(tenant, former_name)",
    "scim_link_deleted_at": "(deleted_at)",
}


def upgrade() -> None:
    """Make tables and columns; each statement can be run again, since MySQL cannot take a half-run migration back."""
    prefix = context.config.attributes["prefix"]
    _extend_links(prefix)
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_inactive` (
          entity_id INT UNSIGNED NOT NULL PRIMARY KEY,
          since DATETIME NOT NULL COMMENT 'UTC',
          doors VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
            COMMENT 'what is held shut, in the words of lifecycle.deactivate, joined by commas',
          lock_expires DATETIME NULL COMMENT 'as it was before, UTC',
          first_failure DATETIME NULL COMMENT 'as it was before, UTC',
          failures_num SMALLINT NULL COMMENT 'as it was before',
          password_hash VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL
            COMMENT 'as it was before, where scramble_password is held',
          group_id INT UNSIGNED NULL COMMENT 'as it was before, where block_group is held',
          disable_auto_group_change SMALLINT NULL COMMENT 'as it was before, where block_group is held',
          blocked_group_id INT UNSIGNED NULL COMMENT 'the group that the customer is held in',
          reset_event_id INT UNSIGNED NULL COMMENT 'the row that keeps reset mails away',
          KEY `{prefix}scim_inactive_group` (group_id),
          CONSTRAINT `{prefix}scim_inactive_customer` FOREIGN KEY (entity_id)
            REFERENCES `{prefix}customer_entity` (entity_id) ON DELETE CASCADE
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_held` (
          held_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
          entity_id INT UNSIGNED NOT NULL,
          tenant VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          action VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'remove or anonymize',
          was_active SMALLINT NOT NULL COMMENT 'whether the user was active before',
          held_at DATETIME NOT NULL COMMENT 'UTC',
          UNIQUE KEY `{prefix}scim_held_customer` (entity_id),
          CONSTRAINT `{prefix}scim_held_customer` FOREIGN KEY (entity_id)
            REFERENCES `{prefix}customer_entity` (entity_id) ON DELETE CASCADE
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_departure` (
          departure_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
          tenant VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          entity_id INT UNSIGNED NOT NULL COMMENT 'who may be gone by now',
          kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'deactivate or delete',
          left_at DATETIME NOT NULL COMMENT 'UTC',
          KEY `{prefix}scim_departure_left_at` (tenant, left_at)
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
    # The row that deletions of a tenant hold while they are counted, so that they are counted one by one.
    op.execute(f"INSERT IGNORE INTO `{prefix}scim_setting` VALUES ('breaker', '')")  # noqa: S608


def _extend_links(prefix: str) -> None:
    connection, table = op.get_bind(), f"`{prefix}scim_link`"
    there = {row[0] for row in connection.exec_driver_sql(f"SHOW COLUMNS FROM {table}")}
    for name, definition in LINK.items():
        if name not in there:
            op.execute(f"ALTER TABLE {table} ADD COLUMN {definition}")
    keys = {row[2] for row in connection.exec_driver_sql(f"SHOW INDEX FROM {table}")}
    for name, columns in KEYS.items():
        if f"{prefix}{name}" not in keys:
            op.execute(f"ALTER TABLE {table} ADD KEY `{prefix}{name}` {columns}")
