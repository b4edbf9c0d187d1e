"""What became of many people, in words."""

from __future__ import annotations

from flask_babel import ngettext

from regapp.services.bulk import Deed, Tally
from regapp.web.filters import number


def say(deed: Deed, tally: Tally, *, tag: str) -> str:
    """Return what became of all, as sentences."""
    said = [_said_done(deed, tally.done, tag)]
    if tally.promoted:
        said.append(
            ngettext(
                "One person who waited got a place.", "%(people)s people who waited got a place.", tally.promoted,
                people=number(tally.promoted),
            )
        )  # fmt: skip
    if tally.skipped:
        said.append(_said_skipped(deed, tally.skipped))
    return " ".join(said)


def _said_done(deed: Deed, done: int, tag: str) -> str:
    people = number(done)
    match deed:
        case Deed.CANCEL:
            return ngettext(
                "One registration is cancelled.", "%(people)s registrations are cancelled.", done, people=people
            )
        case Deed.RESEND:
            return ngettext("One link is on its way.", "%(people)s links are on their way.", done, people=people)
        case Deed.TAG:
            return ngettext(
                "%(people)s person has the tag “%(tag)s” now.", "%(people)s people have the tag “%(tag)s” now.", done,
                people=people, tag=tag,
            )  # fmt: skip
    return ngettext(
        "%(people)s person no longer has the tag “%(tag)s”.", "%(people)s people no longer have the tag “%(tag)s”.",
        done, people=people, tag=tag,
    )  # fmt: skip


def _said_skipped(deed: Deed, skipped: int) -> str:
    people = number(skipped)
    match deed:
        case Deed.CANCEL:
            return ngettext(
                "One had ended before.", "%(people)s had ended before.", skipped, people=people
            )  # fmt: skip
        case Deed.RESEND:
            return ngettext(
                "One person got none: the registration has ended, or a link went out within the last hour.",
                "%(people)s people got none: their registrations have ended, or a link went out within the last hour.",
                skipped, people=people,
            )  # fmt: skip
        case Deed.TAG:
            return ngettext("One person had it before.", "%(people)s people had it before.", skipped, people=people)
    return ngettext("One person did not have it.", "%(people)s people did not have it.", skipped, people=people)
