"""The external ids that users came with, by a unique key, so that of two requests at once one makes the user."""

from alembic import context, op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table; the statement can be run again."""
    prefix = context.config.attributes["prefix"]
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_external_id` (
          entity_id INT UNSIGNED NOT NULL PRIMARY KEY,
          tenant VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          external_key CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
            COMMENT 'SHA-256 of the external id that the user came with',
          UNIQUE KEY `{prefix}scim_external_id_key` (tenant, external_key),
          CONSTRAINT `{prefix}scim_external_id_customer` FOREIGN KEY (entity_id)
            REFERENCES `{prefix}customer_entity` (entity_id) ON DELETE CASCADE
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
