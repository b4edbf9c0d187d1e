"""Mails name the category of whom they are about, as it is when they are written."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import update

from regapp.db import db, transaction
from regapp.mail import outbox
from regapp.mail.render import render
from regapp.models import OutboxMail
from regapp.services import categories, contacts
from regapp.services.categories import Plan
from regapp.services.own import get_own
from tests.factories import make_category, make_event, make_registration
from tests.mail.letters import make_letter

TEXTS = {"en": {"name": "Policy makers"}, "hu": {"name": "Döntéshozók"}}


def _send(now: datetime) -> dict[str, str]:
    """Send what waits; return message → words, of each kind the newest."""
    sent: dict[str, str] = {}
    while letters := outbox.claim(now=now):
        sent |= {letter.message: " ".join(render(letter).text.split()) for letter in letters}
        with transaction():
            db.session.execute(update(OutboxMail).where(OutboxMail.lease_until.is_not(None)).values(sent_at=now))
    return sent


def test_every_mail_about_a_registration_names_its_category_as_it_is_called_now(app: Flask, now: datetime) -> None:
    event = make_event(size=9)
    makers, guests = make_category(event, size=1, name="Old name"), make_category(event, name="Guests")
    seated, waits = [make_registration(event, category_id=makers, now=now) for _ in range(2)]
    with transaction():
        categories.change(event.id, makers, Plan(texts=TEXTS), actor="account:1", now=now)
        contacts.send_link_again(event.id, seated.email, now=now)

    mails = _send(now)
    with transaction():
        categories.move(seated.id, guests, actor="attendee", now=now)
    mails |= {f"then {message}": words for message, words in _send(now).items()}

    assert "Category Policy makers" in mails["confirmed"]
    assert "Category Policy makers" in mails["link_again"]
    assert "For “Policy makers” no place is free at European Cluster Conference." in mails["waitlisted"]
    assert "You are number 1 on its waiting list." in mails["waitlisted"]
    assert "You are registered for European Cluster Conference in another category now: Guests" in mails["then changed"]
    assert "Category Policy makers" in mails["then promoted"]
    assert "Old name" not in "".join(mails.values())
    assert get_own(waits.code).state == "confirmed"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("state", "by_organizers", "lang", "words"),
    [
        pytest.param("confirmed", False, "en", "Your category has been changed, Ilona Kovács.", id="by themselves"),
        pytest.param("confirmed", False, "en", "You have a place as before.", id="who has a place"),
        pytest.param("waitlisted", False, "en", "You went to the end of its waiting list.", id="who waits"),
        pytest.param("confirmed", True, "en", "The organizers have registered you", id="by organizers"),
        pytest.param("waitlisted", False, "hu", "Az új kategória: Döntéshozók", id="in Hungarian"),
    ],
)
def test_the_mail_about_another_category(app: Flask, state: str, by_organizers: bool, lang: str, words: str) -> None:
    letter = make_letter(
        message="changed",
        state=state,
        by_organizers=by_organizers,
        lang=lang,
        changed=["category"],
        category_texts=TEXTS,
    )

    rendered = render(letter)

    assert words in " ".join(rendered.text.split())
    assert "what you said about yourself" not in rendered.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("limits", "interest"),
    [
        pytest.param({"size": 0}, True, id="an event of 0"),
        pytest.param({"size": 9, "category_size": 0, "category_counts": True}, True, id="a category of 0"),
        pytest.param({"size": 0, "category_size": 9, "category_counts": False}, False, id="one that does not count"),
        pytest.param({"size": 9, "category_size": None, "category_counts": True}, False, id="places"),
    ],
)
def test_a_list_of_who_is_interested_is_one_of_the_limits_that_hold(
    app: Flask, limits: dict[str, int], interest: bool
) -> None:
    words = render(make_letter(message="waitlisted", position=3, category_texts=TEXTS, **limits)).text

    assert ("those who are interested" in words) is interest
    assert "“Policy makers”" in words


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_mail_without_a_category_says_nothing_of_one(app: Flask) -> None:
    assert "Category" not in render(make_letter()).text
