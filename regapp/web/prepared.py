"""Pages that are the same for everybody are drawn once, and again as soon as anything that they show has changed."""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app, request

from regapp.web import languages

KEPT = 512
"""Pages kept per process, some 10 kB each."""
_STORE = "regapp.prepared"


def prepared(name: object, facts: object, draw: Callable[[], str]) -> str:
    """Return the page of this name, drawn anew unless the kept one was made from equal facts.

    `facts` must hold all that the page shows, save language and addresses, which are looked after here.
    """
    if current_app.debug:  # whoever edits templates wants to see it
        return draw()
    store: dict[object, tuple[object, str]] = current_app.extensions.setdefault(_STORE, {})
    key = (name, languages.current(), languages.chosen(), request.script_root)
    kept = store.get(key)
    if kept is not None and kept[0] == facts:
        return kept[1]
    if len(store) >= KEPT:
        store.clear()
    page = draw()
    store[key] = (facts, page)
    return page
