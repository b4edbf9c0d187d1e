"""What people read."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from regapp.links import PasswordPass, own_url, read_password_token, workspace_url
from regapp.mail.messages import Message
from regapp.mail.render import render
from tests.mail.letters import make_account_letter, make_letter

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


TO_ACCOUNTS = {Message.RESET, Message.TEAM_INVITED}
TO_ORGANIZERS = {Message.NOTICE_FULL, Message.NOTICE_MAIL, Message.NOTICE_DIGEST}
"""Mails to organizers, whose links lead into the workspace."""
WITHOUT_LINK = {*TO_ACCOUNTS, *TO_ORGANIZERS, Message.EMAIL_LEFT, Message.CONTACT, Message.ERASED, Message.ANNOUNCEMENT}
"""Mails that open no registration: they go to somebody else, or there is none any more; or see test_announcement.py."""
WITH_LINK = [message for message in Message if message not in WITHOUT_LINK]
WRITTEN = {"from_name": "Pál Nagy", "from_address": "pal@example.org", "body": "First line\r\n\r\nSecond *line* <b>"}


def _text(**overrides: Any) -> str:
    """Return the words of a mail, wherever its lines break."""
    return " ".join(render(make_letter(**overrides)).text.split())


@pytest.mark.parametrize("message", WITH_LINK)
def test_every_mail_says_when_where_and_by_whom(app: Flask, message: Message) -> None:
    rendered = render(make_letter(message=message))
    link = own_url("7K4M2-QXTB9", 0)

    text = " ".join(rendered.text.split())
    for words in (
        "European Cluster Conference",
        "Tuesday 1 December 2026, 09:00, to Wednesday 2 December 2026, 13:30, Brussels time (CET)",
        "Crowne Plaza, Rue Gineste 3, 1210 Brussels",
        "Your reference 7K4M2-QXTB9",
        f"Open your registration: {link}",
        "You get this mail because somebody registered this address on Monday 7 September 2026.",
        "Cluster Association",
    ):
        assert words in text
        assert words.rpartition(": ")[2] in rendered.html.replace("<br>\n", " ").replace("</strong>", "")
    assert f'href="{link}"' in rendered.html
    assert "European Cluster Conference" in rendered.subject


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        pytest.param({"message": "confirmed"}, "You have a place, Ilona Kovács.", id="confirmed"),
        pytest.param({"message": "waitlisted", "position": 4}, "Waiting list, number 4 You have no place", id="4th"),
        pytest.param({"message": "waitlisted", "position": 4}, "Please do not book travel yet.", id="no travel"),
        pytest.param({"message": "waitlisted", "position": 1250}, "as number 1,250.", id="a long queue"),
        pytest.param({"message": "waitlisted"}, "You are on the waiting list. Please", id="no number known"),
        pytest.param({"message": "promoted"}, "A place became free, and it is yours", id="promoted"),
        pytest.param({"message": "cancelled", "before": "confirmed"}, "Your place is cancelled", id="gave up a place"),
        pytest.param({"message": "cancelled", "before": "waitlisted"}, "no longer on the waiting list", id="gave up"),
        pytest.param({"message": "cancelled"}, "and whether you can register again.", id="the way back"),
        pytest.param(
            {"message": "waitlisted", "position": 4, "size": 0},
            "There are no places yet, Ilona Kovács. You are number 4 on the list of those who are interested",
            id="interested",
        ),
        pytest.param(
            {"message": "waitlisted", "size": 0}, "You are on the list of those who are interested", id="no number"
        ),
        pytest.param({"message": "already_registered"}, "Your first registration stands", id="already registered"),
    ],
)
def test_a_mail_says_what_happened(app: Flask, facts: dict[str, Any], said: str) -> None:
    assert said in _text(**facts)


@pytest.mark.parametrize(
    ("facts", "said", "unsaid"),
    [
        pytest.param({"message": "link_again"}, "The organizers send you the link", "Somebody", id="link"),
        pytest.param({"message": "changed"}, "The organizers have changed your details.", "was not you, open the page,",
                     id="details"),
        pytest.param({"message": "email_changed"}, "The organizers have entered this address", "belongs", id="to"),
        pytest.param({"message": "email_left"}, "The organizers have entered another address", "Somebody", id="from"),
        pytest.param({"message": "cancelled"}, "The organizers have cancelled your registration", "You are no longer",
                     id="cancelled"),
        pytest.param({"message": "cancelled", "before": "waitlisted"}, "The organizers have cancelled your registration"
                     " for European Cluster Conference. You keep no number.", "is cancelled", id="list"),
    ],
)  # fmt: skip
def test_what_organizers_did_is_said_to_be_theirs(app: Flask, facts: dict[str, Any], said: str, unsaid: str) -> None:
    assert said in _text(**facts, by_organizers=True)
    assert unsaid not in _text(**facts, by_organizers=True)
    assert "The organizers" not in _text(**facts)
    assert unsaid in _text(**facts)


@pytest.mark.parametrize("message", ["email_changed", "changed", "promoted"])
def test_a_new_address_is_not_said_to_have_been_registered(app: Flask, message: str) -> None:
    text = _text(message=message, link_version=1)

    assert "because this address was entered as the new address of a registration." in text
    assert "somebody registered this address" not in text


def test_a_list_of_those_interested_is_not_called_full(app: Flask) -> None:
    assert "full" not in _text(message="waitlisted", size=0)
    assert "is full." in _text(message="waitlisted", size=1)


def test_who_cancelled_is_promised_nothing_that_the_clock_may_have_ended(app: Flask) -> None:
    text = _text(message="cancelled", before="confirmed")

    assert "somebody else" not in text
    assert "/events/" not in text


def test_nobody_is_told_to_cancel_what_is_cancelled(app: Flask) -> None:
    assert "you can cancel there" not in _text(message="cancelled")
    assert "you can cancel there" in _text(message="confirmed")


@pytest.mark.parametrize("message", sorted(set(WITH_LINK) - {Message.EVENT_CHANGED, Message.EVENT_CANCELLED}))
def test_a_mail_about_one_person_greets_by_name(app: Flask, message: Message) -> None:
    assert "Ilona Kovács" in _text(message=message)


def test_the_address_that_was_left_gets_no_link(app: Flask) -> None:
    rendered = render(make_letter(message="email_left", code="", to_name=None))

    assert "has entered another address" in " ".join(rendered.text.split())
    assert "http" not in rendered.text + rendered.html.replace("http-equiv", "")


def test_who_is_erased_is_told_without_name_or_link(app: Flask) -> None:
    rendered = render(make_letter(message="erased", code="", to_name=None, registered_at=None))

    assert "We have erased your name" in " ".join(rendered.text.split())
    assert "/r/" not in rendered.text + rendered.html


def test_organizers_read_what_a_visitor_wrote_as_it_was_typed(app: Flask) -> None:
    rendered = render(make_letter(message="contact", to_name="Cluster Association", **WRITTEN))

    assert "Pál Nagy writes about European Cluster Conference" in rendered.text
    assert "From\n  Pál Nagy, pal@example.org\n\nFirst line\n\nSecond *line* <b>\n" in rendered.text
    assert "Second *line* &lt;b&gt;" in rendered.html


def test_who_forgot_the_password_gets_a_link_that_is_made_while_the_mail_is(app: Flask) -> None:
    facts = {"account": 7, "session_version": 3, "lifetime": 3600}

    rendered = render(make_account_letter(message="reset", facts=facts))
    token = next(word for word in rendered.text.split() if "/organizer/password/" in word).rpartition("/")[2]

    assert rendered.subject == "Set a new password"
    assert "Set a new password, Ilona Kovács." in rendered.text
    assert f'href="{workspace_url("password/" + token)}"' in rendered.html
    assert read_password_token(token) == PasswordPass(7, 3)
    assert "None" not in rendered.text + rendered.html


@pytest.mark.parametrize("lifetime", [{}, {"lifetime": 7 * 86400}])
def test_who_is_taken_into_a_team_reads_of_what_and_what_for(app: Flask, lifetime: dict[str, int]) -> None:
    rendered = render(make_letter(message="team_invited", role="desk", account=7, session_version=0, **lifetime))
    text = " ".join(rendered.text.split())

    assert "You help to organize European Cluster Conference, Ilona Kovács." in text
    assert "Your role Desk" in text
    assert "Tuesday 1 December 2026" in text
    assert ("/organizer/password/" in text) == bool(lifetime)
    assert ("You find it among your events." in text) == (not lifetime)
    assert ("Set a password first" in text) == bool(lifetime)


def test_a_changed_event_says_how_it_was_and_how_it_is(app: Flask) -> None:
    was = {"starts_at": "2026-11-30T08:00:00+00:00", "where": {"en": "Old Hall"}}

    text = _text(message="event_changed", state="confirmed", was=was)

    assert "You still have your place. This is how it is now: When Tuesday 1 December 2026, 09:00" in text
    assert "This is how it was before: - Monday 30 November 2026, 09:00, to Wednesday 2 December" in text
    assert "- Old Hall" in text
    assert "You still wait for a place" in _text(message="event_changed", state="waitlisted", was=was)


def test_changed_details_are_named_but_not_repeated(app: Flask) -> None:
    assert "is new: - First name - Organisation When" in _text(
        message="changed", changed=["first_name", "organisation"]
    )


def test_the_online_address_is_for_those_who_have_a_place(app: Flask) -> None:
    there = "https://meet.example/room"

    assert f"Join here: {there}" in _text(message="confirmed", state="confirmed", online_url=there)
    assert there not in _text(message="waitlisted", state="waitlisted", position=1, online_url=there)
    assert there not in _text(message="event_changed", state="waitlisted", online_url=there)


def test_who_waited_in_vain_reads_until_when(app: Flask) -> None:
    assert "until Friday 20 November 2026, 18:00 Brussels time (CET), and it did not" in _text(message="not_served")


@pytest.mark.parametrize("message", WITH_LINK)
def test_an_event_without_texts_still_gives_a_mail(app: Flask, message: Message) -> None:
    rendered = render(make_letter(message=message, texts={}, to_name=None, registered_at=None))

    assert "cluster-conference" in rendered.subject
    assert "7K4M2-QXTB9" in rendered.text
    assert "None" not in rendered.text + rendered.html
    assert "Where" not in rendered.text


def test_a_language_that_we_do_not_speak_is_answered_in_english(app: Flask) -> None:
    rendered = render(make_letter(lang="xx"))

    assert rendered.lang == "en"
    assert '<html lang="en">' in rendered.html


@pytest.mark.parametrize("lang", ["../../secret", "en.md", "", "\x00"])
def test_a_strange_language_is_no_path(app: Flask, lang: str) -> None:
    assert render(make_letter(lang=lang)).lang == "en"


def test_hostile_names_and_titles_are_only_words(app: Flask) -> None:
    name = "*Bob* <img src=x> [x](https://evil.example)\r\n# Title {{ link }}"
    texts = {"en": {"name": "<i>Event</i>\n\n- 1", "venue": "](https://evil.example)", "organiser": "---"}}

    rendered = render(make_letter(to_name=name, texts=texts))

    shown = " ".join(rendered.text.split())
    assert "You have a place, *Bob* <img src=x> [x](https://evil.example) # Title {{ link }}." in shown
    assert "We look forward to seeing you at <i>Event</i> - 1." in shown
    assert "<img" not in rendered.html
    assert "<i>" not in rendered.html
    assert "<li" not in rendered.html
    assert 'href="https://evil.example' not in rendered.html
    assert rendered.subject == "You have a place: <i>Event</i> - 1"


def test_the_look_is_written_into_the_elements_and_nothing_is_fetched(app: Flask) -> None:
    html = render(make_letter(message="waitlisted", position=4)).html

    assert 'class="state" style="' in html
    assert "#7d5200" in html
    assert "prefers-color-scheme: dark" in html
    assert "src=" not in html
    assert "url(" not in html


def test_no_mark_of_markdown_is_left_in_the_text(app: Flask) -> None:
    messages = [message for message in Message if message not in TO_ACCOUNTS]  # their links may hold a _
    text = "".join(render(make_letter(message=message, position=3)).text for message in messages)

    assert not set("*#<>[]\\`_|") & set(text)


def test_no_sign_follows_an_address_that_programs_would_take_for_a_part_of_it(app: Flask) -> None:
    text = "".join(render(make_letter(message=message)).text for message in WITH_LINK)

    addresses = [word for word in text.split() if word.startswith("http")]
    assert len(addresses) == len(WITH_LINK)
    assert all(address[-1].isalnum() for address in addresses)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        pytest.param(
            {"message": "notice_full", "size": 250, "waiting": 12}, "All 250 places are taken. 12 people", id="full"
        ),
        pytest.param({"message": "notice_full", "size": 1}, "Its only place is taken. You can add", id="one place"),
        pytest.param({"message": "notice_mail", "failing": 2}, "2 mails about European Cluster Conference", id="mail"),
        pytest.param({"message": "notice_digest", "registered": 1250}, "- 1,250 new registrations", id="many came"),
        pytest.param({"message": "notice_digest", "cancelled": 1}, "- one cancellation", id="one left"),
        pytest.param({"message": "notice_digest", "size": None, "taken": 3}, "Places 3 taken, no limit", id="no limit"),
        pytest.param(
            {"message": "notice_digest", "since": "2026-09-13T05:00:00+00:00"},
            "Since Sunday 13 September 2026, 07:00 Brussels time (CEST):",
            id="since when",
        ),
    ],
)
def test_organizers_are_told_figures(app: Flask, facts: dict[str, Any], said: str) -> None:
    text = _text(**facts)

    assert said in text
    assert "Open the overview: http://127.0.0.1:8000/organizer/events/cluster-conference/" in text
    assert "/r/" not in text
