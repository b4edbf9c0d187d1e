"""Which passwords are refused, and why."""

from __future__ import annotations

import pytest

from regapp.errors import WeakPassword
from regapp.rules.passwords import COMMONEST, LONGEST, SHORTEST, check_password, normalise

EMAIL, NAME = "eszter.varga@example.org", "Eszter Varga"


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("seven quiet boats", id="words"),
        pytest.param("abcdefgh1!", id="ten characters"),
        pytest.param("x4" * 99 + "yz", id="two hundred characters"),
        pytest.param("péntek és szombat", id="accents"),
        pytest.param("  two  spaces  ", id="spaces are characters"),
        pytest.param("eszter varga likes boats", id="the name among other words"),
        pytest.param("密码密钥长城故宫北京上海", id="any script"),
    ],
)
def test_a_password_that_nobody_guesses_is_taken(password: str) -> None:
    check_password(password, email=EMAIL, name=NAME)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        pytest.param("", "short", id="nothing"),
        pytest.param("123456789", "short", id="nine characters"),
        pytest.param("e\u0301" * 9, "short", id="nine characters of two code points each"),
        pytest.param("abcde" * 40 + "f", "long", id="201 characters"),
        pytest.param("x" * 100_000, "long", id="a hundred thousand characters"),
        pytest.param("eszter.varga@example.org", "own", id="the address"),
        pytest.param("ESZTER.VARGA@EXAMPLE.ORG", "own", id="the address in capitals"),
        pytest.param("eszter.varga", "own", id="the part before the @"),
        pytest.param("Eszter Varga", "own", id="the name"),
        pytest.param("EszterVarga!", "own", id="the name in one word, with a sign"),
        pytest.param("Password123", "common", id="a common one, whatever its capitals"),
        pytest.param("qwertzuiop", "common", id="a row of keys"),
        pytest.param("aaaaaaaaaaaa", "common", id="one key held down"),
        pytest.param("1212121212", "common", id="two keys in turn"),
    ],
)
def test_a_password_that_would_be_guessed_is_refused(password: str, reason: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        check_password(password, email=EMAIL, name=NAME)

    assert refused.value.values["reason"] == reason


def test_the_list_holds_only_what_length_does_not_refuse_already() -> None:
    assert [word for word in COMMONEST if not SHORTEST <= len(word) <= LONGEST or word != word.casefold()] == []
    assert normalise("e\u0301") == "\u00e9"
