"""Reads pages as a visitor does: words, labels, fields, links; and fills in forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

FIELDS = {
    "first_name": "Ana",
    "last_name": "Kovács",
    "email": "ana@example.org",
    "organisation": "Danube Cluster",
    "job_title": "",
    "country": "HU",
    "privacy": "yes",
}
"""What somebody types into the form."""


@dataclass
class Page:
    """A page as read. `inputs`: what a browser would send if nothing were typed; `offered`: every input by name."""

    status: int
    title: str = ""
    words: str = ""
    main: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    offered: dict[str, dict[str, str]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    lang: str = ""

    def described(self, name: str) -> str:
        """Return the words that a screen reader adds to a field: its hint and its error."""
        ids = self.offered[name].get("aria-describedby", "").split()
        return " ".join(self.ids[id_] for id_ in ids)


def read(response: TestResponse) -> Page:
    """Read a page."""
    reader = _Reader(Page(response.status_code))
    reader.feed(response.text)
    page = reader.page
    page.words = " ".join(page.words.split())
    return page


def fill(client: FlaskClient, path: str, **typed: str) -> TestResponse:
    """Open the form, type into it as somebody new does, and send it."""
    return client.post(path, data=read(client.get(path)).inputs | FIELDS | typed)


class _Reader(HTMLParser):
    VOID = frozenset({"img", "input", "meta", "link", "br", "use", "rect", "path", "hr", "col"})

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.open: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        if tag == "html":
            self.page.lang = values["lang"]
        if tag == "main":
            self.page.main = values
        if tag in ("input", "select", "textarea"):
            self._offer(tag, values)
        if tag == "option" and "selected" in values:
            self.page.inputs[self._inside("select")["name"]] = values["value"]
        if tag == "button":
            self.page.buttons.append("")
        if tag not in self.VOID:
            self.open.append((tag, values))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open[-1][0] == tag, f"{tag} ends inside {self.open[-1][0]}"
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.open:
            return
        tag = self.open[-1][0]
        if tag == "title":
            self.page.title += data
            return
        if tag == "textarea":
            self.page.inputs[self.open[-1][1]["name"]] += data.removeprefix("\n")
            return
        self.page.words += data + " " if tag == "option" else data
        for name, values in self.open:
            if "id" in values:
                self.page.ids[values["id"]] = self.page.ids.get(values["id"], "") + data
            if name == "label" and "for" in values:
                self.page.labels[values["for"]] = self.page.labels.get(values["for"], "") + data
            if name == "a":
                self.page.links[data.strip()] = values["href"]
            if name == "button":
                self.page.buttons[-1] += data

    def _offer(self, tag: str, values: dict[str, str]) -> None:
        name = values["name"]
        self.page.offered[name] = values
        if tag in ("select", "textarea"):
            self.page.inputs[name] = ""
        elif values.get("type") not in ("checkbox", "radio"):
            self.page.inputs[name] = values.get("value", "")
        elif "checked" in values:
            self.page.inputs[name] = values["value"]

    def _inside(self, tag: str) -> dict[str, str]:
        return next(values for name, values in reversed(self.open) if name == tag)
