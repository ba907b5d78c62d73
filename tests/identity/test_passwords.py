"""Passwords: kept as hashes, compared in the same time for everybody, refused when they are easy to guess."""

import runpy
import unicodedata

import pytest
from argon2 import DEFAULT_TIME_COST, PasswordHasher, Type, extract_parameters
from argon2.exceptions import VerificationError, VerifyMismatchError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from clinic.identity import passwords
from clinic.identity.passwords import (
    ALPHABET,
    hash_password,
    needs_rehash,
    new_secret,
    password_problems,
    verify_password,
)

CONTEXT = ["Harbour Clinic", "Amara O’Neill-Okafor", "amara.okafor@harbour-clinic.example"]
GOOD = "correct horse battery"
HARDER = "Choose a password that is harder to guess: "


class WatchedHasher(PasswordHasher):
    """A hasher that remembers which hashes were computed for a check."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.computed: list[str] = []

    def verify(self, hash, password):  # noqa: A002 - as its base calls it
        try:
            super().verify(hash, password)
        except VerifyMismatchError:
            self.computed.append(hash)
            raise
        self.computed.append(hash)
        return True


@pytest.fixture
def hasher(monkeypatch) -> WatchedHasher:
    watched = WatchedHasher()
    monkeypatch.setattr(passwords, "HASHER", watched)
    return watched


def test_a_password_is_recognised_and_another_one_is_not():
    kept = hash_password(GOOD)

    assert verify_password(kept, GOOD)
    assert not verify_password(kept, GOOD + " ")
    assert not verify_password(kept, GOOD.upper())


def test_the_same_password_is_never_kept_in_the_same_way_twice():
    kept = {hash_password(GOOD), hash_password(GOOD)}

    assert len(kept) == 2
    assert not any("horse" in one for one in kept)


def test_passwords_are_hashed_by_argon2id_at_the_recommended_costs():
    usual = runpy.run_path(str(passwords.__file__))["HASHER"]

    assert usual.type is Type.ID
    assert usual.memory_cost >= 19 * 1024
    assert usual.time_cost >= DEFAULT_TIME_COST


@pytest.mark.row(1)
@pytest.mark.parametrize("kept", [None, "", "!", "é", "$argon2id$v=19$m=8,t=1,p=1$", "$argon2id$" + "x" * 90])
def test_where_nothing_usable_is_kept_a_hash_of_the_same_cost_is_computed(kept, hasher):
    real = hash_password(GOOD)

    assert not verify_password(kept, GOOD)

    assert len(hasher.computed) == 1
    assert extract_parameters(hasher.computed[0]) == extract_parameters(real)


@pytest.mark.row(1)
def test_a_wrong_password_costs_one_hash_as_well(hasher):
    kept = hash_password(GOOD)

    assert not verify_password(kept, "something else")

    assert hasher.computed == [kept]


@pytest.mark.row(5)
def test_a_huge_password_is_refused_before_anything_is_hashed(hasher, monkeypatch):
    kept = hash_password(GOOD)
    huge = "a b" * 350_000
    monkeypatch.setattr(passwords, "fold", lambda _: pytest.fail("it was looked at"))

    assert password_problems(huge, context=CONTEXT) == ["Enter at most 256 characters"]
    assert not verify_password(kept, huge)
    assert not verify_password(None, huge)
    assert hasher.computed == []


@pytest.mark.breadth
@pytest.mark.row(5)
@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "x" + "4k T!" * 12 + "end",
        ("9f3b" * 3 + "z") + "q7 " * 38,
        "🦊🐢🦉🐙🦀🐝🦔🦋🐌🐞🦜🐊",
        "  wide  open  ",
        "   drei  leere Räume   ",
        "🦀🐙🦑🐚🐡🐠🐟🐬🦈🐳🐋🦭",
        "Café e outras coisas",
        "zażółć gęślą jaźń",
        "ひらがなとカタカナと漢字です",
        "unlucky-\x7f-keyboard",
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_any_characters_of_any_reasonable_length_are_taken_as_they_are_typed(password, form):
    typed = unicodedata.normalize(form, password)

    assert password_problems(typed, context=CONTEXT) == []
    assert verify_password(hash_password(typed), typed)


@pytest.mark.row(5)
def test_a_password_is_not_normalised_before_it_is_hashed():
    composed, decomposed = (unicodedata.normalize(form, "zażółć gęślą") for form in ("NFC", "NFD"))

    assert not verify_password(hash_password(composed), decomposed)


def test_characters_are_counted_as_they_are_typed():
    assert password_problems("é7k♥pq2w9zt", context=()) == ["Enter at least 12 characters"]
    assert password_problems("é7k♥pq2w9ztm", context=()) == []
    assert password_problems("k7 " * 85 + "m", context=()) != ["Enter at most 256 characters"]
    assert password_problems("k7 " * 85 + "mn", context=()) == ["Enter at most 256 characters"]


@pytest.mark.parametrize("password", ["good enough \x00 otherwise", "good enough \ud83d otherwise"])
def test_what_can_not_be_hashed_is_refused_with_a_message_and_matches_nothing(password):
    assert password_problems(password, context=CONTEXT) == ["Leave out the characters that can’t be stored"]
    assert not verify_password(hash_password(GOOD), password)
    assert not verify_password(None, password)


@pytest.mark.row(6)
@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("password", "this one is similar to a common password"),
        ("Password12345", "this one is similar to a common password"),
        ("baseball!!!!!!", "this one is similar to a common password"),
        ("2026 Football 2026", "this one is similar to a common password"),
        ("simpsons2026!", "this one is similar to a common password"),
        ("qwertyuiopas", "this one is similar to a common password"),
        ("onlylowercase", "this one is made of common words"),
        ("1qaz2wsx3edc!", "this one is similar to a common password"),
        ("clinic2026", "this one is made of the clinic’s or your own name"),
        ("HarbourClinic!!11", "this one is made of the clinic’s or your own name"),
        ("amara.okafor.1984", "this one is made of the clinic’s or your own name"),
        ("Ámara@Hárbour-2026", "this one is made of the clinic’s or your own name"),
        ("oneill-okafor-77", "this one is made of the clinic’s or your own name"),
        ("aaaaaaaaaaaa", "this one repeats itself"),
        ("Aaaaaaaaaaa1!", "this one is made of common words"),
        ("abcabcabcabca", "this one repeats itself"),
        ("🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊", "this one repeats itself"),
        ("14051984", "this one is mostly a date"),
        ("123456789012", "this one is similar to a common password"),
        ("ertyuiop[]asdf", "this one follows the alphabet, the digits or the keyboard"),
        ("abcdefghijkl", "this one follows the alphabet, the digits or the keyboard"),
        ("zyxwvutsrqponm!", "this one follows the alphabet, the digits or the keyboard"),
    ],
)
def test_what_a_stranger_would_try_first_is_refused_with_the_reason(password, reason):
    assert HARDER + reason in password_problems(password, context=CONTEXT)


@pytest.mark.slow
@pytest.mark.row(6)
def test_each_of_the_3000_most_common_passwords_is_refused_with_digits_behind_it_too():
    common = FREQUENCY_LISTS["passwords"][:3000]
    words = [word for word in common if not word[-1].isdigit()]

    assert [word for word in common if not password_problems(word, context=())] == []
    assert [word for word in words if not password_problems(f"{word}20262027!", context=())] == []


@pytest.mark.row(6)
@pytest.mark.parametrize(
    "password", ["harbour and a boat", "clinically insane owl", "alllowercase words here", "938472615028"]
)
def test_a_name_among_other_words_and_a_lack_of_variety_are_no_reasons(password):
    assert password_problems(password, context=CONTEXT) == []


def test_names_in_other_scripts_are_names_too():
    assert password_problems("김민준-김민준-2026", context=["김민준"]) != []
    assert password_problems("김민준-바다-파란-2026", context=["김민준"]) == []


def test_a_hash_of_other_costs_is_to_be_made_anew():
    assert not needs_rehash(hash_password(GOOD))
    assert needs_rehash(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(GOOD))
    assert needs_rehash("!")


def test_a_hash_of_other_costs_is_still_recognised():
    kept = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(GOOD)

    assert verify_password(kept, GOOD)


def test_a_check_that_finds_no_memory_fails_without_an_error(monkeypatch):
    class Exhausted(PasswordHasher):
        def verify(self, hash, password):  # noqa: A002 - as its base calls it
            raise VerificationError("Memory allocation error")

    kept = hash_password(GOOD)
    monkeypatch.setattr(passwords, "HASHER", Exhausted())

    assert not verify_password(kept, GOOD)


def test_a_secret_can_be_read_out_and_typed():
    secret = new_secret()

    groups = secret.split("-")
    assert [len(group) for group in groups] == [5, 5, 5, 5]
    assert set("".join(groups)) <= set(ALPHABET)
    assert not set(ALPHABET) & set("0oO1lI")


def test_no_secret_is_given_twice():
    assert len({new_secret() for _ in range(1000)}) == 1000
