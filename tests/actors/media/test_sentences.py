import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.media import MAX_SENTENCE_CHARS, SentenceSplitter, split_sentences

TEXTS = st.lists(
    st.sampled_from(["Dr.", "pizza", "4.50", "1.", "No.", "e.g.", "J.", "Yes!", "what?", '"Go."', "so,", "\n", "a" * 120, "555.", "1234."]),
    max_size=30,
).map(" ".join) | st.text(st.sampled_from("aB1.!?, \n\"'"), max_size=400)


@pytest.mark.parametrize(
    "sentence",
    [
        "A pizza costs 4.50 dollars.",
        "Dr. Smith and Mrs. Jones live in St. Albans, No. 5.",
        "Call 555. 1234. 99 now.",
        "It is good, e.g. with salt.",
        "J. K. Rowling came at 5 p.m. with us.",
        "1. Pizza.",
        "Wait... what?",
        'He said "No." and left.',
        "It is (e.g. here) fine.",
    ],
)
def test_one_sentence_is_not_torn(sentence: str) -> None:
    assert split_sentences(sentence) == [sentence]


def test_sentences_end_at_their_marks_and_at_line_breaks() -> None:
    text = 'Hello there! I have a pizza. "Two?" No. I want 34.50. (Really.) Thanks\nBye'
    assert split_sentences(text) == ["Hello there!", "I have a pizza.", '"Two?"', "No.", "I want 34.50.", "(Really.)", "Thanks", "Bye"]


def test_a_sentence_comes_with_the_beginning_of_the_next() -> None:
    splitter = SentenceSplitter()
    assert [splitter.feed(delta) for delta in ("One pi", "zza. ", "And", " more")] == [[], [], ["One pizza."], []]
    assert splitter.finish() == ["And more"]
    assert splitter.finish() == []


def test_a_sentence_without_end_is_cut_at_a_clause_a_word_or_anywhere() -> None:
    words = "word " * 100
    assert all(len(part) <= MAX_SENTENCE_CHARS for part in split_sentences(words))
    assert split_sentences("first clause, " + words)[0] == "first clause,"
    assert len(split_sentences("x" * 1_000)[0]) == MAX_SENTENCE_CHARS


@given(TEXTS, st.lists(st.integers(0, 400), max_size=10))
def test_the_cut_into_pieces_changes_no_sentence(text: str, cuts: list[int]) -> None:
    splitter = SentenceSplitter()
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    streamed = [sentence for a, b in itertools.pairwise(edges) for sentence in splitter.feed(text[a:b])] + splitter.finish()
    assert streamed == split_sentences(text)


@given(TEXTS)
def test_nothing_is_lost_or_empty(text: str) -> None:
    sentences = split_sentences(text)
    assert re.sub(r"\s", "", "".join(sentences)) == re.sub(r"\s", "", text)
    assert all(0 < len(sentence) <= MAX_SENTENCE_CHARS for sentence in sentences)
