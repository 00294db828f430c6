"""Server-sent events, however their bytes are cut."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actors.providers.openai.event_stream import EventStream, ServerEvent


def read(*pieces: bytes) -> list[ServerEvent]:
    stream = EventStream()
    events = [event for piece in pieces for event in stream.feed(piece)]
    return events + stream.finish()


def datas(*pieces: bytes) -> list[str]:
    return [event.data for event in read(*pieces)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_each_end_of_a_line_ends_one(end: bytes) -> None:
    text = end.join([b"event: one", b"data: a", b"", b"data:b", b"data:  c", b"", b""])
    assert read(text) == [ServerEvent("one", "a"), ServerEvent("", "b\n c")]
    assert read(*(text[at : at + 1] for at in range(len(text)))) == read(text)


def test_what_is_no_event_is_none() -> None:
    assert read(b": alive\n\n", b"event: ping\n\n", b"id: 1\nretry: 5\n\n", b"nonsense\n\n", b"\n\n\n") == []


def test_the_last_event_counts_without_its_empty_line() -> None:
    assert datas(b"data: a\n\ndata: b") == ["a", "b"]
    assert datas(b"data: a\n\ndata: b\n") == ["a", "b"]


def test_a_mark_of_byte_order_is_none_of_the_first_line() -> None:
    assert datas(b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n") == ["a"]


def test_letters_that_are_cut_are_whole_again_and_broken_ones_are_marked() -> None:
    text = "data: grüße 👋\n\n".encode()
    for at in range(len(text)):
        assert datas(text[:at], text[at:]) == ["grüße 👋"]
    assert datas(b"data: \xff\n\n") == ["\ufffd"]


def test_a_line_and_an_event_that_do_not_end_are_refused_and_comments_are_not() -> None:
    for piece in (b"x" * 600, b"data: 123\n" * 60, b": " + b"y" * 600):
        stream = EventStream(max_event_bytes=1_000)
        stream.feed(piece)
        with pytest.raises(ValueError, match="an event of more than"):
            stream.feed(piece)
    stream = EventStream(max_event_bytes=1_000)
    for _ in range(100):
        assert stream.feed(b": " + b"y" * 600 + b"\n") == []
    assert stream.feed(b"data: a\n\n") == [ServerEvent("", "a")]


TEXTS = st.lists(st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"])), max_size=5)


@given(TEXTS, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.data())
def test_how_the_bytes_are_cut_changes_nothing(texts: list[str], end: bytes, data: st.DataObject) -> None:
    body = b"".join(b"data: " + json.dumps(text).encode() + end + end for text in texts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert [json.loads(text) for text in datas(*pieces)] == texts


@given(st.lists(st.binary(max_size=64)))
@example([b"data: a\r", b"\n\r", b"\n"])
def test_any_bytes_are_read(pieces: list[bytes]) -> None:
    assert read(*pieces) == read(b"".join(pieces))
