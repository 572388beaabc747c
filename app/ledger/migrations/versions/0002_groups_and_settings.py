"""Groups as identity providers know them, memberships, our own settings, and whom a token stands for."""

import secrets

from alembic import context, op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables; each statement can be run again, since MySQL cannot take a half-run migration back."""
    prefix = context.config.attributes["prefix"]
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_group` (
          group_id INT UNSIGNED NOT NULL PRIMARY KEY,
          tenant VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          name_key VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
            COMMENT 'the name as compared: case folded and composed',
          display_name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
            COMMENT 'whole; the shop keeps 32 characters',
          external_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
          version BIGINT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'counts changes, of members too',
          created_at DATETIME NOT NULL COMMENT 'UTC',
          modified_at DATETIME NOT NULL COMMENT 'UTC',
          UNIQUE KEY `{prefix}scim_group_name` (tenant, name_key),
          KEY `{prefix}scim_group_external_id` (tenant, external_id),
          CONSTRAINT `{prefix}scim_group_group` FOREIGN KEY (group_id)
            REFERENCES `{prefix}customer_group` (customer_group_id) ON DELETE CASCADE
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_membership` (
          membership_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'rises: the newest is the highest',
          group_id INT UNSIGNED NOT NULL,
          entity_id INT UNSIGNED NOT NULL,
          UNIQUE KEY `{prefix}scim_membership_member` (group_id, entity_id),
          KEY `{prefix}scim_membership_customer` (entity_id),
          CONSTRAINT `{prefix}scim_membership_group` FOREIGN KEY (group_id)
            REFERENCES `{prefix}customer_group` (customer_group_id) ON DELETE CASCADE,
          CONSTRAINT `{prefix}scim_membership_customer` FOREIGN KEY (entity_id)
            REFERENCES `{prefix}customer_entity` (entity_id) ON DELETE CASCADE
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_setting` (
          name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
          value VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
    op.execute(
        f"INSERT IGNORE INTO `{prefix}scim_setting` VALUES ('cursor_key', '{secrets.token_hex(32)}'),"  # noqa: S608
        " ('installed_at', DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%dT%H:%i:%s'))"
    )
    connection = op.get_bind()
    columns = connection.exec_driver_sql(f"SHOW COLUMNS FROM `{prefix}scim_token` LIKE 'user_id'").all()
    if not columns:
        op.execute(
            f"ALTER TABLE `{prefix}scim_token` ADD COLUMN user_id INT UNSIGNED NULL"
            " COMMENT 'the customer whom /Me is for the holder of the token'"
        )
