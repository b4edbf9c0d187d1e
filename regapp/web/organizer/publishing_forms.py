"""Steps in the life of an event that are asked for once more."""

from __future__ import annotations

from wtforms import HiddenField

from regapp.web.forms import ConfirmForm


class CallOffForm(ConfirmForm):
    """Calling an event off. `agreed`: how many people its sender has agreed to tell."""

    agreed = HiddenField()

    @property
    def people(self) -> int:
        """Return how many people may be told, -1 if that is no number."""
        found = self.agreed.data or ""
        return int(found) if found.isascii() and found.isdecimal() and len(found) < 10 else -1
