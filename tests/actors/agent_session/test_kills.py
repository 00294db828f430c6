"""A session's process is really killed, in each of its states, and the call comes back with its conversation."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.agent_session.core.tools import OUTCOME_UNKNOWN
from livekitex_agent.testing.fakes import read_aloud, spoken
from protocols import (
    AgentMessage,
    AgentSentence,
    AudioPushed,
    CommandAccepted,
    CommandDone,
    EventPushed,
    GetSession,
    Restarted,
    SendText,
    SessionInfo,
    StateChanged,
    StreamAudio,
    Subscribe,
    Subscribed,
    ToolCalled,
    ToolReturned,
    TurnFailed,
    UserMessage,
)
from support.chat import said
from support.correspondence import Correspondence
from support.mortal_session import MORTAL_SESSION, order_death
from support.scripted_providers import VOICE_HZ, agent
from support.scripted_tools import wire
from support.session_process import SessionProcess

pytestmark = pytest.mark.processes


class Call:
    """One call through all its lives, as its handle sees it."""

    def __init__(self, folder: Path, wire: dict[str, Any]) -> None:
        options = {"journal_dir": str(folder), "retention_s": 0}
        self.folder = folder
        self.session = SessionProcess(folder, {"call_id": "c1", "agent": wire, "options": options}, actor=MORTAL_SESSION)
        self.chunks: list[StreamAudio] = []
        self.subscribe()

    @property
    def mail(self) -> Correspondence:
        return self.session.mail

    @property
    def events(self) -> list[EventPushed]:
        """Those of all lives that are kept, each once."""
        found = {pushed.number: pushed for mail in self.session.mails for pushed in mail.all(EventPushed) if pushed.event.kept}
        return [found[number] for number in sorted(found)]

    def subscribe(self) -> None:
        seen = max((pushed.number for pushed in self.events), default=0)
        answer = self.mail.ask(Subscribe(from_number=seen + 1, audio=True))
        assert isinstance(answer, Subscribed)
        for chunk in self.chunks[answer.next_sequence :]:
            self.mail.tell(chunk)

    def again(self) -> None:
        """The next life, and the handle's way back to it."""
        self.session.live()
        self.subscribe()

    def wait_for(self, kind: type[Any], **fields: Any) -> None:
        def wanted(pushed: EventPushed) -> bool:
            return isinstance(pushed.event, kind) and all(getattr(pushed.event, name) == value for name, value in fields.items())

        self.mail.wait_for(EventPushed, wanted)

    def send(self, text: str, command_id: str) -> None:
        assert self.mail.ask(SendText(command_id=command_id, text=text)) == CommandAccepted(command_id=command_id)

    def stream(self, pcm: bytes) -> None:
        """Send audio; what this life does not take is sent to the next one."""
        for at in range(0, len(pcm), 3_200):
            self.chunks.append(StreamAudio(sequence=len(self.chunks), rate_hz=16_000, pcm=pcm[at : at + 3_200]))
            self.mail.tell(self.chunks[-1])

    def die_at(self, state: str, fault: str = "kill") -> None:
        order_death(self.folder, state, fault)

    def said(self) -> list[tuple[str, str]]:
        info = self.mail.ask(GetSession())
        assert isinstance(info, SessionInfo)
        return said(info.history)

    def heard(self, speech_id: str) -> str:
        """A reply as the caller heard it in all lives: what comes twice must be the same, and nothing may be missing."""
        samples: dict[int, bytes] = {}
        for mail in self.session.mails:
            for audio in mail.all(AudioPushed):
                if audio.speech_id == speech_id:
                    for index in range(len(audio.pcm) // 2):
                        value = audio.pcm[2 * index : 2 * index + 2]
                        assert samples.setdefault(audio.position + index, value) == value
        assert sorted(samples) == list(range(len(samples)))
        return read_aloud(b"".join(samples[position] for position in range(len(samples))), VOICE_HZ)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def start(folder: Path, **changes: Any) -> Iterator[Call]:
    call = Call(folder, agent(**changes))
    try:
        yield call
    finally:
        call.session.close()


@pytest.fixture
def call(folder: Path) -> Iterator[Call]:
    tools = [wire("remember"), wire("leave_line"), wire("block"), wire("block", idempotent=True, timeout_ms=300) | {"name": "again"}]
    yield from start(folder, voice=True, tools=tools, options={"min_interruption_ms": 100})


SENTENCE = "my name is Ann and I live in the harbour street"


@pytest.mark.parametrize("state", ["listening", "processing", "thinking", "responding", "speaking"])
def test_spoken_words_are_answered_in_the_next_life(call: Call, state: str) -> None:
    call.send("hello", "one")
    call.wait_for(CommandDone, command_id="one")
    call.die_at(state)
    call.stream(spoken(SENTENCE, pause_s=0.8))
    assert call.session.wait_for_end() == -signal.SIGKILL
    call.again()
    call.wait_for(AgentMessage, speech_id="speech-2", text=f"You said {SENTENCE}. That was message 2.", interrupted=False)
    assert [event.number for event in call.events] == list(range(1, len(call.events) + 1))
    assert sum(isinstance(event.event, UserMessage) for event in call.events) == 2
    assert [event.event for event in call.events if isinstance(event.event, Restarted)] == [
        Restarted(reason="died without a word (killed or crashed)", incarnation=2)
    ]
    heard, whole = call.heard("speech-2"), f"You said {SENTENCE}.That was message 2."
    again = len(heard) - len(whole)  # who dies while a sentence is made says its beginning again
    assert heard == whole[:again] + whole
    assert again == 0 or state == "speaking"


def test_a_reply_goes_on_where_it_was_heard(call: Call) -> None:
    call.send("count 8", "one")
    call.wait_for(AgentSentence, text="Number 4 it is.")
    call.session.kill()
    call.again()
    call.wait_for(CommandDone, command_id="one")
    said = [f"Number {number} it is." for number in range(8)]
    wholes = {"".join((*said[:at], said[at][:again], *said[at:])) for at in range(8) for again in range(len(said[at]) + 1)}
    assert call.heard("speech-1") in wholes, "a sentence that nobody knew to be whole is said again, and nothing else twice"
    sentences = [event.event.text for event in call.events if isinstance(event.event, AgentSentence)]
    assert sentences == said


def test_an_interruption_survives(call: Call) -> None:
    call.send("count 60", "one")
    call.wait_for(AgentSentence, text="Number 1 it is.")
    call.die_at("interrupted")
    call.stream(spoken("please stop counting now, it is quite enough", pause_s=0.8))
    assert call.session.wait_for_end() == -signal.SIGKILL
    call.again()
    call.wait_for(UserMessage, text="please stop counting now, it is quite enough")
    call.wait_for(AgentMessage, text="You said please stop counting now, it is quite enough. That was message 2.")


@pytest.mark.parametrize(("tool", "result"), [("block", OUTCOME_UNKNOWN), ("again", "error: again had no result after 0.3 s")])
def test_a_tool_that_may_have_run_is_not_run_again_unless_that_does_no_harm(call: Call, tool: str, result: str) -> None:
    call.send('use remember {"word": "tea"}', "one")
    call.wait_for(CommandDone, command_id="one")
    call.send(f"use {tool}", "two")
    call.wait_for(ToolCalled, name=tool)
    call.session.kill()
    call.again()
    call.wait_for(CommandDone, command_id="two")
    assert [event.event.result for event in call.events if isinstance(event.event, ToolReturned)] == ["1 words", result]
    call.send('use remember {"word": "water"}', "three")
    call.wait_for(ToolReturned, result="2 words")


def test_a_tool_that_was_asked_for_and_not_begun_runs_once(call: Call) -> None:
    call.die_at("RoundEnded")
    lines = call.folder / "lines"
    call.send(f'use leave_line {{"path": "{lines}"}}', "one")
    assert call.session.wait_for_end() == -signal.SIGKILL
    call.again()
    call.wait_for(ToolReturned, result="left in life 2")
    assert lines.read_text("utf-8") == "life 2\n"


@pytest.mark.parametrize(("fault", "code"), [("segfault", -signal.SIGSEGV), ("exception", 1)])
def test_any_other_death_is_as_good(call: Call, fault: str, code: int) -> None:
    call.die_at("thinking", fault)
    call.send("hello", "one")
    assert call.session.wait_for_end() == code
    call.again()
    call.wait_for(AgentMessage, text="You said hello. That was message 1.")
    reason = next(event.event.reason for event in call.events if isinstance(event.event, Restarted))
    assert reason.startswith("error:InternalError" if fault == "exception" else "died without a word")


@pytest.mark.parametrize("part", ["llm", "stt", "tts"])
def test_a_part_that_dies_natively_costs_one_incarnation(folder: Path, part: str) -> None:
    wire = agent(voice=True)
    wire[part] = {"factory": f"support.mortal_providers:{part}", "options": {"died": str(folder / "died")}}
    call = Call(folder, wire)
    try:
        call.stream(spoken(SENTENCE, pause_s=0.8))
        assert call.session.wait_for_end() == -signal.SIGSEGV
        call.again()
        call.wait_for(AgentMessage, text=f"You said {SENTENCE}. That was message 1.")
        assert sum(isinstance(event.event, Restarted) for event in call.events) == 1
    finally:
        call.session.close()


def test_a_turn_that_kills_twice_is_given_up_and_apologised_for(call: Call) -> None:
    call.send("before", "zero")
    call.wait_for(CommandDone, command_id="zero")
    call.die_at("speaking")
    call.send("poison", "one")
    assert call.session.wait_for_end() == -signal.SIGKILL
    call.session.live()
    call.die_at("speaking")
    call.subscribe()
    assert call.session.wait_for_end() == -signal.SIGKILL
    call.again()
    call.wait_for(TurnFailed, turn_id="turn-2", text="poison")
    call.wait_for(CommandDone, command_id="one")
    call.wait_for(StateChanged, new="idle")
    call.send("after", "two")
    call.wait_for(CommandDone, command_id="two")
    said = call.said()
    assert ("failed", "poison") in said
    assert said[-1] == ("assistant", "You said after. That was message 2.")  # the model was not told of the poison


def test_commands_that_nobody_confirmed_are_done_once_when_they_are_sent_again(call: Call) -> None:
    for number in range(4):
        call.mail.tell(SendText(command_id=f"c{number}", text=f"message {number}"))
    call.mail.wait_for(CommandAccepted)
    call.session.kill()
    call.again()
    for number in range(4):
        call.send(f"message {number}", f"c{number}")
    for number in range(4):
        call.wait_for(CommandDone, command_id=f"c{number}")
    texts = [event.event.text for event in call.events if isinstance(event.event, UserMessage)]
    assert texts == [f"message {number}" for number in range(4)]
