"""From which addresses a token may be used."""

from alembic import context, op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column; can be run again."""
    prefix = context.config.attributes["prefix"]
    connection = op.get_bind()
    columns = connection.exec_driver_sql(f"SHOW COLUMNS FROM `{prefix}scim_token` LIKE 'networks'").all()
    if not columns:
        op.execute(
            f"ALTER TABLE `{prefix}scim_token` ADD COLUMN networks VARCHAR(1000) CHARACTER SET ascii "
            "COLLATE ascii_bin NULL COMMENT 'addresses it may be used from, none: all'"
        )
