"""Nothing of a card leaves the session's process, and the conversation itself is whole as long as that lives."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.agent_session import SHARED_MEMORY_BYTES, preload
from actors.agent_session.core import Memory, Moment, Past, ResumePoint, RunTool, SessionConfig, Write
from actors.agent_session.core import begin as begin_core
from actors.agent_session.core.memory import Round, Turn, TurnSource
from actors.agent_session.core.tools import REDACTED
from actors.agent_session.redaction import SessionRedaction
from actors.redaction import PatternRedactor, redact_for, redacted
from protocols import (
    SHUTDOWN,
    AgentMessage,
    CallEnded,
    CommandDone,
    EndCall,
    EventPushed,
    ExitSignal,
    FunctionCall,
    GetSession,
    RedactionSink,
    Restarted,
    SendText,
    SessionInfo,
    Subscribe,
    ToolReturned,
    UserMessage,
)
from support.actor_host import ActorHost
from support.scripted_providers import agent
from support.scripted_tools import wire
from support.session_process import SESSION

SINK = RedactionSink.JOURNAL
CARD = "4111 1111 1111 1111"
Begin = Callable[..., ActorHost]


class Shouting:
    """A redactor of a script's own, which knows where a text goes."""

    def redact(self, text: str, sink: RedactionSink, *, whole: bool = True) -> str:
        return text.upper() if sink is RedactionSink.EVENT and whole else text


NO_FACTORY = 7


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    preload()


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    hosts: list[ActorHost] = []
    memory = memoryview(bytearray(SHARED_MEMORY_BYTES))

    def life(redactor: str = "patterns", *, of_all: str = "", **fields: Any) -> ActorHost:
        arguments = {
            "call_id": "c1",
            "agent": agent(options={"redactor": redactor} if redactor else {}, **fields),
            "options": {"journal_dir": str(tmp_path), "retention_s": 3600, "redactor": of_all},
        }
        hosts.append(ActorHost(SESSION, arguments, actor_id="agent_session/c1", uid=f"life-{len(hosts)}", memory=memory))
        return hosts[-1]

    yield life
    for host in hosts:
        if not host.over:
            stop(host)


def stop(host: ActorHost) -> None:
    host.mail.tell(ExitSignal(reason=str(SHUTDOWN), from_parent=True))
    host.wait_for_end()


def send(host: ActorHost, command_id: str, text: str) -> None:
    host.mail.ask(Subscribe(from_number=1, audio=False))
    host.mail.ask(SendText(command_id=command_id, text=text))
    host.mail.wait_for(EventPushed, lambda pushed: pushed.event == CommandDone(command_id=command_id))


def journal(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_nothing_of_a_card_reaches_journal_events_answers_or_logs(begin: Begin, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    host = begin(tools=[wire("remember")]).up()
    send(host, "one", f"my card is {CARD} ok")
    send(host, "two", f'use remember {{"word": "{CARD}"}}')
    info = host.mail.ask(GetSession())
    assert isinstance(info, SessionInfo)
    logging.getLogger("a.tool").warning("paid with %s", CARD)
    host.mail.ask(EndCall(command_id="end", reason=f"paid with {CARD}"))
    host.wait_for_end()
    told = repr(host.mail.received)
    written = journal(tmp_path)
    assert b"my card is [card] ok" in written
    assert "UserMessage(turn_id='turn-1', text='my card is [card] ok'" in told
    for text in (told, written.decode(errors="replace"), caplog.text):
        assert "1111" not in text
    assert info.history.messages[0].text == "my card is [card] ok"
    assert "[card]" in info.user_data_json
    assert CallEnded(reason="paid with [card]") in [pushed.event for pushed in host.mail.all(EventPushed)]


def test_the_model_and_the_tools_have_every_word(begin: Begin, tmp_path: Path) -> None:
    place = tmp_path / CARD
    host = begin(tools=[wire("leave_line")]).up()
    send(host, "one", f'use leave_line {{"path": "{place}"}}')
    assert place.read_text("utf-8") == "life 1\n"


def test_the_next_incarnation_has_what_stands_in_the_journal(begin: Begin) -> None:
    first = begin().up()
    send(first, "one", f"my card is {CARD} ok")
    stop(first)
    second = begin().up()
    send(second, "two", "hello")
    assert any(isinstance(pushed.event, Restarted) for pushed in second.mail.all(EventPushed))
    info = second.mail.ask(GetSession())
    assert isinstance(info, SessionInfo)
    assert [item.text for item in info.history][:1] == ["my card is [card] ok"]


def test_without_one_everything_leaves_as_it_is(begin: Begin, tmp_path: Path) -> None:
    host = begin("").up()
    send(host, "one", f"my card is {CARD} ok")
    assert CARD.encode() in journal(tmp_path)
    assert f"my card is {CARD} ok" in [pushed.event.text for pushed in host.mail.all(EventPushed) if isinstance(pushed.event, UserMessage)]


def test_all_calls_of_a_system_may_have_one_and_an_agent_its_own(begin: Begin, tmp_path: Path) -> None:
    host = begin("", of_all="patterns").up()
    send(host, "one", f"my card is {CARD} ok")
    assert CARD.encode() not in journal(tmp_path)
    stop(host)
    own = begin(f"{__name__}:Shouting", of_all="patterns").up()
    send(own, "two", "hello")
    assert "HELLO" in [pushed.event.text for pushed in own.mail.all(EventPushed) if isinstance(pushed.event, UserMessage)]
    assert b"hello" in journal(tmp_path)
    assert any(isinstance(pushed.event, AgentMessage) and pushed.event.text.isupper() for pushed in own.mail.all(EventPushed))


@pytest.mark.parametrize(
    ("redactor", "complaint"),
    [
        ("secrets", "use 'patterns', 'module:name'"),
        (7, "use 'patterns', 'module:name'"),
        ("no_such_module_here:make", "no_such_module_here"),
        (f"{__name__}:NO_FACTORY", "is a int"),
        ("builtins:dict", "makes a dict, which has no redact"),
    ],
)
def test_a_redactor_that_is_none_is_told_before_the_call_begins(begin: Begin, redactor: Any, complaint: str) -> None:
    host = begin(redactor)
    with pytest.raises(Exception, match=complaint):
        host.up()


def test_another_incarnation_does_not_call_a_tool_with_what_is_left_of_its_arguments() -> None:
    left = redacted(FunctionCall(call_id="call-1", name="pay", arguments=f'{{"card": "{CARD}"}}'), redact_for(PatternRedactor(), SINK))
    sound = FunctionCall(call_id="call-2", name="pay", arguments='{"card": "none"}')
    rounds = (Round(calls=(left, sound), ended=True),)
    memory = Memory(incarnation=1, turn=Turn(turn_id="turn-1", source=TurnSource.TEXT, text="pay", rounds=rounds), turns=1, calls=2)
    setup = SessionConfig(call_id="c", tools=("pay",))
    state, effects = begin_core(setup, Past(memory=memory, log=(), entries=1), 2, ResumePoint(), Moment(monotonic_s=1.0, wall_s=1.0))
    then = [effect for write in effects if isinstance(write, Write) for effect in write.then]
    assert [effect.call for effect in then if isinstance(effect, RunTool)] == [sound]
    assert [happened.event for happened in state.log if isinstance(happened.event, ToolReturned)] == [
        ToolReturned(call_id="call-1", name="pay", result=REDACTED, ok=False)
    ]


def test_why_the_process_ends_is_told_without_it() -> None:
    redaction = SessionRedaction(PatternRedactor())
    try:
        told = redaction.to_supervisor(ValueError(f"no card {CARD}"))
        assert (type(told), str(told)) == (RuntimeError, "ValueError: no card [card]")
        other = KeyError("price")
        assert redaction.to_supervisor(other) is other
    finally:
        redaction.close()
