"""The journal: what every change did to which rows."""

from alembic import context, op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    prefix = context.config.attributes["prefix"]
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_journal` (
          entry_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
          request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          at DATETIME(6) NOT NULL COMMENT 'UTC',
          tenant VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          actor VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'a token''s or command''s name',
          token_id INT UNSIGNED NULL,
          profile VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          operation VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          resource_type VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          resource_id INT UNSIGNED NOT NULL,
          changes LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
            COMMENT 'JSON: [table, key, before, after, cascade] for each row',
          reasons MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT 'JSON: attribute -> line, from',
          sealed LONGBLOB NULL COMMENT 'values that may not be read, encrypted',
          undoes BIGINT UNSIGNED NULL COMMENT 'the entry that this one takes back',
          KEY `{prefix}scim_journal_resource` (resource_type, resource_id, entry_id),
          KEY `{prefix}scim_journal_request` (request_id),
          KEY `{prefix}scim_journal_at` (at),
          KEY `{prefix}scim_journal_undoes` (undoes)
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
