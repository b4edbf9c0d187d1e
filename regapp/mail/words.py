"""What the sources of mails may name: facts as words, in the language of the mail."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from babel.numbers import format_decimal
from flask_babel import gettext as _

from regapp import links, times
from regapp.mail.letters import Letter
from regapp.models.account import Role
from regapp.rules.states import State


def values(letter: Letter, lang: str) -> dict[str, Any]:
    """Return what a mail may say. What a change did not give, or the event does not have, is empty."""
    facts, tz = letter.facts, letter.tz
    code, position, organiser = facts.get("code") or "", facts.get("position"), letter.text("organiser", lang)
    return {
        "name": letter.to_name,
        "event": letter.text("name", lang) or letter.slug,
        "when": times.span(letter.starts_at, letter.ends_at, tz, lang),
        "where": letter.where(lang),
        "online": letter.online_url if facts.get("state") == State.CONFIRMED else None,
        "signature": organiser[:1].upper() + organiser[1:],
        "code": code,
        "link": links.own_url(code, facts["link_version"]) if code else "",
        "end_link": links.announcements_url(code, facts["link_version"]) if code else "",
        "subject": letter.written and letter.written.subject,
        "position": None if position is None else format_decimal(position, locale=lang),
        "interest": letter.interest,
        "category": letter.category(lang),
        "state": facts.get("state"),
        "before": facts.get("before"),
        "by_organizers": facts.get("by_organizers", False),
        "moved": facts["link_version"] > 0 if "link_version" in facts else False,
        "registered_on": letter.registered_at and times.day(letter.registered_at, tz, lang),
        "change_until": letter.change_until and times.moment(letter.change_until, tz, lang),
        "serving_ended": times.moment(min(letter.serve_until or letter.closes_at, letter.starts_at), tz, lang),
        "over": False,
        **_changes(letter, lang),
        **_message(facts),
        **_account(facts),
        **_news(letter, lang),
    }


def role_names() -> dict[str, str]:
    """Return how the roles of organizers are called, most to least."""
    return {
        Role.OWNER: _("Owner"),
        Role.MANAGER: _("Manager"),
        Role.DESK: _("Desk"),
        Role.VIEWER: _("Viewer"),
    }


def _account(facts: dict[str, Any]) -> dict[str, Any]:
    """Return what mails to organizers say. Their link is made here, so that nothing that is stored opens a page."""
    lifetime = timedelta(seconds=facts.get("lifetime", 0))
    sets_password = "lifetime" in facts
    return {
        "role": role_names().get(facts.get("role", ""), ""),
        "sets_password": sets_password,
        "password_link": (
            links.password_url(facts["account"], facts["session_version"], lifetime) if sets_password else ""
        ),
        "workspace_link": links.workspace_url(),
        "forgotten_link": links.workspace_url("forgotten"),
    }


def _changes(letter: Letter, lang: str) -> dict[str, Any]:
    """Return the names of changed details, and how an event was before it changed."""
    was = letter.facts.get("was", {})
    labels = _labels()
    starts_at, ends_at = _instant(was.get("starts_at")), _instant(was.get("ends_at"))
    moved = starts_at or ends_at
    where = was.get("where", {})
    return {
        "recategorised": letter.facts.get("changed") == ["category"],
        "changed": [labels[name] for name in letter.facts.get("changed", []) if name in labels],
        "was_when": moved and times.span(starts_at or letter.starts_at, ends_at or letter.ends_at, letter.tz, lang),
        "was_where": where.get(lang) or where.get("en") or next(iter(where.values()), None),
    }


def _message(facts: dict[str, Any]) -> dict[str, Any]:
    """Return what a visitor wrote, by paragraphs."""
    paragraphs = [part for part in facts.get("body", "").splitlines() if part.strip()]
    return {"from_name": facts.get("from_name"), "from_address": facts.get("from_address"), "paragraphs": paragraphs}


def _news(letter: Letter, lang: str) -> dict[str, Any]:
    """Return what organizers are told: figures, 0 where there is none, and where they find more."""
    facts = letter.facts
    figures = ("taken", "waiting", "registered", "cancelled", "promoted", "failing")
    since = _instant(facts.get("since"))
    return {
        **{name: facts.get(name) or 0 for name in figures},
        "size": facts.get("size", letter.size),
        "since": since and times.moment(since, letter.tz, lang),
        "overview": links.overview_url(letter.slug),
        "notices": links.notices_url(letter.slug),
    }


def _labels() -> dict[str, str]:
    return {
        "first_name": _("First name"),
        "last_name": _("Last name"),
        "organisation": _("Organisation"),
        "job_title": _("Job title"),
        "country": _("Country"),
        "category": _("Category"),
        "organisation_type": _("Kind of organisation"),
    }


def _instant(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)
