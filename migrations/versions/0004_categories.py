"""Categories: kinds of attendees, each with a limit of its own, beside the event's."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BEFORE = ("state", "country", "organisation_type", "lang", "registered_at", "erased_at")
LISTED: dict[str, tuple[str, ...]] = {
    "id": ("queue_no",), "search_key": (), "organisation_key": (), "country": (), "state": (),
}  # fmt: skip
"""What the table of people is sorted or counted by, and what stands in that index alone."""
THERE, WAITS = sa.text("erased_at IS NULL"), sa.text("queue_no IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "categories",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("quota_id", sa.Integer(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("counts", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("hidden", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rank", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_categories_event_id"),
        sa.ForeignKeyConstraint(["quota_id"], ["quotas.id"], name="fk_categories_quota_id"),
        sa.PrimaryKeyConstraint("id", name="pk_categories"),
        sa.UniqueConstraint("quota_id", name="uq_categories_quota_id"),
    )
    op.create_index("ix_categories_event_id", "categories", ["event_id"])
    _drop_listing_indexes()
    with op.batch_alter_table("registrations") as registrations:
        registrations.add_column(sa.Column("category_id", sa.Integer(), nullable=True))
        registrations.create_foreign_key("fk_registrations_category_id", "categories", ["category_id"], ["id"])
        registrations.create_index("ix_registrations_category_id_state", ["category_id", "state"])
    _create_listing_indexes(*BEFORE, "category_id")
    op.create_index(
        "ix_registrations_category_queue", "registrations", ["event_id", "category_id", "queue_no"],
        sqlite_where=WAITS, postgresql_where=WAITS,
    )  # fmt: skip


def downgrade() -> None:
    """Leave people where they are, without their categories; limits of categories go."""
    op.drop_index("ix_registrations_category_queue", "registrations")
    _drop_listing_indexes()
    with op.batch_alter_table("registrations") as registrations:
        registrations.drop_index("ix_registrations_category_id_state")
        registrations.drop_constraint("fk_registrations_category_id", type_="foreignkey")
        registrations.drop_column("category_id")
    _create_listing_indexes(*BEFORE)
    op.drop_index("ix_categories_event_id", "categories")
    op.drop_table("categories")
    op.execute(
        sa.text("UPDATE history SET quota_id = NULL WHERE quota_id IN (SELECT id FROM quotas WHERE kind <> 'event')")
    )
    op.execute(sa.text("DELETE FROM quotas WHERE kind <> 'event'"))


def _drop_listing_indexes() -> None:
    for column in LISTED:
        op.drop_index(f"ix_registrations_list_{column}", "registrations")
    op.drop_index("ix_registrations_queue", "registrations")


def _create_listing_indexes(*narrowing: str) -> None:
    for column, alone in LISTED.items():
        columns = list(dict.fromkeys(["event_id", column, "id", *narrowing, *alone]))
        name = f"ix_registrations_list_{column}"
        op.create_index(name, "registrations", columns, sqlite_where=THERE, postgresql_where=THERE)
    queue = ["event_id", "queue_no", "id", *narrowing]
    op.create_index("ix_registrations_queue", "registrations", queue, sqlite_where=WAITS, postgresql_where=WAITS)
