"""What stands in a journal is read by every version: the bytes of each, what a later one may add, and what it costs."""

from dataclasses import replace
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agent_session.core import EVENTS_KEPT, Checkpoint, Entry, Happened, Memory, restore
from actors.agent_session.core.entries import CommandTaken, IncarnationBegan, IncarnationEnded, SentenceBegun, SentenceWritten
from actors.agent_session.core.memory import LONG_AGO, Turn, TurnSource
from actors.agent_session.core.subscribers import replayed
from actors.agent_session.core.transition import pushed
from actors.agent_session.records import COMMANDS, ENTRIES, EVENTS, decode_entry, encode_entry, stored_event
from actors.journal import CallDescription, UnknownRecord, describe_record
from protocols import CommandDone, DecodeError, EventsMissed, SendText, UsageError
from support.chat import said, texts
from support.messages import EVENTS as EVENT_CLASSES
from support.records import ENTRY_CLASSES, decoded, encoded, names_of, samples, versions

SAMPLES = samples()
UPGRADED = {"checkpoint", "checkpoint with defaults"}
"""What is written in another form than earlier versions wrote it: their history was of messages without a type."""
REGENERATE = "python tests/actors/agent_session/records/write_golden.py"


def changed(body: bytes, **fields: Any) -> bytes:
    """The record as a version that knows more would write it."""
    name, critical, known = msgpack.unpackb(body)
    return msgpack.packb([name, critical, known | fields, "and more"])


def test_every_type_has_golden_bytes_and_todays_are_those_of_the_newest_version() -> None:
    newest = versions()[-1]
    assert {name: encoded(value).hex() for name, value in SAMPLES.items()} == newest, f"what is new: {REGENERATE}"
    assert {record.cls for record in ENTRIES.types} == set(ENTRY_CLASSES)
    assert {record.cls for record in EVENTS.types} == {cls for cls in EVENT_CLASSES if cls.KEPT}
    assert {f"event {name}" for name in names_of(EVENTS)} | {f"command {name}" for name in names_of(COMMANDS)} <= newest.keys()


def test_what_any_version_wrote_is_read_whole_by_this_one() -> None:
    for version in versions():
        for name, body in version.items():
            value = decoded(name, bytes.fromhex(body))
            assert encoded(value).hex() == body or (name in UPGRADED and decoded(name, encoded(value)) == value), name
    for name, value in SAMPLES.items():
        assert decoded(name, encoded(value)) == value, name


def test_the_history_of_an_earlier_version_is_read_as_items() -> None:
    first, second, *_ = versions()
    for version in (first, second):
        memory = decoded("checkpoint with defaults", bytes.fromhex(version["checkpoint with defaults"])).memory
        assert said(memory.history) == [("tool", ""), ("failed", "")], "messages that say nothing are none"
    call = {"call_id": "c1", "name": "look", "arguments": "{}"}
    messages = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "look"},
        {"role": "assistant", "content": "One moment.", "calls": [call]},
        {"role": "tool", "content": "found", "call_id": "c1"},
        {"role": "failed", "content": "kill", "calls": [call, call]},
        {"role": "assistant"},
    ]
    body = msgpack.packb(["checkpoint", True, {"memory": {"history": messages}}])
    memory = decode_entry(body).memory  # type: ignore[union-attr]
    items = memory.history.items
    assert [item.id for item in items] == [f"old-{number}" for number in range(6)]
    assert {item.created_at for item in items} == {LONG_AGO}
    assert said(items) == [("system", "be kind"), ("user", "look"), ("assistant", "One moment."), ("tool", "found"), ("failed", "kill")]
    assert (items[3].name, items[4].name, items[5].tools) == ("look", "look", ("look",))
    assert decode_entry(encode_entry(decode_entry(body))) == decode_entry(body)


def test_an_absent_field_has_its_default_and_one_without_is_missed() -> None:
    old = msgpack.packb(["checkpoint", True, {"memory": {"turn": {"turn_id": "t", "source": "text", "text": "hello"}}}])
    assert decode_entry(old) == Checkpoint(memory=Memory(turn=Turn(turn_id="t", source=TurnSource.TEXT, text="hello")))
    with pytest.raises(DecodeError, match=r"'event'.*event\.wall_s is missing"):
        decode_entry(msgpack.packb(["event", True, {"number": 1, "incarnation": 1}]))
    assert CallDescription.decode(
        msgpack.packb(["call", True, {"call_id": "c", "run_id": "r", "agent": {}, "options": {}, "began_wall_s": 5}])
    )


@given(st.sampled_from(sorted(SAMPLES)), st.text(min_size=1))
def test_fields_that_a_later_version_adds_are_passed_over(name: str, field: str) -> None:
    value = SAMPLES[name]
    assert decoded(name, changed(encoded(value), **{f"future_{field}": [1, {"x": None}]})) == value


def test_so_are_those_within_others() -> None:
    body = msgpack.packb(
        ["checkpoint", True, {"memory": {"history": [{"role": "user", "content": "hello", "mood": "fine"}], "spent": 3}, "size": 9}]
    )
    memory = decode_entry(body).memory  # type: ignore[union-attr]
    assert texts(memory.history) == ["hello"]


def test_a_type_that_is_not_known_is_refused_if_it_is_critical_and_kept_byte_for_byte_if_not() -> None:
    with pytest.raises(DecodeError, match="the record 'video_began', without which no call may go on, is not understood here"):
        decode_entry(msgpack.packb(["video_began", True, {"start": 1}]))
    mood = msgpack.packb(["mood", False, {"mood": "fine", "since": 1.5}])
    entry = decode_entry(mood)
    assert entry == UnknownRecord(mood)
    assert encode_entry(entry) == mood
    memory = restore((IncarnationBegan(incarnation=1), entry)).memory
    again = decode_entry(encode_entry(Checkpoint(memory=memory)))
    assert again == Checkpoint(memory=memory)
    assert restore((again,)).memory.unknown == (entry,)


def test_what_was_kept_for_a_version_that_knows_it_is_acted_on_by_that() -> None:
    kept = UnknownRecord(encode_entry(IncarnationEnded(reason="shutdown", clean=True)))
    body = encode_entry(Checkpoint(memory=Memory(incarnation=3, unknown=(kept,))))
    memory = restore((decode_entry(body),)).memory
    assert memory == Memory(incarnation=3, last_end="shutdown", ended_cleanly=True)


@pytest.mark.parametrize("optional", [IncarnationEnded(reason="x", clean=True), SentenceBegun(position=7)])
def test_a_value_of_a_later_version_is_kept_where_the_record_is_optional(optional: Entry) -> None:
    ((field, _),) = list(msgpack.unpackb(encode_entry(optional))[2].items())[:1]
    body = changed(encode_entry(optional), **{field: {"more": "than this version reads"}})
    assert decode_entry(body) == UnknownRecord(body)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (["turn_opened", True, {"turn_id": "t", "source": "video", "text": ""}], r"turn_opened\.source: expected one of text, .*'video'"),
        (["sentence_written", True, {"text": 5}], r"sentence_written\.text: expected str, got int 5"),
        (["command_taken", True, {"command": {"type": "sing"}, "position": 0}], r"command_taken\.command: .*'sing'"),
        (["command_taken", True, {"command": ["sing"], "position": 0}], r"command_taken\.command: expected a map with a type"),
        (["round_ended", True, {"calls": [{"call_id": "c", "name": ["x"], "arguments": ""}]}], r"round_ended\.calls: function_call\.name"),
        (["checkpoint", True, {"memory": 1}], r"checkpoint\.memory: expected the fields of memory"),
        (["turn_opened", True, {"turn_id": "t", "source": ["text"], "text": ""}], r"turn_opened\.source"),
    ],
)
def test_a_value_that_a_critical_record_cannot_have_is_named(body: object, place: str) -> None:
    with pytest.raises(DecodeError, match=place):
        decode_entry(msgpack.packb(body))


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\xc0", b"\x93\xa1x\x01\x80", msgpack.packb(["x", True]), msgpack.packb(["x", True, []])])
def test_bytes_that_are_no_record_are_told(body: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_entry(body)
    with pytest.raises(DecodeError):
        describe_record(body)


@given(st.binary(max_size=60))
def test_any_bytes_are_an_entry_or_told(body: bytes) -> None:
    try:
        entry = decode_entry(body)
    except DecodeError:
        return
    assert decode_entry(encode_entry(entry)) == entry


def test_an_event_that_is_not_known_keeps_its_number_and_is_told_as_missed() -> None:
    body = msgpack.packb(["event", True, {"number": 2, "incarnation": 1, "wall_s": 5.0, "event": {"type": "smiled", "width": 3}}])
    unknown = decode_entry(body)
    assert isinstance(unknown, Happened)
    assert encode_entry(unknown) == body
    others = [Happened(number=number, incarnation=1, wall_s=5.0, event=CommandDone(command_id=str(number))) for number in (1, 3)]
    past = restore((others[0], unknown, others[1]))
    assert past.memory.next_event == 4
    later = restore((Checkpoint(memory=past.memory),), [stored_event(encode_entry(entry)) for entry in (others[0], unknown, others[1])])
    told = [pushed("c", happened) for happened in replayed(past.log, past.memory, 1, 5.0)]
    assert [pushed("c", happened) for happened in replayed(later.log, later.memory, 1, 5.0)] == told
    assert [(event.number, event.event) for event in told] == [
        (1, CommandDone(command_id="1")),
        (2, EventsMissed(count=1)),
        (3, CommandDone(command_id="3")),
    ]


def test_a_record_is_described_whether_or_not_it_is_known() -> None:
    taken = CommandTaken(command=SendText(command_id="c", text="hello"), position=3)
    assert describe_record(encode_entry(taken)) == {
        "type": "command_taken",
        "critical": True,
        "command": {"type": "send_text", "command_id": "c", "text": "hello"},
        "position": 3,
    }
    assert describe_record(msgpack.packb(["mood", False, {"mood": "fine"}])) == {"type": "mood", "critical": False, "mood": "fine"}
    call = CallDescription(call_id="c1", run_id="r1", agent={}, options={}, began_wall_s=5.0)
    assert describe_record(call.encode())["call_id"] == "c1"


@pytest.mark.parametrize("wrong", [SentenceWritten(text=5), IncarnationBegan(incarnation=True), SentenceBegun(position=1 << 70), object()])  # type: ignore[arg-type]
def test_a_value_that_nobody_could_read_again_is_refused_by_its_writer(wrong: Any) -> None:
    with pytest.raises(UsageError, match="cannot be written to a journal"):
        encode_entry(wrong)


def test_half_a_surrogate_pair_ends_no_call() -> None:
    assert decode_entry(encode_entry(SentenceWritten(text="a pizza \ud83c"))) == SentenceWritten(text="a pizza ?")


def test_defaults_take_no_room() -> None:
    happened = Happened(number=EVENTS_KEPT, incarnation=2, wall_s=1.7e9, event=CommandDone(command_id="0123456789abcdef"))
    assert len(encode_entry(happened)) < 110
    assert len(encode_entry(Checkpoint(memory=Memory()))) < 30
    assert len(encode_entry(replace(happened, number=1))) < len(encode_entry(happened))


@pytest.mark.parametrize("body", [b"", msgpack.packb(["event", True, {"number": "two"}]), encode_entry(IncarnationBegan(incarnation=1))])
def test_what_is_no_event_of_this_version_is_missed(body: bytes) -> None:
    event = Happened(number=1, incarnation=1, wall_s=5.0, event=CommandDone(command_id="1"))
    log = (stored_event(encode_entry(event)), stored_event(body))
    missed = Happened(number=2, incarnation=1, wall_s=5.0, event=EventsMissed(count=1))
    assert list(replayed(log, Memory(next_event=3, incarnation=1), 1, 5.0)) == [event, missed]
