"""Passwords: hashing, verification, and the rules for new ones (NIST SP 800-63B-4, 3.1.1)."""

import re
import secrets
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError, VerifyMismatchError
from argon2.low_level import ARGON2_VERSION
from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from clinic.core.text import fold

HASHER = PasswordHasher()
"""Argon2id with the costs that argon2-cffi recommends (RFC 9106's second choice)."""

MIN_LENGTH = 12
MAX_LENGTH = 256
MIN_SCORE = 3
"""The lowest accepted score of zxcvbn (0 to 4): about 10^8 guesses, enough with a slow hash."""

ESTIMATED_LENGTH = 72
"""Characters that zxcvbn reads: its time grows with the length, and more than these add nothing."""

ALPHABET = "23456789abcdefghijkmnpqrstuvwxyz"
"""32 characters that are not mistaken for one another: 5 bits each."""

_LIKE_A_COMMON_ONE = "this one is similar to a common password"
_MADE_OF_NAMES = "this one is made of the clinic’s or your own name"
_IN_SEQUENCE = "this one follows the alphabet, the digits or the keyboard"
_DICTIONARY_REASONS = {"passwords": _LIKE_A_COMMON_ONE, "user_inputs": _MADE_OF_NAMES}
_PATTERN_REASONS = {
    "sequence": _IN_SEQUENCE,
    "spatial": _IN_SEQUENCE,
    "repeat": "this one repeats itself",
    "date": "this one is mostly a date",
    "regex": "this one is mostly a date",
}
_COMMON = frozenset(word.casefold() for word in FREQUENCY_LISTS["passwords"])
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_DECORATIONS = (re.compile(r"[\W\d_]+$"), re.compile(r"^[\W\d_]+|[\W\d_]+$"))
"""Digits and punctuation that people add behind or around a common password."""


def hash_password(password: str) -> str:
    """Return the hash of a password, which is taken exactly as it was typed."""
    return HASHER.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Return whether a password matches a stored hash.

    Without a usable hash it takes as long, so that the time does not show which accounts exist.
    """
    if len(password) > MAX_LENGTH or not _is_encodable(password):
        return False
    try:
        return HASHER.verify(stored or "", password)
    except VerifyMismatchError:
        return False
    except (VerificationError, ValueError):
        return _verify_dummy(password)


def needs_rehash(stored: str) -> bool:
    """Return whether a stored hash has other cost parameters than the current ones."""
    try:
        return HASHER.check_needs_rehash(stored)
    except ValueError:
        return True


def password_problems(password: str, *, context: Iterable[str]) -> list[str]:
    """Return the problems of a new password: its length, and whether it is easy to guess.

    `context` are the words that an attacker would try first: the names of clinic and person, and the email address.
    """
    if len(password) > MAX_LENGTH:
        return [f"Enter at most {MAX_LENGTH} characters"]
    if not _is_encodable(password):
        return ["Leave out the characters that can’t be stored"]
    problems = []
    if len(password) < MIN_LENGTH:
        problems.append(f"Enter at least {MIN_LENGTH} characters")
    if weakness := _weakness(password, context):
        problems.append(f"Choose a password that is harder to guess: {weakness}")
    return problems


def new_secret(groups: int = 4, length: int = 5) -> str:
    """Return a random secret that is easy to read out and type, like `x7kqa-…`."""
    parts = ("".join(secrets.choice(ALPHABET) for _ in range(length)) for _ in range(groups))
    return "-".join(parts)


def _verify_dummy(password: str) -> bool:
    """Do the work of a verification that always fails."""
    try:
        return HASHER.verify(_dummy_hash(), password)
    except VerificationError:
        return False


def _dummy_hash() -> str:
    """Return a hash with the current cost parameters that no known password has."""
    salt, digest = (
        b64encode(secrets.token_bytes(length)).decode("ascii").rstrip("=")
        for length in (HASHER.salt_len, HASHER.hash_len)
    )
    costs = f"m={HASHER.memory_cost},t={HASHER.time_cost},p={HASHER.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"


def _is_encodable(password: str) -> bool:
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in password)


def _weakness(password: str, context: Iterable[str]) -> str | None:
    """Return why a password is easy to guess, or None if it is not."""
    names = _name_parts(context)
    if any(decoration.sub("", password.casefold()) in _COMMON for decoration in _DECORATIONS):
        return _LIKE_A_COMMON_ONE
    if _is_made_of(names, _letters(password)):
        return _MADE_OF_NAMES
    estimate = zxcvbn(password[:ESTIMATED_LENGTH], user_inputs=sorted(names))
    if estimate["score"] >= MIN_SCORE:
        return None
    return _reason(max(estimate["sequence"], key=lambda match: len(match["token"])))


def _reason(match: Mapping[str, Any]) -> str:
    """Return the reason why a password is weak from its longest match in zxcvbn."""
    if match["pattern"] == "dictionary":
        return _DICTIONARY_REASONS.get(match["dictionary_name"], "this one is made of common words")
    return _PATTERN_REASONS.get(match["pattern"], "this one is too simple")


def _name_parts(context: Iterable[str]) -> set[str]:
    parts = {part for text in ("clinic", *context) for part in _NOT_LETTERS.split(fold(text))}
    return parts - {""}


def _letters(password: str) -> str:
    return _NOT_LETTERS.sub("", fold(password))


def _is_made_of(parts: set[str], letters: str) -> bool:
    """Return whether letters are nothing but parts, one after the other."""
    reached = {0}
    for place in range(len(letters)):
        if place in reached:
            reached |= {place + len(part) for part in parts if letters.startswith(part, place)}
    return bool(letters) and len(letters) in reached
