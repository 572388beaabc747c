"""Which address of a customer is the one that a rule of the mapping keeps."""

from alembic import context, op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table; `IF NOT EXISTS`, since MySQL cannot take a half-run migration back."""
    prefix = context.config.attributes["prefix"]
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_address` (
          entity_id INT UNSIGNED NOT NULL COMMENT 'the customer',
          name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of the rule',
          address_id INT UNSIGNED NOT NULL,
          PRIMARY KEY (entity_id, name),
          UNIQUE KEY `{prefix}scim_address_address` (address_id),
          CONSTRAINT `{prefix}scim_address_customer` FOREIGN KEY (entity_id)
            REFERENCES `{prefix}customer_entity` (entity_id) ON DELETE CASCADE,
          CONSTRAINT `{prefix}scim_address_address` FOREIGN KEY (address_id)
            REFERENCES `{prefix}customer_address_entity` (entity_id) ON DELETE CASCADE
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
