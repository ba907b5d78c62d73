"""One typing error in a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.patients.search.typing_errors import is_one_error, may_have_error, variants

words = st.text("abcdef", min_size=4, max_size=12)


@pytest.mark.parametrize(
    ("typed", "word"),
    [("muler", "muller"), ("wiess", "weiss"), ("perreira", "pereira"), ("pereyra", "pereira"), ("zamroa", "zamora")],
)
def test_a_missing_swapped_doubled_or_wrong_letter_is_one_error(typed, word):
    assert is_one_error(typed, word)
    assert is_one_error(word, typed)
    assert variants(typed) & variants(word)


@pytest.mark.parametrize(
    ("typed", "word"), [("weiss", "weiss"), ("wssei", "weiss"), ("mlur", "muller"), ("perez", "pereira")]
)
def test_none_or_two_errors_are_not_one(typed, word):
    assert not is_one_error(typed, word)


@pytest.mark.slow
@given(word=words, position=st.integers(0, 10), letter=st.sampled_from("xyz"))
def test_words_with_one_error_between_them_share_a_variant(word, position, letter):
    at = position % (len(word) - 1)
    for typed in (
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    ):
        assert typed == word or (is_one_error(typed, word) and variants(typed) & variants(word))


def test_short_words_and_words_with_signs_are_not_looked_for_with_errors():
    assert [word for word in ("ana", "सीता", "ng_yen", "abc1", "weiss") if may_have_error(word)] == ["weiss"]
