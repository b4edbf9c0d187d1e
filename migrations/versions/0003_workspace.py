"""The organizers' workspace: accounts that sign in, series, search, notes, tags, views, announcements, notices."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PAGE = 1000
PLAIN = str.maketrans({
    "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ø": "o", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th",
})  # fmt: skip
TRIGRAMS = "ix_registrations_search_trigrams"
KEPT = 100
"""Letters of each of a person's words by which they are searched: more do not fit into an index."""
NARROWING = ("state", "country", "organisation_type", "lang", "registered_at", "erased_at")
LISTED: dict[str, tuple[str, ...]] = {
    "id": (*NARROWING, "queue_no"),
    "search_key": NARROWING,
    "organisation_key": NARROWING,
    "country": NARROWING,
    "state": NARROWING,
}
"""What the table of people is sorted or counted by, and what stands beside it in its index."""


def upgrade() -> None:
    _extend_accounts()
    _extend_events()
    _create_people_tables()
    _extend_people()
    _extend_outbox()
    _create_imports()
    _index_figures()
    _fill_search_keys()
    _fill_languages()
    _create_listing_indexes()
    _create_search_index()


def downgrade() -> None:
    _index_figures_as_before()
    op.execute(sa.text("DELETE FROM outbox WHERE event_id IS NULL"))  # mails to accounts, which 0002 does not know
    op.drop_index("ix_outbox_announcement_id", "outbox")
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint("fk_outbox_announcement_id", type_="foreignkey")
        outbox.drop_constraint("fk_outbox_account_id", type_="foreignkey")
        outbox.drop_column("announcement_id")
        outbox.drop_column("account_id")
        outbox.alter_column("event_id", existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table("parties") as parties:
        parties.drop_column("announcements_ended_at")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text(f"DROP INDEX IF EXISTS {TRIGRAMS}"))
    op.drop_index("ix_registrations_queue", "registrations")
    _index_queue("event_id", "queue_no")
    for column in LISTED:
        op.drop_index(f"ix_registrations_list_{column}", "registrations")
    with op.batch_alter_table("registrations") as registrations:
        for column in ("note", "lang", "organisation_key", "search_key", "organisation_type"):
            registrations.drop_column(column)
    op.drop_table("imports")
    for table in ("announcements", "saved_views", "tags"):
        op.drop_table(table)
    op.drop_index("ix_events_series_id", "events")
    with op.batch_alter_table("events") as events:
        events.drop_constraint("fk_events_series_id", type_="foreignkey")
        for column in ("mail_told_at", "full_told_at", "asks_organisation_type", "series_id"):
            events.drop_column(column)
    op.drop_table("series")
    with op.batch_alter_table("memberships") as memberships:
        for column in ("digest_at", "tells_digest", "tells_mail", "tells_full"):
            memberships.drop_column(column)
    op.drop_table("recovery_codes")
    with op.batch_alter_table("accounts") as accounts:
        for column in ("reminded_at", "totp_step", "totp_secret", "session_version", "lang"):
            accounts.drop_column(column)


def _extend_accounts() -> None:
    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(sa.Column("lang", sa.String(length=10), server_default="en", nullable=False))
        accounts.add_column(sa.Column("session_version", sa.Integer(), server_default="0", nullable=False))
        accounts.add_column(sa.Column("totp_secret", sa.String(length=64), nullable=True))
        accounts.add_column(sa.Column("totp_step", sa.BigInteger(), nullable=True))
        accounts.add_column(sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_recovery_codes_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_codes"),
        sa.UniqueConstraint("account_id", "hash", name="uq_recovery_codes_account_id_hash"),
    )
    with op.batch_alter_table("memberships") as memberships:
        memberships.add_column(sa.Column("tells_full", sa.Boolean(), server_default=sa.true(), nullable=False))
        memberships.add_column(sa.Column("tells_mail", sa.Boolean(), server_default=sa.true(), nullable=False))
        memberships.add_column(sa.Column("tells_digest", sa.Boolean(), server_default=sa.false(), nullable=False))
        memberships.add_column(sa.Column("digest_at", sa.DateTime(timezone=True), nullable=True))


def _extend_events() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        sa.UniqueConstraint("slug", name="uq_series_slug"),
    )
    with op.batch_alter_table("events") as events:
        events.add_column(sa.Column("series_id", sa.Integer(), nullable=True))
        events.add_column(sa.Column("asks_organisation_type", sa.Boolean(), server_default=sa.false(), nullable=False))
        events.add_column(sa.Column("full_told_at", sa.DateTime(timezone=True), nullable=True))
        events.add_column(sa.Column("mail_told_at", sa.DateTime(timezone=True), nullable=True))
        events.create_foreign_key("fk_events_series_id", "series", ["series_id"], ["id"])
        events.create_index("ix_events_series_id", ["series_id"])


def _create_people_tables() -> None:
    op.create_table(
        "tags",
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(length=40), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["registration_id"], ["registrations.id"], name="fk_tags_registration_id"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_tags_event_id"),
        sa.PrimaryKeyConstraint("registration_id", "tag", name="pk_tags"),
    )
    op.create_index("ix_tags_event_id_tag", "tags", ["event_id", "tag", "registration_id"])
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("query", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_saved_views_event_id"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_saved_views_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_saved_views"),
        sa.UniqueConstraint("event_id", "account_id", "name", name="uq_saved_views_event_id_account_id_name"),
    )
    op.create_table(
        "announcements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("query", sa.String(length=1000), nullable=False),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submission_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_announcements_event_id"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_announcements_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_announcements"),
        sa.UniqueConstraint("submission_hash", name="uq_announcements_submission_hash"),
    )
    op.create_index("ix_announcements_event_id", "announcements", ["event_id"])


def _extend_people() -> None:
    with op.batch_alter_table("registrations") as registrations:
        registrations.add_column(sa.Column("organisation_type", sa.String(length=20), nullable=True))
        registrations.add_column(sa.Column("search_key", sa.Text(), nullable=True))
        registrations.add_column(sa.Column("organisation_key", sa.Text(), nullable=True))
        registrations.add_column(sa.Column("lang", sa.String(length=10), nullable=True))
        registrations.add_column(sa.Column("note", sa.Text(), nullable=True))
    with op.batch_alter_table("parties") as parties:
        parties.add_column(sa.Column("announcements_ended_at", sa.DateTime(timezone=True), nullable=True))


def _extend_outbox() -> None:
    with op.batch_alter_table("outbox") as outbox:
        outbox.alter_column("event_id", existing_type=sa.Integer(), nullable=True)
        outbox.add_column(sa.Column("account_id", sa.Integer(), nullable=True))
        outbox.add_column(sa.Column("announcement_id", sa.Integer(), nullable=True))
        outbox.create_foreign_key("fk_outbox_account_id", "accounts", ["account_id"], ["id"])
        outbox.create_foreign_key("fk_outbox_announcement_id", "announcements", ["announcement_id"], ["id"])
    there = sa.text("announcement_id IS NOT NULL")
    op.create_index(
        "ix_outbox_announcement_id", "outbox", ["announcement_id"], sqlite_where=there, postgresql_where=there
    )


def _create_imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("read_as", sa.JSON(), nullable=False),
        sa.Column("header", sa.JSON(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_imports_event_id"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_imports_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
    )
    op.create_index("ix_imports_event_id", "imports", ["event_id"])


def _index_figures() -> None:
    """Serve overview, history and mails from indexes alone; each takes the place of one that it includes."""
    figures = ["event_id", "state", "country", "organisation_type"]
    op.create_index("ix_registrations_figures", "registrations", figures)
    op.drop_index("ix_registrations_event_id_state", "registrations")
    op.create_index("ix_history_event_id_id", "history", ["event_id", "id"])
    op.drop_index("ix_history_event_id", "history")
    op.create_index("ix_outbox_event_id_id", "outbox", ["event_id", "id"])
    op.drop_index("ix_outbox_event_id", "outbox")
    not_sent = sa.text("sent_at IS NULL")
    op.create_index(
        "ix_outbox_not_sent", "outbox", ["event_id", "id"], sqlite_where=not_sent, postgresql_where=not_sent
    )  # fmt: skip


def _index_figures_as_before() -> None:
    op.create_index("ix_outbox_event_id", "outbox", ["event_id"])
    op.drop_index("ix_outbox_not_sent", "outbox")
    op.drop_index("ix_outbox_event_id_id", "outbox")
    op.create_index("ix_history_event_id", "history", ["event_id"])
    op.drop_index("ix_history_event_id_id", "history")
    op.create_index("ix_registrations_event_id_state", "registrations", ["event_id", "state"])
    op.drop_index("ix_registrations_figures", "registrations")


def _fill_search_keys() -> None:
    """Write the key of those who are there already, as the program writes it for those to come."""
    people = sa.table(
        "registrations",
        *(sa.column(name) for name in ("id", "code", "first_name", "last_name", "organisation", "email", "search_key")),
        *(sa.column(name) for name in ("organisation_key", "erased_at")),
    )
    bind, after = op.get_bind(), 0
    while rows := bind.execute(people.select().where(people.c.id > after).order_by(people.c.id).limit(PAGE)).all():
        for row in rows:
            words = [_folded(word) for word in (row.last_name, row.first_name, row.organisation, row.email, row.code)]
            keys = {"search_key": " ".join(filter(None, words)), "organisation_key": _folded(row.organisation)}
            if row.erased_at is None:
                bind.execute(people.update().where(people.c.id == row.id).values(keys))
        after = rows[-1].id


def _fill_languages() -> None:
    op.execute(
        sa.text("UPDATE registrations SET lang = (SELECT lang FROM parties WHERE parties.id = registrations.party_id)")
    )


def _folded(word: str | None) -> str:
    plain = unicodedata.normalize("NFKD", word or "")
    return "".join(char for char in plain if not unicodedata.combining(char)).casefold().translate(PLAIN)[:KEPT]


def _create_listing_indexes() -> None:
    there = sa.text("erased_at IS NULL")
    for column, beside in LISTED.items():
        columns = list(dict.fromkeys(["event_id", column, "id", *beside]))
        name = f"ix_registrations_list_{column}"
        op.create_index(name, "registrations", columns, sqlite_where=there, postgresql_where=there)
    op.drop_index("ix_registrations_queue", "registrations")
    _index_queue("event_id", "queue_no", "id", *NARROWING)


def _index_queue(*columns: str) -> None:
    waits = sa.text("queue_no IS NOT NULL")
    name = "ix_registrations_queue"
    op.create_index(name, "registrations", list(columns), sqlite_where=waits, postgresql_where=waits)


def _create_search_index() -> None:
    """Let PostgreSQL find people by any three letters, where that extension is there and we may use it.

    Without it each search reads the keys of all people of the event: ten times as long, and right all the same.
    """
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    try:
        with bind.begin_nested():
            bind.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
            bind.execute(
                sa.text(
                    f"CREATE INDEX {TRIGRAMS} ON registrations USING gin (search_key gin_trgm_ops)"
                    " WHERE erased_at IS NULL"
                )
            )
    except sa.exc.DBAPIError:
        return
