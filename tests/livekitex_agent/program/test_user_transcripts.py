"""A turn's texts become pieces, each told once."""

from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.program.user_transcripts import UserTranscripts
from protocols import UserInputSettled, UserInputTranscribed

WORDS = st.lists(st.sampled_from(["two", "pizzas", "please", "and"]), min_size=1, max_size=4).map(" ".join)


def pieces(*told: UserInputTranscribed | UserInputSettled) -> list[tuple[str, bool]]:
    transcripts = UserTranscripts()
    made = [transcripts.piece_of(one, 1.0) for one in told]
    return [(piece.transcript, piece.is_final) for piece in made if piece is not None]


def heard(text: str) -> UserInputTranscribed:
    return UserInputTranscribed(text=text, is_final=False)


def settled(text: str) -> UserInputSettled:
    return UserInputSettled(text=text)


def whole(text: str) -> UserInputTranscribed:
    return UserInputTranscribed(text=text, is_final=True)


def test_what_is_settled_in_one_piece_is_final_at_once_and_the_turns_text_is_no_news() -> None:
    assert pieces(heard("two"), settled("two pizzas"), whole("two pizzas")) == [("two", False), ("two pizzas", True)]


def test_interim_texts_are_of_what_is_open() -> None:
    told = (settled("two pizzas"), heard("two pizzas and a"), settled("two pizzas and a salad"))
    assert pieces(*told, whole("two pizzas and a salad")) == [("two pizzas", True), ("and a", False), ("and a salad", True)]


def test_a_turn_that_was_never_settled_is_one_piece() -> None:
    assert pieces(whole("hello"), heard("hello"), whole("hello")) == [("hello", True), ("hello", False), ("hello", True)]


def test_a_text_that_does_not_go_on_with_what_was_settled_is_told_whole() -> None:
    assert pieces(settled("two"), whole("too many")) == [("two", True), ("too many", True)]


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_the_final_pieces_are_the_turn(said: list[str]) -> None:
    turn = [settled(" ".join(said[: n + 1])) for n in range(len(said))]
    assert [text for text, final in pieces(*turn, whole(" ".join(said))) if final] == said
