"""Counters that rise with writes: so that two nodes' writes of one user collide, and a replica shows how far it is."""

from alembic import context, op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table; the statement can be run again."""
    prefix = context.config.attributes["prefix"]
    op.execute(
        f"""
        CREATE TABLE IF NOT EXISTS `{prefix}scim_counter` (
          subject INT UNSIGNED NOT NULL COMMENT '0: turns of a cluster, else a caller',
          slot SMALLINT UNSIGNED NOT NULL,
          number BIGINT UNSIGNED NOT NULL COMMENT 'rises with each write',
          PRIMARY KEY (subject, slot)
        ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4
        """
    )
