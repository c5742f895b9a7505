"""What a user name, a name that visitors see, and a password of staff may be."""

import re
import unicodedata

from bot.errors import AccountError

USERNAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,39}")
NAME_LENGTH = 40
PASSWORD_LENGTH = 12
"""The least length of a password, in characters."""

COMMON = frozenset(
    [
        "123456789012",
        "1234567890123",
        "12345678901234",
        "123456789012345",
        "1234567890123456",
        "123123123123",
        "123456123456",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiop1234",
        "qwertyuiopasdf",
        "qwertyuiopasdfghjkl",
        "qwertyqwerty",
        "qwerty123456",
        "abcdefghijkl",
        "abcdefghijklm",
        "abcdefghijklmnopqrstuvwxyz",
        "abc123abc123",
        "password1234",
        "password12345",
        "password123456",
        "passwordpassword",
        "mypassword123",
        "passw0rd1234",
        "administrator",
        "admin1234567",
        "adminadminadmin",
        "letmeinletmein",
        "letmeinplease",
        "iloveyou1234",
        "welcome12345",
        "changeme1234",
        "changemechangeme",
        "correcthorsebatterystaple",
        "threerandomwords",
        "librarylibrary",
        "welcomedesk",
        "welcomedesk1",
        "welcomedesk123",
        "cambridgeshire",
        "birmingham123",
    ]
)
"""Passwords long enough that are tried first, in lower case, letters and digits alone."""

ADVICE = f"Choose at least {PASSWORD_LENGTH} characters; three random words, as the NCSC advises, are easy to remember."
"""See https://www.ncsc.gov.uk/collection/top-tips-for-staying-secure-online/three-random-words."""

_JOINERS = "\u200c\u200d"
"""Characters that join letters; they belong to the spelling of Persian names."""


def check_username(username: str) -> None:
    """Raise AccountError where ``username`` cannot be one."""
    if not USERNAME.fullmatch(username):
        raise AccountError(
            "Choose a user name of 2 to 40 lower-case letters (a to z), digits, dots and dashes that begins with a letter or digit."
        )


def check_name(name: str) -> str:
    """Give the name that visitors see as it is kept. Raises AccountError where it cannot be shown."""
    name = unicodedata.normalize("NFC", name.strip())
    # Joiners belong to the spelling of Persian names; other invisible characters could turn the line around.
    hidden = any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") and c not in _JOINERS for c in name)
    if hidden or len(name) > NAME_LENGTH or not any(c.isalnum() for c in name):
        raise AccountError(
            f"Give the name that visitors see, a first name or a role: 1 to {NAME_LENGTH} characters on one line, with a letter or digit."
        )
    return name


def check_password(username: str, password: str) -> None:
    """Raise AccountError where ``password`` is too easily guessed for the account ``username``."""
    password = unicodedata.normalize("NFC", password)
    if len(password) < PASSWORD_LENGTH:
        raise AccountError(f"The password is too short. {ADVICE}")
    if username in password.casefold():
        raise AccountError(f"The password contains the user name. {ADVICE}")
    plain = "".join(c for c in password.casefold() if c.isalnum())
    if plain in COMMON or len(set(password)) < 5:
        raise AccountError(f"The password is one that is tried first. {ADVICE}")
