"""Every language says everything: no sentence is missing, doubtful, left over, or filled in wrongly."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask

from regapp import speech
from regapp.mail.render import render
from regapp.speech import DEFAULT, LANGUAGES, Language
from tests.mail.letters import make_letter
from tests.web.visitor import read

ROOT = Path(__file__).parent.parent
TRANSLATIONS = ROOT / "regapp" / "translations"
TRANSLATED = [lang for lang in LANGUAGES if lang != DEFAULT]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")


def _catalogue(lang: str) -> Catalog:
    with (TRANSLATIONS / lang / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=lang)


def _used() -> set[str | tuple[str, ...]]:
    """Return the sentences of code and templates; plural ones as a pair."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
    found = set()
    for folder in ("regapp", "templates"):
        mapping = [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in methods]
        for _path, _line, message, _comments, _context in extract_from_dir(
            ROOT / folder, mapping, options, keywords=keywords
        ):
            found.add(message)
    return found


def _sentences(catalogue: Catalog) -> Iterator[tuple[Message, list[str]]]:
    for message in catalogue:
        if message.id:
            yield message, [message.string] if isinstance(message.string, str) else list(message.string)


@pytest.mark.parametrize("lang", TRANSLATED)
def test_the_catalogue_holds_the_sentences_of_the_program_and_no_others(lang: str) -> None:
    catalogue = _catalogue(lang)

    assert {message.id for message in catalogue if message.id} == _used(), "run `make translations`, then translate"
    assert not catalogue.obsolete


@pytest.mark.parametrize("lang", TRANSLATED)
def test_every_sentence_is_translated_and_nobody_doubts_it(lang: str) -> None:
    for message, sentences in _sentences(_catalogue(lang)):
        assert all(sentences), f"not translated: {message.id}"
        assert not message.fuzzy, f"doubtful: {message.id}"


@pytest.mark.parametrize("lang", TRANSLATED)
def test_what_is_filled_in_is_the_same_in_every_language(lang: str) -> None:
    for message, sentences in _sentences(_catalogue(lang)):
        wanted = set(PLACEHOLDER.findall(message.id[-1] if isinstance(message.id, tuple) else message.id))
        for sentence in sentences:
            assert set(PLACEHOLDER.findall(sentence)) == wanted, message.id


@pytest.mark.parametrize("lang", TRANSLATED)
def test_what_is_compiled_is_what_is_written(lang: str) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, _catalogue(lang))

    stored = (TRANSLATIONS / lang / "LC_MESSAGES" / "messages.mo").read_bytes()
    assert stored == compiled.getvalue(), "run `make translations`"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_language_is_one_line_and_one_catalogue(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = Catalog(locale="de")
    for sentence in ("Events", "You have a place, %(name)s.", "You have a place: %(event)s"):
        catalogue.add(sentence, f"[{sentence}]")
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, catalogue)
    monkeypatch.setitem(speech.LANGUAGES, "de", Language("Deutsch"))
    app.extensions["babel"].translation_directories.append(str(tmp_path))

    page = read(app.test_client().get("/?lang=de"))
    mail = render(make_letter(lang="de"))

    assert (page.lang, mail.lang) == ("de", "de")
    assert page.title.startswith("[Events]")
    assert "[You have a place, Ilona Kovács.]" in mail.text
    assert "Dienstag, 1. Dezember 2026" in mail.text
    assert mail.subject == "[You have a place: European Cluster Conference]"
