"""Links between the identity provider's users and the shop's customers, and bearer tokens."""

from alembic import context, op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables; `IF NOT EXISTS`, since MySQL cannot take a half-run migration back."""
    prefix = context.config.attributes["prefix"]
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_link` (
          entity_id INT UNSIGNED NOT NULL PRIMARY KEY,
          tenant VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          user_name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
            COMMENT 'as compared: case folded and composed',
          external_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
          document MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
            COMMENT 'the SCIM resource, JSON',
          created_at DATETIME NOT NULL COMMENT 'UTC',
          modified_at DATETIME NOT NULL COMMENT 'UTC',
          UNIQUE KEY `{prefix}scim_link_user_name` (tenant, user_name),
          KEY `{prefix}scim_link_external_id` (tenant, external_id),
          CONSTRAINT `{prefix}scim_link_customer` FOREIGN KEY (entity_id)
            REFERENCES `{prefix}customer_entity` (entity_id) ON DELETE CASCADE
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_email` (
          entity_id INT UNSIGNED NOT NULL,
          value VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
            COMMENT 'an e-mail of the document that is not the shop''s, as compared',
          PRIMARY KEY (entity_id, value),
          KEY `{prefix}scim_email_value` (value),
          CONSTRAINT `{prefix}scim_email_customer` FOREIGN KEY (entity_id)
            REFERENCES `{prefix}customer_entity` (entity_id) ON DELETE CASCADE
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_token` (
          token_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
          hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'SHA-256 of the token, hex',
          name VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
          tenant VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          scopes VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          created_at DATETIME NOT NULL COMMENT 'UTC',
          expires_at DATETIME NULL COMMENT 'UTC',
          last_used_at DATETIME NULL COMMENT 'UTC',
          revoked_at DATETIME NULL COMMENT 'UTC',
          UNIQUE KEY `{prefix}scim_token_hash` (hash)
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
