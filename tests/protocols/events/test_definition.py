"""What follows from the definition of an event; that it takes no more than that, in a copy of the sources with one event more."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from architecture.rules import LAYERS
from protocols import EventPushed, InternalError, SessionEvent, event_types, session_event
from protocols.codec import pack, unpack
from support.event_table import PAGE, event_table, page_with

SMILED = '''

@session_event(kept={kept})
class Smiled(SessionEvent):
    """The caller smiled."""

    speech_id: str
    width: int
    why: str | None = None
    lips: tuple[str, ...] = ()
'''

USE = """
from dataclasses import replace

import livekitex_agent
from actors.agent_session.core import Happened
from actors.agent_session.records import EVENTS, decode_entry, encode_entry
from livekitex_agent.events import Smiled
from protocols import EventPushed, Smiled as Again, unpack, pack, event_types
from support.messages import EVENTS as ALL, sample_of

assert Smiled is Again is livekitex_agent.Smiled and Smiled in event_types() and Smiled in ALL
assert (Smiled.NAME, Smiled.TAG) == ("smiled", "ev.smiled")
event = Smiled(speech_id="s", width=3, lips=("upper", "lower"))
around = replace(sample_of(EventPushed), event=event)
assert unpack(EventPushed, pack(EventPushed, around)) == around
assert (Smiled in {record.cls for record in EVENTS.types}) is Smiled.KEPT
happened = Happened(number=1, incarnation=1, wall_s=5.0, event=event, speech_id="s")
if Smiled.KEPT:
    assert decode_entry(encode_entry(happened)) == happened
print("all of it")
"""


@pytest.fixture
def registry() -> Iterator[None]:
    """What a test defines is forgotten with it."""
    known = dict(SessionEvent.TAGGED)
    yield
    SessionEvent.TAGGED.clear()
    SessionEvent.TAGGED.update(known)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("area", ["agent", "parts", "tools"])
def test_an_event_is_its_definition_and_nothing_else(checkout: Path, tmp_path: Path, area: str, kept: bool) -> None:
    for layer in LAYERS:
        shutil.copytree(checkout / layer, tmp_path / layer, ignore=shutil.ignore_patterns("__pycache__", "*.onnx"))
    with (tmp_path / "protocols" / "events" / f"{area}.py").open("a") as file:
        file.write(SMILED.format(kept=kept))
    program = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(checkout / 'tests')!r}]{USE}"
    done = subprocess.run(
        [sys.executable, "-B", "-c", program], cwd=tmp_path, env={}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "all of it\n", done.stderr


def test_names_follow_from_the_class_unless_they_are_given(registry: None) -> None:
    @session_event
    class HTTPServer2Restarted(SessionEvent):
        """It did."""

    @session_event(name="older_name", kept=False)
    class NewerName(SessionEvent):
        """It is not kept."""

        x: int = 1

    assert (HTTPServer2Restarted.NAME, HTTPServer2Restarted.KEPT) == ("httpserver2_restarted", True)
    assert (NewerName.NAME, NewerName.TAG, NewerName.KEPT, NewerName().kept) == ("older_name", "ev.older_name", False, False)
    assert event_types()[-2:] == (HTTPServer2Restarted, NewerName)
    pushed = EventPushed(call_id="c", number=1, incarnation=1, wall_s=0.5, event=NewerName(x=2), turn_id="t")
    assert unpack(EventPushed, pack(EventPushed, pushed)) == pushed


def test_one_name_is_one_event(registry: None) -> None:
    with pytest.raises(InternalError, match="two events of the name call_started"):

        @session_event
        class CallStarted(SessionEvent):
            """A second one."""


def test_an_event_is_derived_from_nothing_but_the_base(registry: None) -> None:
    first = event_types()[0]
    with pytest.raises(InternalError, match="derived from SessionEvent"):

        @session_event
        class Derived(first):  # type: ignore[misc,valid-type]
            """Half of it would be another event's."""


def test_the_docs_show_all_events_as_they_are() -> None:
    assert PAGE.read_text("utf-8") == page_with(event_table()), "print it: python tests/protocols/events/write_table.py"


def test_there_are_those_of_the_design() -> None:
    assert len(event_types()) >= 30
    assert len({cls.NAME for cls in event_types()}) == len(event_types())
