"""Which choice of a select was made here for which label."""

from alembic import context, op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table; the statement can be run again."""
    prefix = context.config.attributes["prefix"]
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_option` (
          attribute_id SMALLINT UNSIGNED NOT NULL,
          label_key CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
            COMMENT 'SHA-256 of the label as compared: case folded, no blanks around it',
          option_id INT UNSIGNED NOT NULL,
          PRIMARY KEY (attribute_id, label_key),
          KEY `{prefix}scim_option_option` (option_id),
          CONSTRAINT `{prefix}scim_option_option` FOREIGN KEY (option_id)
            REFERENCES `{prefix}eav_attribute_option` (option_id) ON DELETE CASCADE
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
