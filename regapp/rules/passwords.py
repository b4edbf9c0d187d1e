"""Which passwords are good enough: long ones that nobody would guess first. Source: NIST SP 800-63B."""

from __future__ import annotations

import unicodedata

from regapp.errors import WeakPassword

SHORTEST, LONGEST = 10, 200
"""Characters. Longer ones are refused, so that nobody keeps us busy with reading them."""
FEWEST = 4
"""Different characters: what has fewer is one key held down, or two in turn."""
_WORDS = """
0123456789 01234567890 0987654321 1029384756 1122334455 123123123123 1234512345 1234567890 12345678910
12345678900 1234567891 123456789a 123456789q 147258369a 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc 1qazxsw23edc 9876543210
a123456789 abc123456789 abc1234567 abcd123456 abcd1234567 abcdefghij abcdefghijk admin12345 admin123456
administrator asdfghjkl1 asdfghjkl123 basketball changeme123 football123 hello12345 iloveyou12 iloveyou123
jelszo1234 jelszo12345 letmein123 liverpool1 masterkey1 michael123 monkey12345 p@ssw0rd123 pa55word123 passw0rd123
passw0rd1234 password00 password01 password10 password11 password12 password123 password123! password1234
password12345 password99 passwordpassword princess123 q1w2e3r4t5 q1w2e3r4t5y6 qazwsxedcrfv qwer123456 qwerty1234
qwerty12345 qwerty123456 qwertyuiop qwertyuiop123 qwertyuiop1 qwertzuiop qwertzuiop123 sunshine123 superman123
welcome1234 welcome12345 welcome123 zaq12wsxcde3 zxcvbnm123 zxcvbnm1234
"""
COMMONEST = frozenset(_WORDS.split())
"""What everybody guesses first. The list is short because a guess costs a tenth of a second and ten in a quarter of an
hour are allowed: only the first few hundred of any list of stolen passwords are ever tried, and of those hardly any
has ten characters."""


def normalise(password: str) -> str:
    """Return the password as it is hashed: an é is one character, however the keyboard writes it (NFC)."""
    return unicodedata.normalize("NFC", password)


def check_password(password: str, *, email: str, name: str) -> None:
    """Refuse what would be guessed. Raises: WeakPassword, with `reason` and `length`."""
    password = normalise(password)
    if len(password) < SHORTEST:
        raise WeakPassword(reason="short", length=len(password))
    if len(password) > LONGEST:
        raise WeakPassword(reason="long", length=len(password))
    key = password.casefold()
    if _plain(key) in {_plain(word.casefold()) for word in (email, email.partition("@")[0], name)}:
        raise WeakPassword(reason="own", length=len(password))
    if key in COMMONEST or len(set(key)) < FEWEST:
        raise WeakPassword(reason="common", length=len(password))


def _plain(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKC", text) if char.isalnum())
