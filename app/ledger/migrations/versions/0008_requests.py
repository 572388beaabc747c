"""Recorded requests, and which attributes an identity provider sends and which rules its requests need."""

from alembic import context, op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables; each statement can be run again."""
    prefix = context.config.attributes["prefix"]
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_request` (
          number BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
          tenant VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          at DATETIME(6) NOT NULL COMMENT 'UTC',
          actor VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'the name of the token',
          method VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          url TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'path and query, masked',
          headers TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'JSON, never who asks',
          body MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT 'masked',
          status SMALLINT UNSIGNED NOT NULL,
          ms DECIMAL(10,1) NOT NULL,
          answer_headers TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'JSON',
          answer MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT 'masked',
          KEY `{prefix}scim_request_tenant` (tenant, number)
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_seen` (
          tenant VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
            COMMENT 'User, Group: an attribute that was sent; Rule: a rule that gave a value',
          name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
          times BIGINT UNSIGNED NOT NULL,
          empty BIGINT UNSIGNED NOT NULL COMMENT 'of these without a value',
          first_at DATETIME NOT NULL COMMENT 'UTC',
          last_at DATETIME NOT NULL COMMENT 'UTC',
          PRIMARY KEY (tenant, kind, name)
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
