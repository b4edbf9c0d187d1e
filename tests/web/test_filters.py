"""Numbers, countries, Markdown, the seat meter, addresses of files."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from regapp.web import countries, filters, markdown, meter


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (999, "999"), (1250, "1,250"), (1234567, "1,234,567")])
def test_numbers_have_separators(value: int, text: str) -> None:
    assert filters.number(value) == text


def test_there_are_all_countries_of_iso_3166_and_kosovo() -> None:
    names = countries.names("en")

    assert len(names) == 249 + 1
    assert names["HU"] == "Hungary"
    assert names["XK"] == "Kosovo"
    assert not countries.NOT_COUNTRIES & names.keys()


def test_countries_are_sorted_as_readers_look_for_them() -> None:
    names = list(countries.names("en").values())

    assert names[:3] == ["Afghanistan", "Åland Islands", "Albania"]
    assert names.index("Côte d’Ivoire") < names.index("Croatia")


def test_one_country_is_selected_and_names_are_escaped() -> None:
    markup = countries.options("en", selected="HU")

    assert '<option value="HU" selected>Hungary</option>' in markup
    assert markup.count("selected") == 1
    assert "Trinidad &amp; Tobago" in markup


@pytest.mark.parametrize("selected", ["", "XX", '"><script>'])
def test_an_unknown_country_selects_nothing(selected: str) -> None:
    assert "selected" not in countries.options("en", selected=selected)


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("**bold** and _soft_", "<p><strong>bold</strong> and <em>soft</em></p>"),
        ("# One\n\n## Two\n\n#### Four", "<h3>One</h3>\n<h3>Two</h3>\n<h4>Four</h4>"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
        ("![x](https://example.org/x.png)", "<p></p>"),
        ("[x](javascript:alert%281%29)", "<p>[x](javascript:alert%281%29)</p>"),
        ("[x](data:text/html,x)", "<p>[x](data:text/html,x)</p>"),
    ],
)
def test_markdown_becomes_clean_html(source: str, html: str) -> None:
    assert markdown.to_html(source).strip() == html


def test_links_in_markdown_tell_other_sites_nothing() -> None:
    assert 'rel="noopener noreferrer"' in markdown.to_html("[x](https://example.org/)")


def _squares(path: str) -> int:
    """Count the squares that a path goes around."""
    boxes = re.findall(r"h(\d+)v(\d+)", path)
    return sum(int(width) * int(height) // 100 for width, height in boxes)


@pytest.mark.parametrize("size", [1, 3, 14, 24, 40, 41, 60, 250, 301, 999, 1000])
@pytest.mark.parametrize("share", [0, 1, 2])
def test_every_square_of_the_meter_is_a_place(size: int, share: int) -> None:
    drawn = meter.draw(size, taken=size * share // 2, waiting=0)

    assert _squares(drawn.free) == size
    assert _squares(drawn.taken) == size * share // 2
    assert drawn.per_square == 1


def test_a_very_large_meter_says_what_a_square_stands_for() -> None:
    drawn = meter.draw(2500, taken=1, waiting=0)

    assert drawn.per_square == 3
    assert _squares(drawn.free) == 834
    assert _squares(drawn.taken) == 1


def test_more_taken_than_there_are_fills_the_meter() -> None:
    drawn = meter.draw(10, taken=12, waiting=0)

    assert drawn.taken == drawn.free


def test_who_waits_is_drawn_below_in_two_rows_at_most() -> None:
    few, many = meter.draw(250, taken=250, waiting=12), meter.draw(250, taken=250, waiting=500)

    assert _squares(few.waiting) == 12
    assert few.waiting_top == 105
    assert few.height == 115
    assert _squares(many.waiting) == 50
    assert many.height == 125


@pytest.mark.parametrize(
    ("size", "left", "fill"),
    [(100, 16, "open"), (100, 15, "filling"), (100, 0, "full"), (None, None, "open"), (0, 0, "full"), (3, 1, "open")],
)
def test_fifteen_percent_left_is_filling(size: int | None, left: int | None, fill: str) -> None:
    assert meter.fill(size, left) == fill


def test_addresses_of_static_files_carry_their_version() -> None:
    assert re.fullmatch(r"/static/look\.css\?v=[0-9a-f]{12}", filters.static_url("look.css"))
    assert filters.static_url("vendor/pico-2.1.1/pico.min.css") == "/static/vendor/pico-2.1.1/pico.min.css"


def test_links_keep_the_language_only_when_it_was_chosen(app: Flask) -> None:
    with app.test_request_context("/?lang=en"):
        assert filters.link("public.event", slug="x") == "/events/x?lang=en"
    with app.test_request_context("/?lang=xx"):
        assert filters.link("public.event", slug="x") == "/events/x"
    with app.test_request_context("/"):
        assert filters.link("public.event", slug="x") == "/events/x"
