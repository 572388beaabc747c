"""E-mails as one unique key over all websites, for shops whose websites share accounts."""

from alembic import context, op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table; its e-mails compare as the shop's do, so that it refuses what Magento would refuse."""
    prefix = context.config.attributes["prefix"]
    rows = op.get_bind().exec_driver_sql(f"SHOW FULL COLUMNS FROM `{prefix}customer_entity` LIKE 'email'")
    collation = rows.mappings().one()["Collation"]
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_shared_email` (
          entity_id INT UNSIGNED NOT NULL PRIMARY KEY,
          email VARCHAR(255) CHARACTER SET {collation.partition("_")[0]} COLLATE {collation} NOT NULL
            COMMENT 'compared as customer_entity.email',
          version INT UNSIGNED NOT NULL COMMENT 'rises, so that writing it again is a change too',
          UNIQUE KEY `{prefix}scim_shared_email_email` (email),
          CONSTRAINT `{prefix}scim_shared_email_customer` FOREIGN KEY (entity_id)
            REFERENCES `{prefix}customer_entity` (entity_id) ON DELETE CASCADE
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
