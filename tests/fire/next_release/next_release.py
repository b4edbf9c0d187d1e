"""The next release, as far as tests need one: a column, an index and a table are added. `TODAY` is put in by them."""

import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "TODAY"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("badges", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("printed", sa.Integer()))
    with op.batch_alter_table("events") as events:
        events.add_column(sa.Column("badges", sa.String(length=10), server_default="none", nullable=False))
    with op.batch_alter_table("registrations") as registrations:
        registrations.add_column(sa.Column("badge_name", sa.String(length=200), nullable=True))
        registrations.create_index("ix_registrations_badge_name", ["event_id", "badge_name"])


def downgrade() -> None:
    with op.batch_alter_table("events") as events:
        events.drop_column("badges")
    with op.batch_alter_table("registrations") as registrations:
        registrations.drop_index("ix_registrations_badge_name")
        registrations.drop_column("badge_name")
    op.drop_table("badges")
