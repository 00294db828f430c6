from hypothesis import given
from hypothesis import strategies as st

from actors.agent_session.core.memory import Round, Sentence
from actors.agent_session.core.written_text import WrittenText, sentence_begin, written_sentences
from actors.media import SentenceSplitter, split_sentences

WORDS = st.text(st.sampled_from("aB.!? \n\t一。ก"), max_size=12)
PIECES = st.lists(WORDS, max_size=8)


@given(PIECES)
def test_put_together_again_the_sentences_and_the_rest_are_the_text(pieces: list[str]) -> None:
    splitter, whole = SentenceSplitter(), WrittenText()
    sentences = []
    for piece in pieces:
        whole.feed(piece)
        sentences += [whole.take(sentence) for sentence in splitter.feed(piece)]
    sentences += [whole.take(sentence) for sentence in splitter.finish()]
    assert [sentence.text for sentence in sentences] == split_sentences("".join(pieces))
    assert "".join(sentence.written or "" for sentence in sentences) + whole.rest() == "".join(pieces)
    assert all(sentence.text.split() == (sentence.written or "").split() for sentence in sentences)


@given(st.lists(st.tuples(WORDS, st.none() | WORDS), max_size=8))
def test_nothing_is_lost_of_what_is_written_otherwise(pieces: list[tuple[str, str | None]]) -> None:
    splitter, whole = SentenceSplitter(), WrittenText()
    sentences = []
    for said, written in pieces:
        whole.feed(said, written)
        sentences += [whole.take(sentence) for sentence in splitter.feed(said)]
    sentences += [whole.take(sentence) for sentence in splitter.finish()]
    expected = "".join(said if written is None else written for said, written in pieces)
    assert "".join(sentence.written or "" for sentence in sentences) + whole.rest() == expected
    assert whole.rest() == ""


@given(WORDS, st.integers(0, 12))
def test_of_a_sentence_that_was_heard_in_part_the_same_part_is_written(text: str, char: int) -> None:
    for sentence in written_sentences(text)[0]:
        begin = sentence.text[:char]
        part = sentence_begin(sentence, begin)
        assert part.text == begin
        assert sentence.written is not None
        assert part.written is not None
        assert sentence.written.startswith(part.written)
        assert part.written.split() == begin.split()


def test_of_a_piece_that_is_written_otherwise_as_much_is_taken_as_is_said_up_to_the_end_of_a_word() -> None:
    whole = WrittenText()
    whole.feed("One two. Three four.", "Eins zwei. Drei vier.")
    assert whole.take("One two.") == Sentence("One two.", "Eins zwei.")
    assert whole.take("Three four.") == Sentence("Three four.", " Drei vier.")
    half = sentence_begin(Sentence("Nobody knows her name.", " Keiner kennt ihren Namen."), "Nobody knows")
    assert half == Sentence("Nobody knows", " Keiner kennt ihren")


def test_what_is_written_and_not_said_belongs_to_the_sentence_before_it() -> None:
    whole = WrittenText()
    whole.feed("Hello.", "")
    whole.feed("", "Hallo.")
    assert whole.take("Hello.") == Sentence("Hello.", "Hallo.")
    whole.feed("", " Und")
    assert whole.rest() == " Und"


def test_nothing_is_written_for_a_sentence_that_is_left_out() -> None:
    assert written_sentences("Psst.", "") == ((Sentence("Psst.", ""),), "")
    assert Round(sentences=(Sentence("Hello."), Sentence("Psst.", ""), Sentence("Bye."))).text == "Hello. Bye."


def test_a_sentence_of_which_nothing_is_told_is_written_as_it_is_said() -> None:
    assert sentence_begin(Sentence("Hello there."), "Hello") == Sentence("Hello")
    assert Round(sentences=(Sentence("Hello."), Sentence("Bye.", "\n\nBye.")), space=" ").text == "Hello.\n\nBye. "
    assert written_sentences(" Hello.  Bye.\n") == ((Sentence("Hello.", " Hello."), Sentence("Bye.", "  Bye.")), "\n")
