"""What is stored. One module per subject; importing this package makes all tables known."""

from regapp.models.account import Account, Membership, RecoveryCode, Role
from regapp.models.event import Category, Event, EventStatus, Quota, QuotaKind, RobotCheck, Series
from regapp.models.history import History
from regapp.models.intake import Import
from regapp.models.outbox import Announcement, Heartbeat, OutboxMail
from regapp.models.registration import Consent, OrganisationType, Party, Registration, SavedView, Tag

__all__ = [
    "Account",
    "Announcement",
    "Category",
    "Consent",
    "Event",
    "EventStatus",
    "Heartbeat",
    "History",
    "Import",
    "Membership",
    "OrganisationType",
    "OutboxMail",
    "Party",
    "Quota",
    "QuotaKind",
    "RecoveryCode",
    "Registration",
    "RobotCheck",
    "Role",
    "SavedView",
    "Series",
    "Tag",
]
