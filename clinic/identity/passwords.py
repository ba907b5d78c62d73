"""Passwords: how they are kept and checked, and which are too easy to guess (NIST SP 800-63B-4, 3.1.1)."""

import re
import secrets
from base64 import b64encode
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError, VerifyMismatchError
from argon2.low_level import ARGON2_VERSION
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from clinic.core.text import fold

HASHER = PasswordHasher()
"""Argon2id with the costs that argon2-cffi recommends (RFC 9106's second choice)."""

SHORTEST = 12
LONGEST = 256
SHORTEST_PATTERN = 6
"""Characters from which on what is left of a password, without digits around it, is looked at for patterns."""

ALPHABET = "23456789abcdefghijkmnpqrstuvwxyz"
"""32 characters, none of which is taken for another: 5 bits each."""

_COMMON = frozenset(word.casefold() for word in FREQUENCY_LISTS["passwords"])
_ROWS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_RUNS = [run for row in _ROWS for run in (row * LONGEST, row[::-1] * LONGEST)]
_TRIMS = [re.compile(trim) for trim in (r"[\W_]+$", r"[\W\d_]+$", r"^[\W_]+|[\W_]+$", r"^[\W\d_]+|[\W\d_]+$")]
_NOT_LETTERS = re.compile(r"[\W\d_]+")


def hash_password(password: str) -> str:
    """Return what is kept of a password, which is taken exactly as it was typed."""
    return HASHER.hash(password)


def verify_password(kept: str | None, password: str) -> bool:
    """Say whether a password is the one that `kept` was made of.

    It takes as long when nothing usable is kept, so that nobody learns whose account exists.
    """
    if len(password) > LONGEST or not _is_encodable(password):
        return False
    try:
        return HASHER.verify(kept or "", password)
    except VerifyMismatchError:
        return False
    except (VerificationError, ValueError):
        return _verify_against_nobody(password)


def needs_rehash(kept: str) -> bool:
    """Say whether what is kept was made at other costs than are usual now."""
    try:
        return HASHER.check_needs_rehash(kept)
    except ValueError:
        return True


def password_problems(password: str, *, context: Iterable[str]) -> list[str]:
    """Say what is the matter with a new password, if anything is; `context` is what a stranger would try first.

    That is the names of clinic and person and the person's e-mail. Nothing else is asked of its composition.
    """
    if len(password) > LONGEST:
        return [f"Enter at most {LONGEST} characters"]
    if not _is_encodable(password):
        return ["Leave out the characters that can’t be stored"]
    problems = []
    if len(password) < SHORTEST:
        problems.append(f"Enter at least {SHORTEST} characters")
    if weakness := _weakness(password, context):
        problems.append(f"Choose a password that is harder to guess: {weakness}")
    return problems


def new_secret(groups: int = 4, length: int = 5) -> str:
    """Return a random secret that a person can read out and type, like `x7kqa-…`."""
    parts = ("".join(secrets.choice(ALPHABET) for _ in range(length)) for _ in range(groups))
    return "-".join(parts)


def _verify_against_nobody(password: str) -> bool:
    """Do the work of a check whose outcome is certain."""
    try:
        return HASHER.verify(_nobodys_hash(), password)
    except VerificationError:
        return False


def _nobodys_hash() -> str:
    """Return a hash of today's costs that no known password has."""
    salt, digest = (
        b64encode(secrets.token_bytes(length)).decode("ascii").rstrip("=")
        for length in (HASHER.salt_len, HASHER.hash_len)
    )
    costs = f"m={HASHER.memory_cost},t={HASHER.time_cost},p={HASHER.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"


def _is_encodable(password: str) -> bool:
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in password)


def _weakness(password: str, context: Iterable[str]) -> str | None:
    looks = _looks(password.casefold())
    patterns = [look for look in looks if len(look) >= SHORTEST_PATTERN]
    if any(look in _COMMON for look in looks):
        return "this one is among the most common"
    if _is_made_of(_names(context), _letters(password)):
        return "this one is made of the clinic’s or your own name"
    if any(_is_repetition(look) for look in patterns):
        return "this one repeats itself"
    if any(look in run for look in patterns for run in _RUNS):
        return "this one follows the alphabet, the digits or the keyboard"
    return None


def _looks(password: str) -> set[str]:
    """Return a password as it is, and without the punctuation, or punctuation and digits, behind or around it."""
    return {password, *(trim.sub("", password) for trim in _TRIMS)} - {""}


def _names(context: Iterable[str]) -> set[str]:
    parts = {part for text in ("clinic", *context) for part in _NOT_LETTERS.split(fold(text))}
    return parts - {""}


def _letters(password: str) -> str:
    return _NOT_LETTERS.sub("", fold(password))


def _is_made_of(parts: set[str], letters: str) -> bool:
    """Say whether letters are nothing but parts, one after the other."""
    reached = {0}
    for place in range(len(letters)):
        if place in reached:
            reached |= {place + len(part) for part in parts if letters.startswith(part, place)}
    return bool(letters) and len(letters) in reached


def _is_repetition(text: str) -> bool:
    """Say whether a text is a pattern over and over that would be too short by itself."""
    return any(text[unit:] == text[:-unit] for unit in range(1, min(SHORTEST, len(text) // 2 + 1)))
