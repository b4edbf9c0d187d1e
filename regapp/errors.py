"""What can be wrong in the language of events. Knows no HTTP and no sentences."""

from __future__ import annotations

from typing import Any


class NotFound(Exception):
    """What was asked for does not exist, or not for the one who asks."""


class ConfigError(Exception):
    """The settings do not allow a start; the text says what is missing."""


class RuleViolation(Exception):
    """A rule says no. `code` names the reason, `values` its figures; `web` makes the sentence."""

    code = "refused"

    def __init__(self, **values: Any) -> None:
        super().__init__(self.code)
        self.values = values


class RegistrationClosed(RuleViolation):
    """Nobody can register now. Values: `reason` (a Phase), `at` (when that began or will end, may be None)."""

    code = "registration_closed"


class CategoryClosed(RuleViolation):
    """Nobody can register in this category now: it is none of the event's, hidden, or outside its window."""

    code = "category_closed"


class TooLate(RuleViolation):
    """The event has begun: what was asked for is over. Values: `at`, when it began."""

    code = "too_late"


class AddressTaken(RuleViolation):
    """Another registration of the event has this address."""

    code = "address_taken"


class EventOver(RuleViolation):
    """The event was called off, put away, or has ended: nothing about it changes any more."""

    code = "event_over"


class BadDates(RuleViolation):
    """An event would end before it begins, or begin in the past. Values: `starts_at`, `ends_at`."""

    code = "bad_dates"


class IllegalMove(RuleViolation):
    """No such change of state. Values: `before`, `after`."""

    code = "illegal_move"


class WeakPassword(RuleViolation):
    """The password would be guessed. Values: `reason` (short, long, own, common), `length` in characters."""

    code = "weak_password"


class LastOwner(RuleViolation):
    """Nobody would own the event any more."""

    code = "last_owner"


class AlreadyMember(RuleViolation):
    """This person has a role at the event already."""

    code = "already_member"


class WrongStatus(RuleViolation):
    """The event is not where this step begins, such as a draft. Values: `status`, where it is."""

    code = "wrong_status"


class NotReady(RuleViolation):
    """A draft cannot be published as it is. Values: `misfits`, what keeps it from that."""

    code = "not_ready"


class PeopleRegistered(RuleViolation):
    """People take part: what was asked for would leave them without an event. Values: `people`."""

    code = "people_registered"


class SlugTaken(RuleViolation):
    """Another event or series has this address."""

    code = "slug_taken"


class ChangedMeanwhile(RuleViolation):
    """Somebody else saved after the form was drawn: look at what they changed first."""

    code = "changed_meanwhile"


class UnreadableFile(RuleViolation):
    """A file in which no people can be found. Values: `why`, and the figures that belong to it."""

    code = "unreadable_file"


class Moved(RuleViolation):
    """What was shown is no longer what would happen; nothing was done."""

    code = "moved"
