"""What organizers say of a category: names and texts by language, its window, whom it is for."""

from __future__ import annotations

from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms.validators import StopValidation
from wtforms.widgets import TextArea

from regapp.services.categories import Plan
from regapp.services.events import CategoryFacts, EventFacts
from regapp.speech import LANGUAGES
from regapp.web.fields import Line, Tick, at_most, readable
from regapp.web.moments import Moment, written
from regapp.web.organizer.capacity_forms import number_of_places
from regapp.web.organizer.meanwhile import YES, SharedForm
from regapp.web.organizer.texts_forms import SENTENCES

NAME_LENGTH = 80
"""Characters of a name: it must fit beside a number on a telephone."""
MOMENTS = ("opens_at", "closes_at")
NAMES = tuple(f"name_{lang}" for lang in LANGUAGES)
TEXTS = tuple(f"text_{lang}" for lang in LANGUAGES)


def _label(what: str, lang: str) -> str:
    return f"{what}, {LANGUAGES[lang].name}"


class CategoryForm(SharedForm):
    """One category. `event`: where it is; `category`: None for a new one, which has a size beside the rest."""

    page_order = (*(field for pair in zip(NAMES, TEXTS, strict=True) for field in pair), "size", "counts", "hidden",
                  *MOMENTS)  # fmt: skip
    event: EventFacts
    category: CategoryFacts | None

    size = Line(
        lazy_gettext("Places"),
        [number_of_places],
        description=lazy_gettext("Empty: no limit of its own, people take places of the event."),
        render_kw={"autocomplete": "off", "inputmode": "numeric"},
    )
    counts = Tick(lazy_gettext("Its people take places of the event"), default=True)
    hidden = Tick(lazy_gettext("Hidden from visitors"))
    opens_at = Moment(
        lazy_gettext("Can be chosen from"), description=lazy_gettext("Empty: as soon as registration opens.")
    )
    closes_at = Moment(
        lazy_gettext("Can be chosen until"), description=lazy_gettext("Empty: until registration closes.")
    )

    @classmethod
    def of(cls, event: EventFacts, category: CategoryFacts | None = None, *, had: bool = False) -> CategoryForm:
        """Return the form for a category, None for a new one. `had`: somebody has it, so it goes on counting or not."""
        form = cast(CategoryForm, type("CategoryFormWithTexts", (cls,), _texts())())
        form.event, form.category = event, category
        if category is not None:
            del form["size"]
        if had:
            del form["counts"]
        return form

    @property
    def zone(self) -> str:
        """Return the zone of its times: that of the event."""
        return self.event.tz

    @property
    def missing(self) -> list[str]:
        """Return the fields of texts that are written in another language, but not in this one."""
        groups = ([self[name] for name in names] for names in (NAMES, TEXTS))
        return [
            field.name for group in groups if any(field.data for field in group) for field in group if not field.data
        ]

    def validate_closes_at(self, field: Any) -> None:
        """Refuse a window that ends before it begins."""
        if field.instant and self.opens_at.instant and field.instant <= self.opens_at.instant:
            raise StopValidation(_("Choose an end after the beginning"))

    def refuse_counting(self) -> None:
        """Say that somebody has registered meanwhile."""
        self.counts.errors = [_("Somebody has this category by now: whether it counts can no longer change")]

    def plan(self, *, rank: int) -> Plan:
        """Return what a valid form says."""
        was, instants = self.category, {name: self[name].instant for name in MOMENTS}
        if was is not None:
            instants = {name: _kept(getattr(was, name), typed) for name, typed in instants.items()}
        counts = bool(self.counts.data) if "counts" in self else was is None or was.counts
        return Plan(self._words(), counts=counts, hidden=bool(self.hidden.data), rank=rank, **instants)

    def _words(self) -> dict[str, dict[str, Any]]:
        """Return the texts by language; what other languages hold stays."""
        texts = dict(self.category.texts) if self.category else {}
        for lang in LANGUAGES:
            words = {"name": self[f"name_{lang}"].data, "text": self[f"text_{lang}"].data}
            texts[lang] = {**texts.get(lang, {}), **words}
        filled = {lang: {key: text for key, text in words.items() if text} for lang, words in texts.items()}
        return {lang: words for lang, words in filled.items() if words}


def stored(form: CategoryForm, category: CategoryFacts) -> dict[str, str]:
    """Return what is stored, as the fields of this form hold it."""
    found = {
        f"{key}_{lang}": str(category.texts.get(lang, {}).get(key) or "")
        for key in ("name", "text")
        for lang in LANGUAGES
    }
    found |= {name: " ".join(written(getattr(category, name), form.zone)).strip() for name in MOMENTS}
    found |= {name: YES if getattr(category, name) else "" for name in ("counts", "hidden")}
    return {name: text for name, text in found.items() if name in form}


def _texts() -> dict[str, Any]:
    """Return a field for the name and the text in each language; one of the names must be there."""
    members: dict[str, Any] = {}
    off = {"autocomplete": "off"}
    for lang in LANGUAGES:
        members[f"name_{lang}"] = Line(
            _label(_("Name"), lang), [_some_name, readable, at_most(NAME_LENGTH)], render_kw=off
        )
        members[f"text_{lang}"] = Line(
            _label(_("Who it is for"), lang),
            [readable, at_most(SENTENCES)],
            render_kw={**off, "rows": 2},
            widget=TextArea(),
        )
    return members


def _some_name(form: Any, field: Any) -> None:
    """Ask for a name, beside the first of them, where there is none in any language."""
    if field.name == NAMES[0] and not any(form[name].data for name in NAMES):
        raise StopValidation(_("Write what the category is called"))


def _kept(before: Any, typed: Any) -> Any:
    """Return the stored instant if what was typed is the same minute: fields show no seconds."""
    return before if before and typed and before.replace(second=0, microsecond=0) == typed else typed
