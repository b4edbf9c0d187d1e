"""An event is never without an owner."""

from __future__ import annotations

import pytest

from regapp.errors import LastOwner
from regapp.rules.teams import check_owner_stays

ALLOWED = [
    pytest.param({1: "owner", 2: "owner"}, 1, None, id="one of two owners leaves"),
    pytest.param({1: "owner", 2: "owner"}, 1, "viewer", id="one of two owners steps down"),
    pytest.param({1: "owner", 2: "viewer"}, 2, None, id="a viewer leaves"),
    pytest.param({1: "owner", 2: "viewer"}, 2, "manager", id="a viewer rises"),
    pytest.param({1: "owner"}, 1, "owner", id="the last owner stays one"),
    pytest.param({1: "manager"}, 1, None, id="there was no owner before"),
]
REFUSED = [
    pytest.param({1: "owner"}, 1, None, id="the only member leaves"),
    pytest.param({1: "owner", 2: "manager"}, 1, None, id="the last owner leaves"),
    pytest.param({1: "owner", 2: "manager"}, 1, "manager", id="the last owner steps down"),
]


@pytest.mark.parametrize(("roles", "account", "role"), ALLOWED)
def test_a_change_that_leaves_an_owner_is_allowed(roles: dict[int, str], account: int, role: str | None) -> None:
    check_owner_stays(roles, account, role)


@pytest.mark.parametrize(("roles", "account", "role"), REFUSED)
def test_a_change_that_leaves_none_is_refused(roles: dict[int, str], account: int, role: str | None) -> None:
    with pytest.raises(LastOwner):
        check_owner_stays(roles, account, role)
