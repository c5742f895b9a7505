"""How a visitor wants to be called back: checked, and kept encrypted apart from the chat."""

import hashlib
import hmac
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import phonenumbers
from cryptography.fernet import Fernet, InvalidToken
from email_validator import EmailNotValidError, validate_email

from bot.errors import MessageRefused

KEY_FILE = "callback.key"


class Vault:
    """Encrypts with a key that is not in the database: a file that only this user may read, made where there is none.

    So a copy of the database alone, a backup say, tells no number.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / KEY_FILE
        if not path.exists():
            # Whole before it has its name: of several processes that start at once none may read half a key.
            with tempfile.NamedTemporaryFile(dir=folder, prefix=f"{KEY_FILE}.") as fresh:
                fresh.write(Fernet.generate_key())
                fresh.flush()
                with suppress(FileExistsError):
                    os.link(fresh.name, path)
        self._key = path.read_bytes()
        self._fernet = Fernet(self._key)

    def secret_for(self, purpose: str) -> bytes:
        """Give a secret for something else, from which the key cannot be worked out; the same in every process with this folder."""
        return hmac.new(self._key, purpose.encode(), hashlib.sha256).digest()

    def lock(self, contact: str) -> bytes:
        return self._fernet.encrypt(contact.encode())

    def unlock(self, kept: bytes) -> str | None:
        """Give the contact, or None where it was encrypted with another key."""
        try:
            return self._fernet.decrypt(bytes(kept)).decode()
        except InvalidToken:
            return None


def read_contact(typed: str) -> str:
    """Give a telephone number (a British one, or any other with its country's code) or an e-mail address as it is to be used.

    A number has to be possible, not known to be in use: numbering plans change. Raises MessageRefused where it is neither.
    """
    text = typed.strip()
    if "@" in text:
        try:
            return str(validate_email(text, check_deliverability=False).normalized)
        except EmailNotValidError as error:
            raise MessageRefused("error.contact", 422) from error
    try:
        number = phonenumbers.parse(text, "GB")
    except phonenumbers.NumberParseException as error:
        raise MessageRefused("error.contact", 422) from error
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise MessageRefused("error.contact", 422)
    british = number.country_code == 44
    form = phonenumbers.PhoneNumberFormat.NATIONAL if british else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(number, form))
