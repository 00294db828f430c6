"""What a program has asked for and was not answered when the conversation ended."""

from collections.abc import Callable
from typing import Any, cast

from actors.agent_session.core import Memory
from actors.agent_session.program_link import ProgramLink
from protocols import EndCall, ErrorReply, Message, Ping, Pong


class Mailbox:
    """Keeps the turns; nobody takes them."""

    def __init__(self) -> None:
        self.turns: list[Callable[[], None]] = []

    def post(self, turn: Callable[[], None]) -> None:
        self.turns.append(turn)


class Conversation:
    """Answers what it is asked for when it is told to."""

    def __init__(self) -> None:
        self.answers: list[Callable[[Message], None]] = []

    def send(self, _command: EndCall, _owner: str, then: Callable[[Message], None], _returning: str) -> None:
        self.answers.append(then)

    def serve(self, _message: Message, _sender: None, then: Callable[[Message], None]) -> None:
        self.answers.append(then)

    def ask(self, _make: Callable[[int], Any], then: Callable[[Message], None]) -> None:
        self.answers.append(then)


_NOBODY: Any = dict.fromkeys(("started", "failed", "crashed"), lambda _what: None)


def link() -> tuple[ProgramLink, Mailbox, Conversation]:
    mailbox, live = Mailbox(), Conversation()
    made = ProgramLink(cast("Any", mailbox), cast("Any", None), Memory(), 1, **_NOBODY)
    made.live = cast("Any", live)
    return made, mailbox, live


def test_whoever_waits_when_the_conversation_ends_is_told_once_and_so_is_who_asks_later() -> None:
    program, mailbox, live = link()
    told: list[Message] = []
    program.send(EndCall(command_id="a", reason="r"), "program", told.append)
    program.serve(Ping(probe=1), told.append)
    program.ask(lambda request: cast("Any", request), told.append)
    for turn in mailbox.turns:
        turn()
    live.answers[0](Pong(probe=1))
    program.end()
    assert [type(answer) for answer in told] == [Pong, ErrorReply, ErrorReply]
    for answer in live.answers:
        answer(Pong(probe=1))
    assert len(told) == 3, "each is answered once"
    program.send(EndCall(command_id="b", reason="r"), "program", told.append)
    assert isinstance(told[-1], ErrorReply)
    assert told[-1].error == "SessionUnavailableError"
    assert len(mailbox.turns) == 3, "nothing is asked of a conversation that has ended"
    program.end()
    assert len(told) == 4
