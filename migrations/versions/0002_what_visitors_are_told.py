"""What visitors are told: until when they may change, where to meet online, whom to ask, how long we keep."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("events") as events:
        events.add_column(sa.Column("change_until", sa.DateTime(timezone=True), nullable=True))
        events.add_column(sa.Column("online_url", sa.String(length=500), nullable=True))
        events.add_column(sa.Column("contact_address", sa.String(length=254), nullable=True))
        events.add_column(sa.Column("retain_until", sa.DateTime(timezone=True), nullable=True))
        events.add_column(sa.Column("robot_check", sa.String(length=10), server_default="none", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("events") as events:
        for column in ("robot_check", "retain_until", "contact_address", "online_url", "change_until"):
            events.drop_column(column)
