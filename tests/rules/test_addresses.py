"""Two spellings of one address are one address (R8)."""

from __future__ import annotations

import pytest

from regapp.rules.addresses import ascii_address, contact_key


@pytest.mark.rule("R8")
@pytest.mark.parametrize(
    ("typed", "key"),
    [
        pytest.param("ana@example.org", "ana@example.org", id="plain"),
        pytest.param("  Ana@Example.ORG ", "ana@example.org", id="spaces and capitals"),
        pytest.param("ana@münchen.de", "ana@xn--mnchen-3ya.de", id="name in German"),
        pytest.param("ana@xn--mnchen-3ya.de", "ana@xn--mnchen-3ya.de", id="the same as A-label"),
        pytest.param("ANA@MÜNCHEN.DE", "ana@xn--mnchen-3ya.de", id="the same in capitals"),
        pytest.param("ａｎａ@example.org", "ana@example.org", id="full-width letters"),
        pytest.param("ana+tag@example.org", "ana+tag@example.org", id="a tag is another address"),
        pytest.param("ana@straße.de", "ana@xn--strae-oqa.de", id="sharp s stays itself (IDNA 2008)"),
    ],
)
def test_contact_key(typed, key) -> None:
    assert contact_key(typed) == key


def test_mail_servers_get_the_domain_in_ascii_and_the_rest_as_typed() -> None:
    assert ascii_address(" Ana@münchen.de ") == "Ana@xn--mnchen-3ya.de"
