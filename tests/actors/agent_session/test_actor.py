"""The actor: real threads, real audio, a real journal; everything but the process."""

import threading
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actors.agent_session import SHARED_MEMORY_BYTES, assembly, preload
from actors.agent_session.core import SessionConfig
from actors.agent_session.journal_writer import STALLED
from actors.agent_session.neighbours import TOOL_REGISTRY
from actors.journal import FileStore, read_call
from actors.journal.files import FileJournal
from protocols import (
    NORMAL,
    SHUTDOWN,
    AgentChanged,
    AgentMessage,
    AgentSentence,
    AudioAccepted,
    AudioHandled,
    AudioPushed,
    CallEnded,
    CallStarted,
    CancelResponse,
    ChatContext,
    CommandAccepted,
    CommandDone,
    CommitAudio,
    Degraded,
    EndCall,
    ErrorReply,
    EventPushed,
    ExitSignal,
    Figures,
    GetFigures,
    GetSession,
    NameChanged,
    PartFailed,
    PartRestarted,
    Ping,
    Pong,
    Ref,
    RegisterTools,
    RegistryChanged,
    Restarted,
    SendText,
    SessionEnded,
    SessionError,
    SessionEvent,
    SessionInfo,
    SessionStarted,
    StateChanged,
    StreamAudio,
    Subscribe,
    Subscribed,
    ToolEntry,
    ToolReturned,
    ToolUsed,
    Unsubscribe,
    UsageUpdated,
    UserMessage,
    WatchNames,
)
from support import scripted_providers
from support.actor_host import ActorHost
from support.chat import said, texts
from support.correspondence import REGISTRY, Correspondence
from support.mortal_session import MORTAL_SESSION, order_death
from support.scripted_providers import VOICE_HZ, agent, read_aloud, spoken
from support.scripted_tools import wire
from support.session_process import SESSION

Begin = Callable[..., ActorHost]


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    preload()


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Begins lives of one call on one memory and one journal."""
    hosts: list[ActorHost] = []
    memory = memoryview(bytearray(SHARED_MEMORY_BYTES))

    def life(wire: dict[str, Any] | None = None, *, journal: bool = True, actor: str = SESSION, **options: Any) -> ActorHost:
        arguments = {
            "call_id": "c1",
            "agent": wire or agent(),
            "options": {"journal_dir": str(tmp_path) if journal else None, "retention_s": 0, **options},
        }
        hosts.append(ActorHost(actor, arguments, actor_id="agent_session/c1", uid=f"life-{len(hosts)}", memory=memory))
        return hosts[-1]

    yield life
    for host in hosts:
        if not host.over:
            host.mail.tell(ExitSignal(reason=str(SHUTDOWN), from_parent=True))
            host.wait_for_end()


def event(mail: Correspondence, kind: type[Any], **fields: Any) -> EventPushed:
    """The first event of this kind with these fields, now or soon."""

    def wanted(pushed: EventPushed) -> bool:
        return isinstance(pushed.event, kind) and all(getattr(pushed.event, name) == value for name, value in fields.items())

    return mail.wait_for(EventPushed, wanted)


def events(mail: Correspondence) -> list[SessionEvent]:
    return [pushed.event for pushed in mail.all(EventPushed)]


def numbers(mail: Correspondence) -> list[int]:
    """Those of the events that are kept."""
    return [pushed.number for pushed in mail.all(EventPushed) if pushed.event.kept]


def subscribe(host: ActorHost, from_number: int = 1, *, audio: bool = True) -> Subscribed:
    answer = host.mail.ask(Subscribe(from_number=from_number, audio=audio))
    assert isinstance(answer, Subscribed)
    return answer


def stream(host: ActorHost, pcm: bytes, first: int = 0, *, rate_hz: int = 16_000) -> int:
    """Send audio in batches of 100 ms; the number of the next one."""
    size = rate_hz // 10 * 2
    for at in range(0, len(pcm), size):
        answer = host.mail.ask(StreamAudio(sequence=first, rate_hz=rate_hz, pcm=pcm[at : at + size]))
        assert answer == AudioAccepted(next_sequence=first + 1)
        first += 1
    return first


def test_a_text_is_answered(begin: Begin) -> None:
    host = begin().up()
    subscribe(host)
    assert host.mail.ask(SendText(command_id="one", text="hello")) == CommandAccepted(command_id="one")
    event(host.mail, CommandDone, command_id="one")
    assert UserMessage(turn_id="turn-1", text="hello", source="text") in events(host.mail)
    assert AgentSentence(speech_id="speech-1", text="You said hello.") in events(host.mail)
    info = host.mail.ask(GetSession())
    assert isinstance(info, SessionInfo)
    assert said(info.history) == [("user", "hello"), ("assistant", "You said hello. That was message 1.")]
    assert numbers(host.mail) == list(range(1, len(numbers(host.mail)) + 1))


def test_speech_is_heard_and_answered_by_speech(begin: Begin) -> None:
    host = begin(agent(voice=True, greeting="Welcome to us.")).up()
    subscribe(host)
    event(host.mail, AgentMessage, text="Welcome to us.")
    stream(host, spoken("one pizza please, and some water", pause_s=0.8))
    event(host.mail, AgentMessage, text="You said one pizza please, and some water. That was message 1.")
    audio = [pushed for pushed in host.mail.all(AudioPushed) if pushed.speech_id == "speech-2"]
    assert read_aloud(b"".join(pushed.pcm for pushed in audio), VOICE_HZ) == "You said one pizza please, and some water.That was message 1."
    assert {pushed.rate_hz for pushed in audio} == {VOICE_HZ}


def test_a_committed_turn_needs_no_silence(begin: Begin) -> None:
    host = begin(agent(voice=True)).up()
    subscribe(host)
    stream(host, spoken("that is all I wanted to say"))
    assert host.mail.ask(CommitAudio(command_id="commit")) == CommandAccepted(command_id="commit")
    event(host.mail, CommandDone, command_id="commit")
    event(host.mail, UserMessage, text="that is all I wanted to say", source="audio")


def test_the_callers_voice_interrupts(begin: Begin) -> None:
    host = begin(agent(voice=True, options={"min_interruption_ms": 200})).up()
    subscribe(host)
    host.mail.ask(SendText(command_id="one", text="count 40"))
    event(host.mail, AgentSentence, text="Number 1 it is.")
    stream(host, spoken("stop it now, that is enough numbers for me", pause_s=0.8))
    message = event(host.mail, AgentMessage, speech_id="speech-1").event
    assert isinstance(message, AgentMessage)
    assert message.interrupted
    assert message.text.startswith("Number 0 it is.")
    assert "Number 39" not in message.text
    event(host.mail, UserMessage, text="stop it now, that is enough numbers for me")


def test_a_reply_can_be_cancelled(begin: Begin) -> None:
    host = begin().up()
    subscribe(host)
    host.mail.ask(SendText(command_id="one", text="hang"))
    event(host.mail, StateChanged, new="thinking")
    host.mail.ask(CancelResponse(command_id="stop"))
    event(host.mail, CommandDone, command_id="stop")
    event(host.mail, CommandDone, command_id="one")


def test_tools_work_on_the_calls_data_and_one_may_end_the_call(begin: Begin, tmp_path: Path) -> None:
    host = begin(agent(tools=[wire("remember"), wire("finish")])).up()
    subscribe(host)
    for number, word in enumerate(["tea", "water"], 1):
        host.mail.ask(SendText(command_id=word, text=f'use remember {{"word": "{word}"}}'))
        event(host.mail, ToolReturned, result=f"{number} words", ok=True)
    info = host.mail.ask(GetSession())
    assert isinstance(info, SessionInfo)
    assert info.user_data_json == '{"words": ["tea", "water"]}'
    host.mail.ask(SendText(command_id="end", text="use finish"))
    assert str(host.wait_for_end()) == "normal"
    assert events(host.mail)[-1] == CallEnded(reason="all said")
    assert not list(tmp_path.iterdir())


def test_a_tool_that_blocks_holds_up_nobody(begin: Begin) -> None:
    host = begin(agent(tools=[wire("block", timeout_ms=50)])).up()
    subscribe(host)
    host.mail.ask(SendText(command_id="one", text="use block"))
    event(host.mail, ToolReturned, ok=False, result="error: block had no result after 0.05 s")
    event(host.mail, CommandDone, command_id="one")


def test_a_journal_that_is_retained_stays(begin: Begin, tmp_path: Path) -> None:
    host = begin(retention_s=3600).up()
    subscribe(host)
    host.mail.ask(EndCall(command_id="end"))
    host.wait_for_end()
    assert [path.name for path in tmp_path.iterdir()] == ["c1"]


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions do not wait long for who may still follow their call."""
    monkeypatch.setattr(assembly, "SessionConfig", partial(SessionConfig, subscribers_wait_s=0.3))


def test_a_closed_call_that_is_stopped_before_it_could_leave_is_told_of_by_the_next_life_or_swept(
    begin: Begin, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    first = begin().up()
    first.mail.ask(EndCall(command_id="end", reason="enough"))
    request.getfixturevalue("hurried")  # from here on: the first waits for whoever may still follow
    first.mail.tell(ExitSignal(reason=str(SHUTDOWN), from_parent=True))
    assert first.wait_for_end() == SHUTDOWN
    record = read_call(FileStore(tmp_path), "c1")
    assert record is not None
    assert (record.is_open, record.outcome) == (False, "enough")
    second = begin().up()
    info = second.mail.ask(GetSession())
    assert isinstance(info, SessionInfo)
    assert info.incarnation == 2, "else who follows the call takes it for one that has begun anew, and hears everything again"
    subscribe(second)
    assert event(second.mail, CallEnded).event == CallEnded(reason="enough")
    assert second.mail.ask(EndCall(command_id="end", reason="enough")) == CommandAccepted(command_id="end")
    assert second.wait_for_end() == NORMAL
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("journal", [True, False])
def test_a_life_that_is_started_after_the_call_is_over_does_not_begin_it_anew(begin: Begin, tmp_path: Path, journal: bool) -> None:
    """As a supervisor does that restarts the job's other part in the same moment."""
    first = begin(journal=journal).up()
    subscribe(first)
    first.mail.ask(EndCall(command_id="end"))
    assert first.wait_for_end() == NORMAL
    second = begin(journal=journal).up()
    subscribe(second, 99)
    refused = second.mail.ask(SendText(command_id="late", text="hello"))
    assert isinstance(refused, ErrorReply)
    assert (refused.error, refused.retryable) == ("SessionUnavailableError", False)
    assert second.wait_for_end() == NORMAL
    assert not events(second.mail)
    assert not list(tmp_path.iterdir())


def test_another_life_goes_on_where_the_one_before_was_stopped(begin: Begin) -> None:
    first = begin().up()
    subscribe(first)
    first.mail.ask(SendText(command_id="one", text="hello"))
    event(first.mail, CommandDone, command_id="one")
    first.mail.tell(ExitSignal(reason=str(SHUTDOWN), from_parent=True))
    assert first.wait_for_end() == SHUTDOWN
    number = max(pushed.number for pushed in first.mail.all(EventPushed))
    second = begin().up()
    assert subscribe(second, number + 1).incarnation == 2
    assert event(second.mail, Restarted).event == Restarted(reason="shutdown", incarnation=2)
    assert event(second.mail, Restarted).number == number + 1
    assert second.mail.ask(SendText(command_id="one", text="hello")) == CommandAccepted(command_id="one")
    second.mail.ask(SendText(command_id="two", text="again"))
    event(second.mail, AgentMessage, text="You said again. That was message 2.")


def test_a_life_that_crashed_says_why(begin: Begin, tmp_path: Path) -> None:
    first = begin(actor=MORTAL_SESSION).up()
    subscribe(first)
    order_death(tmp_path, "thinking", "exception")
    first.mail.ask(SendText(command_id="one", text="hello"))
    assert str(first.wait_for_end()) == "error:InternalError: an exception was ordered"
    second = begin().up()
    subscribe(second)
    event(second.mail, Restarted, reason="error:InternalError: an exception was ordered")
    event(second.mail, AgentMessage, text="You said hello. That was message 1.")


def test_without_a_journal_nothing_comes_back(begin: Begin) -> None:
    first = begin(journal=False).up()
    subscribe(first)
    first.mail.ask(SendText(command_id="one", text="hello"))
    event(first.mail, CommandDone, command_id="one")
    first.mail.tell(ExitSignal(reason=str(SHUTDOWN), from_parent=True))
    first.wait_for_end()
    second = begin(journal=False).up()
    assert subscribe(second).incarnation == 1
    event(second.mail, CallStarted, call_id="c1")
    info = second.mail.ask(GetSession())
    assert isinstance(info, SessionInfo)
    assert (info.history, info.journal_path) == (ChatContext(), "")


def test_a_disk_that_fails_is_told_and_the_call_goes_on(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    host = begin(journal_dir=str(tmp_path / "file")).up()
    subscribe(host)
    event(host.mail, SessionError, source="journal", retryable=True)
    host.mail.ask(SendText(command_id="one", text="hello"))
    event(host.mail, AgentMessage, text="You said hello. That was message 1.")


def test_a_journal_is_written_again_as_soon_as_the_disk_can(begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.agent_session.core.durability.RETRY_S", 0.02)
    (tmp_path / "file").write_text("in the way")
    host = begin(journal_dir=str(tmp_path / "file")).up()
    subscribe(host)
    host.mail.ask(SendText(command_id="one", text="hello"))
    event(host.mail, CommandDone, command_id="one")
    (tmp_path / "file").unlink()
    deadline = time.monotonic() + 10
    while read_call(FileStore(tmp_path / "file"), "c1") is None:
        assert time.monotonic() < deadline
    host.vanish()
    again = begin(journal_dir=str(tmp_path / "file")).up()
    assert subscribe(again).incarnation == 2
    info = again.mail.ask(GetSession())
    assert isinstance(info, SessionInfo)
    assert texts(info.history) == ["hello", "You said hello. That was message 1."]


def test_a_disk_that_does_not_answer_is_as_good_as_one_that_fails(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.agent_session.core.durability.RETRY_S", 0.02)
    monkeypatch.setattr("actors.agent_session.journal_writer.STALL_S", 0.1)
    host = begin().up()
    subscribe(host)
    append, checkpoint, answers, resumed = FileJournal.append, FileJournal.checkpoint, threading.Event(), threading.Event()
    monkeypatch.setattr(FileJournal, "append", lambda *what: (answers.wait(10), append(*what))[1])
    monkeypatch.setattr(FileJournal, "checkpoint", lambda *what: (checkpoint(*what), resumed.set())[0])
    assert host.mail.ask(SendText(command_id="one", text="hello")) == CommandAccepted(command_id="one", durable=False)
    event(host.mail, SessionError, source="journal", text=STALLED, retryable=True)
    event(host.mail, AgentMessage, text="You said hello. That was message 1.")
    event(host.mail, CommandDone, command_id="one")
    answers.set()
    assert resumed.wait(10)
    host.vanish()
    told = numbers(host.mail)
    assert told == list(range(1, len(told) + 1))
    again = begin().up()
    info = again.mail.ask(GetSession())
    assert isinstance(info, SessionInfo)
    assert texts(info.history) == ["hello", "You said hello. That was message 1."]


@pytest.mark.parametrize("returns", [False, True])
def test_a_session_is_up_before_its_journal_answers_and_begins_without_it(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, *, returns: bool
) -> None:
    monkeypatch.setattr("actors.agent_session.core.durability.RETRY_S", 0.02)
    monkeypatch.setattr("actors.agent_session.journal_writer.STALL_S", 0.2)
    answers, claim = threading.Event(), FileStore.claim
    monkeypatch.setattr(FileStore, "claim", lambda *what, **more: (answers.wait(90), claim(*what, **more))[1])
    host = begin(last_end="killed" if returns else "").up()
    assert host.mail.ask(Ping(probe=7)) == Pong(probe=7)
    subscribe(host)
    assert host.mail.ask(SendText(command_id="one", text="hello")) == CommandAccepted(command_id="one", durable=False)
    event(host.mail, SessionError, source="journal", text=STALLED, retryable=True)
    event(host.mail, CommandDone, command_id="one")
    told = numbers(host.mail)
    assert (told[-1] > 100_000) is returns  # what was told before is not known: no number is given twice
    answers.set()
    for number in range(1_000):
        answer = host.mail.ask(SendText(command_id=f"again-{number}", text="hello"))
        assert isinstance(answer, CommandAccepted)
        if answer.durable:
            break
    assert answer.durable


def test_commands_wait_for_the_journal(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, claim = threading.Event(), FileStore.claim
    monkeypatch.setattr(FileStore, "claim", lambda *what, **more: (answers.wait(90), claim(*what, **more))[1])
    host = begin().up()
    asked = [host.mail.tell(SendText(command_id=name, text="hello")) for name in ("one", "two")]
    assert host.mail.ask(Ping(probe=1)) == Pong(probe=1)
    answers.set()
    for name, message_id in zip(("one", "two"), asked, strict=True):
        answer = host.mail.wait(lambda _to, envelope, message_id=message_id: envelope.correlation_id == message_id)
        assert answer.message == CommandAccepted(command_id=name)


def test_a_destroyed_journal_is_kept_aside_and_the_call_goes_on_under_new_numbers(begin: Begin, tmp_path: Path) -> None:
    first = begin(agent(greeting="Welcome to us.")).up()
    subscribe(first)
    first.mail.ask(SendText(command_id="one", text="hello"))
    told = event(first.mail, CommandDone, command_id="one").number
    first.vanish()
    (segment,) = (tmp_path / "c1").glob("*.log")
    segment.write_bytes(b"no journal at all " * 500)
    second = begin(agent(greeting="Welcome to us.")).up()
    assert subscribe(second, told + 1).incarnation == 2
    pushed = event(second.mail, SessionError, source="journal", retryable=False)
    assert "is damaged (a header is broken, 0 bytes from its beginning): what came last is lost" in pushed.event.text
    assert event(second.mail, Restarted, incarnation=2).number == pushed.number - 1 > told
    event(second.mail, AgentMessage, text="I am sorry, something went wrong with that. Please go on.")
    (aside,) = (tmp_path / "c1").glob("*.damaged")
    assert aside.read_bytes().startswith(b"no journal")
    second.mail.ask(EndCall(command_id="two"))
    second.wait_for_end()
    assert not list(tmp_path.iterdir())


def test_a_journal_of_a_later_program_is_no_start(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "c1").mkdir()
    start = b"LKJ\x09" + bytes(20)
    newer = start + zlib.crc32(start).to_bytes(4, "little")
    (tmp_path / "c1" / "1.0.log").write_bytes(newer)
    reason = str(begin().wait_for_end())
    assert "its format has version 9, this is 1: use the program that wrote it" in reason
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "c1").iterdir()] == [("1.0.log", newer)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"llm": None}, "InvalidAgentError: the agent has no llm"),
        ({"llm": {"factory": "no.such:thing", "options": {}}}, "ConfigurationError: provider 'no.such:thing' cannot be loaded"),
        ({"llm": {"factory": "support.scripted_providers:vad", "options": {}}}, "ConfigurationError: provider"),
        ({"tools": [wire("remember") | {"source": "support.scripted_tools:gone"}]}, "InvalidAgentError: support.scripted_tools:gone"),
        ({"tools": [wire("remember"), wire("remember")]}, "InvalidAgentError: two tools are called remember"),
    ],
)
def test_an_agent_that_cannot_be_is_no_start(begin: Begin, tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    assert str(begin(agent(**changes)).wait_for_end()).startswith(f"error:{reason}")
    assert not list(tmp_path.iterdir())


def test_bad_audio_is_refused_and_the_call_goes_on(begin: Begin) -> None:
    host = begin(agent(voice=True)).up()
    subscribe(host)
    for rate_hz, pcm in ((44_100, b"\0\0"), (16_000, b"\0"), (16_000, b"")):
        answer = host.mail.ask(StreamAudio(sequence=0, rate_hz=rate_hz, pcm=pcm))
        assert isinstance(answer, ErrorReply)
        assert (answer.error, answer.retryable) == ("InvalidAudioError", False)
    stream(host, spoken("still here, my friend, are you", pause_s=0.8))
    event(host.mail, UserMessage, text="still here, my friend, are you")


def test_audio_that_comes_before_the_ears_are_at_work_is_heard(begin: Begin) -> None:
    host = begin(agent(voice=True))
    chunk = StreamAudio(sequence=0, rate_hz=16_000, pcm=spoken("first words, from the first moment of it"))
    message_id = host.mail.tell(chunk)  # waits in the mailbox for the end of the start
    assert host.mail.wait(lambda _to, envelope: envelope.correlation_id == message_id).message == AudioAccepted(next_sequence=1)
    subscribe(host)
    stream(host, bytes(32_000), 1)
    event(host.mail, UserMessage, text="first words, from the first moment of it")


def test_a_call_without_ears_takes_no_audio(begin: Begin) -> None:
    answer = begin().up().mail.ask(StreamAudio(sequence=0, rate_hz=16_000, pcm=b"\0\0"))
    assert isinstance(answer, ErrorReply)
    assert "use send_text" in answer.text


def test_heartbeats_pass_through_the_event_loop(begin: Begin) -> None:
    host = begin().up()
    assert host.mail.ask(Ping(probe=7)) == Pong(probe=7)


def test_who_unsubscribed_is_told_nothing_more(begin: Begin) -> None:
    host = begin().up()
    subscribe(host)
    host.mail.tell(Unsubscribe())
    host.mail.ask(SendText(command_id="one", text="hello"))
    host.mail.ask(GetSession())
    assert not [e for e in events(host.mail) if isinstance(e, UserMessage)]


def test_the_session_gives_its_figures_and_drops_what_it_does_not_know(begin: Begin) -> None:
    host = begin().up()
    host.mail.tell(Figures(role="nobody", figures={}))
    answer = host.mail.ask(GetFigures())
    assert isinstance(answer, Figures)
    assert answer.figures["state"] == "idle"


def test_it_meets_the_others_by_name_whenever_they_are_there(begin: Begin) -> None:
    host = begin(agent(voice=True, tools=[wire("remember")])).up()
    mail = host.mail
    watched = {"tool_registry", "audio_processor", "circuit_breakers", "job_context/c1"}
    for name in watched:
        mail.wait_for(WatchNames, lambda message, name=name: message.prefix == name)
    assert len(mail.all(WatchNames)) == len(watched)
    others = {name: Ref(id=name, uid="u", address="outside") for name in watched}
    for name, ref in others.items():
        mail.tell(NameChanged(name=name, ref=ref), sender=REGISTRY)
    started = mail.wait(lambda to, envelope: to.id == "job_context/c1")
    assert started.message == SessionStarted(incarnation=1)
    registered = mail.wait(lambda to, envelope: to.id == TOOL_REGISTRY).message
    tool = wire("remember")
    entry = ToolEntry(name="remember", description="", parameters=tool["parameters"], source=tool["source"])
    assert registered == RegisterTools(tools=(entry,))
    subscribe(host)
    mail.ask(SendText(command_id="one", text='use remember {"word": "tea"}'))
    used = mail.wait_for(ToolUsed)
    assert (used.name, used.ok) == ("remember", True)
    event(mail, CommandDone, command_id="one")
    mail.tell(NameChanged(name=TOOL_REGISTRY, ref=None, reason="killed"), sender=REGISTRY)
    mail.ask(EndCall(command_id="end", reason="bye"))
    host.wait_for_end()
    assert mail.wait_for(SessionEnded) == SessionEnded(reason="bye")
    assert mail.wait_for(AudioHandled).seconds_out > 0


def test_a_new_registry_is_asked_who_is_there(begin: Begin) -> None:
    host = begin().up()
    newer = Ref(id="registry", uid="r2", address="outside")
    host.mail.tell(RegistryChanged(registry=newer))
    host.mail.wait(lambda to, envelope: to == newer and isinstance(envelope.message, WatchNames))


def test_a_voice_activity_detection_that_goes_on_failing_is_replaced_and_the_caller_is_heard(begin: Begin) -> None:
    wire = agent(voice=True)
    wire["vad"] = {"factory": "support.scripted_providers:broken_vad", "options": {}}
    host = begin(wire).up()
    subscribe(host)
    first = stream(host, bytes(64_000))
    event(host.mail, PartFailed, part="vad", text="RuntimeError: this ear is broken", retryable=True)
    event(host.mail, PartRestarted, part="vad", restarts=1, text="RuntimeError: this ear is broken")
    event(host.mail, Degraded, part="vad", to="loudness", text="RuntimeError: this ear is broken")
    stream(host, spoken("one pizza please, and some water", pause_s=0.8), first)
    event(host.mail, AgentMessage, text="You said one pizza please, and some water. That was message 1.")


def test_a_voice_that_fails_says_that_something_went_wrong_in_the_words_that_it_kept(begin: Begin) -> None:
    wire = agent(voice=True, greeting="Welcome to us.", options={"apology": "Sorry, that went wrong."})
    wire["tts"] = {"factory": "support.scripted_providers:tts", "options": {"hoarse_after": 2}}  # the greeting, and what is kept
    host = begin(wire).up()
    subscribe(host)
    event(host.mail, AgentMessage, text="Welcome to us.")
    host.mail.ask(SendText(command_id="one", text="hello"))
    event(host.mail, SessionError, source="tts", text="hoarse")
    event(host.mail, AgentMessage, text="Sorry, that went wrong.", interrupted=False)
    audio = [pushed for pushed in host.mail.all(AudioPushed) if pushed.speech_id == "speech-3"]
    assert read_aloud(b"".join(pushed.pcm for pushed in audio), VOICE_HZ) == "Sorry, that went wrong."


def test_a_life_that_was_replaced_ends_and_is_not_started_again(begin: Begin) -> None:
    first = begin().up()
    subscribe(first)
    begin().up()
    first.mail.tell(SendText(command_id="one", text="hello"))
    reason = first.wait_for_end()
    assert (reason.clean, str(reason)) == (True, "shutdown:fenced: a newer incarnation has taken up the call")


def handed_to(to: str) -> str:
    return f'use transfer {{"to": "{to}"}}'


def test_a_tool_hands_the_call_to_an_agent_with_another_model_and_other_tools(begin: Begin) -> None:
    host = begin(agent(tools=[wire("transfer"), wire("finish")])).up()
    subscribe(host)
    host.mail.ask(SendText(command_id="one", text=handed_to("billing")))
    event(host.mail, AgentChanged, old="agent", new="billing")
    event(host.mail, AgentMessage, text="You are billing. I have remember and transfer.")
    used = host.mail.wait_for(EventPushed, lambda pushed: isinstance(pushed.event, UsageUpdated)).event
    assert isinstance(used, UsageUpdated)
    assert [(model.provider, model.requests) for model in used.models] == [
        ("support.scripted_providers:llm", 1),
        ("support.scripted_providers:other_llm", 1),
    ]
    host.mail.ask(SendText(command_id="two", text=handed_to("host")))
    event(host.mail, AgentMessage, text="You are billing. I have remember and transfer.")


def test_the_next_incarnation_has_the_agent_that_the_call_was_handed_to(begin: Begin) -> None:
    first = begin(agent(tools=[wire("transfer")])).up()
    subscribe(first)
    first.mail.ask(SendText(command_id="one", text=handed_to("billing")))
    event(first.mail, AgentMessage, text="You are billing. I have remember and transfer.")
    first.vanish()
    second = begin(agent(tools=[wire("transfer")])).up()
    subscribe(second)
    second.mail.ask(SendText(command_id="two", text="who are you"))
    event(second.mail, CommandDone, command_id="two")
    assert [told.text for told in events(second.mail) if isinstance(told, AgentMessage)][
        -1
    ] == "You are billing. I have remember and transfer."


def test_the_call_stays_where_it_is_if_the_agent_cannot_be_made(begin: Begin) -> None:
    host = begin(agent(tools=[wire("transfer")])).up()
    subscribe(host)
    host.mail.ask(SendText(command_id="one", text=handed_to("nowhere")))
    failed = event(host.mail, SessionError, source="agent").event
    assert isinstance(failed, SessionError)
    assert "no_such_model" in failed.text
    event(host.mail, AgentMessage, text="It came back: transferred to nowhere.")


def test_a_model_that_is_made_too_late_is_closed(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.agent_session.core.thinking.LOAD_TIMEOUT_S", 0.05)
    host = begin(agent(tools=[wire("transfer")])).up()
    subscribe(host)
    host.mail.ask(SendText(command_id="one", text=handed_to("late")))
    event(host.mail, SessionError, source="agent")
    event(host.mail, AgentMessage, text="It came back: transferred to late.")
    scripted_providers.LATE.set()
    assert scripted_providers.CLOSED.wait(10)


def test_an_agent_with_a_greeting_is_introduced_with_it_and_the_registry_told_of_its_tools(begin: Begin) -> None:
    host = begin(agent(tools=[wire("transfer")])).up()
    subscribe(host)
    host.mail.ask(SendText(command_id="one", text=handed_to("host")))
    event(host.mail, AgentMessage, text="Host here.")
