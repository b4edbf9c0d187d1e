"""Inserted values come out as typed, in text and in HTML; text carries no marks."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regapp.mail import markdown
from regapp.mail.messages import one_line

HOSTILE = [
    "*Bob*", "__init__", "<b>x</b>", "<script>alert(1)</script>", "[x](https://evil.example)", "![x](y)", "`code`",
    "a\\", "\\*", "&amp; &lt; &#42;", "# Heading", "1. one", "- item", "> quote", "===", "---", "~~~", "<https://x.y>",
    "a | b", "x\r\nBcc: y@example.org", "two\u2028lines",
    "Ólafur Þór", "王小明", "علي", "👩‍👩‍👧", "$x$ {{ 7*7 }} {% raw %}",
]  # fmt: skip


class _Words(HTMLParser):
    """Collects what a reader sees, and the elements around it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_reads_as_it_was_typed(value: str) -> None:
    tokens, _ = markdown.parse(f"Dear {markdown.as_typed(value)}, hello")

    read = _Words(markdown.html(tokens))
    assert read.words.strip() == f"Dear {one_line(value)}, hello"
    assert read.elements == ["p"]
    assert " ".join(markdown.plain(tokens).split()) == f"Dear {one_line(value)}, hello"


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_reads_as_it_was_typed_at_the_start_of_a_line(value: str) -> None:
    tokens, small_print = markdown.parse(markdown.as_typed(value))

    assert _Words(markdown.html(tokens)).words.strip() == one_line(value)
    assert not small_print


@given(st.text(max_size=80))
def test_any_value_reads_as_it_was_typed(value: str) -> None:
    tokens, _ = markdown.parse(f"# {markdown.as_typed(value)}!")

    read = _Words(markdown.html(tokens))
    # HTML and Markdown have no character 0 and drop spaces at the ends that Unicode knows; words are what counts.
    assert read.words.split() == f"{one_line(value)}!".split()
    assert read.elements == ["h1"]


def test_nothing_is_inserted_for_none() -> None:
    assert markdown.as_typed(None) == ""


def test_an_address_of_a_page_survives_being_escaped() -> None:
    tokens, _ = markdown.parse(f"[Open](<{markdown.as_typed('https://x.example/r/A-b?lang=hu&c=1')}>)")

    assert 'href="https://x.example/r/A-b?lang=hu&amp;c=1"' in markdown.html(tokens)
    assert markdown.plain(tokens) == "Open: https://x.example/r/A-b?lang=hu&c=1"


def test_plain_text_has_no_marks() -> None:
    lists = "- one\n- two\n\n1. first\n2. second"
    source = f"# Title\n\nSome *soft* and **strong** `words`.\n\n{lists}\n\n> **When**\\\n> now"

    tokens, _ = markdown.parse(source)

    assert markdown.plain(tokens) == (
        "Title\n\nSome soft and strong words.\n\n- one\n- two\n\n1. first\n2. second\n\n  When\n  now"
    )


def test_long_lines_are_wrapped_and_addresses_are_not() -> None:
    address = "https://events.example.org/r/" + "x-" * 60
    tokens, _ = markdown.parse("word " * 40 + f"\n\n- {'item ' * 30}\n\n<{address}>")

    lines = markdown.plain(tokens).splitlines()

    assert address in lines
    assert all(len(line) <= markdown.WIDTH for line in lines if line != address)
    assert [line[:2] for line in lines if "item" in line] == ["- ", "  ", "  "]


def test_the_state_the_facts_and_the_button_are_marked_in_html() -> None:
    tokens, _ = markdown.parse("*Confirmed*\n\n> now\n\n[Open](https://x.example)\n\nSee [this](https://x.example)")

    html = markdown.html(tokens)

    assert '<p class="state"><em>Confirmed</em></p>' in html
    assert '<div class="facts">' in html
    assert html.count('class="button"') == 1


def test_what_mails_do_not_have_is_refused() -> None:
    tokens, _ = markdown.parse("```\ncode\n```")

    with pytest.raises(ValueError, match="fence"):
        markdown.plain(tokens)
