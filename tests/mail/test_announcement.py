"""What organizers wrote, as it arrives: their words harmless in both versions, and one click that ends such mails."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
from flask import Flask

from regapp import links
from regapp.mail import markdown
from regapp.mail.letters import Letter
from regapp.mail.render import Rendered, render, show, written_html
from regapp.mail.transport import MailMessage
from tests.mail.letters import make_letter

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

BODY = "Dear all,\nwe meet **here**:\n\n- [the map](https://maps.example/x?a=1&b=2)\n- by tram *2*\n\nSee you!"


def _letter(body: str = BODY, subject: str = "Where we meet", **overrides: Any) -> Letter:
    return make_letter(message="announcement", announced_subject=subject, announced_body=body, **overrides)


def _text(rendered: Rendered) -> str:
    return " ".join(rendered.text.split())


def _mail(letter: Letter) -> EmailMessage:
    found = BytesParser(policy=policy.default).parsebytes(MailMessage(letter, render(letter)).as_file())
    assert isinstance(found, EmailMessage)
    return found


def test_the_words_come_as_text_and_as_html(app: Flask) -> None:
    rendered = render(_letter())

    assert rendered.subject == "Where we meet"
    assert (
        "Dear all,\nwe meet here:\n\n- the map: https://maps.example/x?a=1&b=2\n- by tram 2\n\nSee you!"
        in rendered.text
    )
    assert "Dear Ilona Kovács," in rendered.text
    assert "A message from the organizers of European Cluster Conference" in rendered.text
    assert "Dear all,<br" in rendered.html
    assert "<strong>here</strong>" in rendered.html
    assert 'href="https://maps.example/x?a=1&amp;b=2"' in rendered.html


def test_the_small_print_holds_the_own_link_and_the_one_that_ends_messages(app: Flask) -> None:
    rendered = render(_letter())
    own = links.own_url("7K4M2-QXTB9", 0)

    for part in (f"Open your registration: {own}", f"End messages from the organizers: {own}/announcements"):
        assert part in _text(rendered)
    assert rendered.text.index(own) > rendered.text.index("\n-- \n")
    assert f'href="{own}"' in rendered.html
    assert f'href="{own}/announcements"' in rendered.html
    assert "with the reference 7K4M2-QXTB9" in _text(rendered)


def test_around_the_words_the_mail_speaks_the_language_of_its_reader(app: Flask) -> None:
    rendered = render(_letter(lang="hu"))

    assert rendered.lang == "hu"
    assert "we meet here" in _text(rendered)


def test_an_announcement_is_ended_by_one_click(app: Flask) -> None:
    mail = _mail(_letter())

    assert mail["List-Unsubscribe"] == f"<{links.own_url('7K4M2-QXTB9', 0)}/announcements>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert not mail.defects


@pytest.mark.parametrize("message", ["confirmed", "promoted", "event_changed"])
def test_other_mails_cannot_be_ended(app: Flask, message: str) -> None:
    assert _mail(make_letter(message=message))["List-Unsubscribe"] is None


def test_a_test_says_so_and_has_no_link_of_anybody(app: Flask) -> None:
    words = {"subject": "Where we meet", "body": BODY}
    letter = make_letter(message="announcement", code="", to_name="Eszter Varga")
    letter.facts["written"] = words

    mail, text = _mail(letter), _text(render(letter))

    assert mail["Subject"] == "Test: Where we meet"
    assert mail["List-Unsubscribe"] is None
    assert "This is a test." in text
    assert "Dear Eszter Varga," in text
    assert "/r/" not in text


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![pixel](https://spy.example/x.png)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](//evil.example)",
        "[x](/organizer/)",
        "[x]: javascript:alert(1)\n\n[x]",
        "<javascript:alert(1)>",
        '[x](https://a.example/"onmouseover="alert(1))',
        "```html\n<script>\n```",
        "    <script>",
        "> <iframe src=x>",
        "<a href='https://evil.example'>x</a>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "Title\n=====\n\n<style>*{}</style>",
    ],
)
def test_nothing_in_the_words_acts(app: Flask, body: str) -> None:
    rendered, shown = render(_letter(body)), show(_letter(body))

    for html in (rendered.html.partition("<body")[2], shown.body, written_html(body)):
        low = html.lower()
        for tag in ("<script", "<img", "<iframe", "<pre", "<blockquote", 'href="javascript', 'href="data', 'href="/'):
            assert tag not in low
        assert "<style" not in low
        assert 'onmouseover="' not in low
        assert 'href="https://evil' not in low
    assert rendered.text.count("\n-- \n") == 1


@pytest.mark.parametrize("body", ["---", "a\n---\nb", "***", "- - -", "a\n\n-- \n\nb", "___"])
def test_a_line_of_dashes_does_not_end_the_mail_before_its_small_print(app: Flask, body: str) -> None:
    rendered = render(_letter(body + "\n\nthe last word"))

    main, _, footer = rendered.html.partition("<footer")
    assert "the last word" in main
    assert "End messages from the organizers" in footer


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("\n".join("  " * depth + "- x" for depth in range(40)), id="lists in lists"),
        pytest.param("\n".join(" " * 11 * depth + "123456789. x" for depth in range(12)), id="numbered lists in lists"),
        pytest.param("#" * 6 + " a\n" + "# b", id="headings"),
        pytest.param("*" * 3000, id="stars"),
        pytest.param("[" * 3000, id="brackets"),
        pytest.param("x" * 10_000, id="one long word"),
        pytest.param("é😀\u200d ｆ" * 500, id="any script"),
    ],
)
def test_whatever_is_written_can_be_rendered(app: Flask, body: str) -> None:
    rendered = render(_letter(body))

    assert "End messages from the organizers" in rendered.text
    assert rendered.html.count("<h1") == 1


@pytest.mark.parametrize("subject", ["A\r\nBcc: x@example.org", "A\nB", "A\u2028B", "=?utf-8?q?x?=", "Őrsi 😀 " * 15])
def test_no_subject_makes_a_header(app: Flask, subject: str) -> None:
    letter = _letter(subject=subject)
    mail = _mail(letter)

    assert mail["Bcc"] is None
    assert "".join(str(mail["Subject"]).split()) == "".join(subject.split())
    assert "\n" not in render(letter).subject


def test_the_tokens_of_an_organizer_hold_nothing_but_what_is_allowed(app: Flask) -> None:
    kinds = {
        token.type for token in markdown.written("# a\n\n- b\n\n1. c\n\n> d\n\n    e\n\n```\nf\n```\n\n---\n\n<b>")
    }

    assert kinds == {
        "heading_open", "heading_close", "inline", "bullet_list_open", "bullet_list_close", "list_item_open",
        "list_item_close", "ordered_list_open", "ordered_list_close", "paragraph_open", "paragraph_close",
    }  # fmt: skip
