"""A session without conversation, for tests of what stands around sessions: it keeps the contracts of its messages and nothing else.

What it must not lose stands in the memory outside its process. It answers a text with itself; it ends, or dies, when told so by text.
"""

import os
import signal
from collections.abc import Mapping
from typing import Any, ClassVar

from protocols import (
    NORMAL,
    AgentMessage,
    AudioAccepted,
    AudioPushed,
    CallEnded,
    CallStarted,
    CancelResponse,
    ChatContext,
    CommandAccepted,
    CommandDone,
    CommitAudio,
    EndCall,
    EventPushed,
    GetSession,
    InvalidAgentError,
    Message,
    Ref,
    Restarted,
    SendText,
    SessionEvent,
    SessionInfo,
    StreamAudio,
    Subscribe,
    Subscribed,
    Unsubscribe,
    UserMessage,
    pack,
    unpack,
)
from supervision import Actor

HEAD = 4
AUDIENCE_WAIT_S = 1.0


class EchoSession(Actor):
    """``args``: those of a session. ``instructions`` that begin with "refuse" make its start fail."""

    trap_exit: ClassVar[bool] = True

    def on_start(self, args: Mapping[str, Any]) -> None:
        self._call_id: str = args["call_id"]
        self._args = args
        if args["agent"]["instructions"].startswith("refuse"):
            raise InvalidAgentError("this agent is refused: write another")
        self._subscribers: dict[str, tuple[Ref, bool]] = {}
        self._load()
        self._incarnation += 1
        first = self._incarnation == 1
        self._push(CallStarted(call_id=self._call_id) if first else Restarted(reason="killed", incarnation=self._incarnation))

    def on_message(self, message: Message) -> None:
        match message:
            case Subscribe(from_number=from_number, audio=audio) if self.context.sender is not None:
                self._subscribers[self.context.sender.uid] = (self.context.sender, audio)
                self.context.reply(self._subscribed())
                for event in self._events[max(0, from_number - 1) :]:
                    self.context.send(self.context.sender, unpack(EventPushed, event))
            case Unsubscribe() if self.context.sender is not None:
                self._subscribers.pop(self.context.sender.uid, None)
            case StreamAudio():
                self._hear(message)
            case SendText() | CommitAudio() | CancelResponse() | EndCall():
                self._accept(message)
            case GetSession():
                self.context.reply(self._info())
            case _:
                super().on_message(message)

    def _hear(self, message: StreamAudio) -> None:
        if message.sequence == self._next_sequence:
            self._next_sequence += 1
            self._heard += message.pcm[:2]
            self._save()
            for ref, audio in self._subscribers.values():
                if audio:
                    rate, pcm = message.rate_hz, message.pcm
                    self.context.send(
                        ref, AudioPushed(call_id=self._call_id, speech_id=str(message.sequence), position=0, rate_hz=rate, pcm=pcm)
                    )
        self.context.reply(AudioAccepted(next_sequence=self._next_sequence))

    def _accept(self, command: SendText | CommitAudio | CancelResponse | EndCall) -> None:
        text = command.text if isinstance(command, SendText) else ""
        if text == "die before":
            os.kill(os.getpid(), signal.SIGKILL)
        known = command.command_id in self._commands
        self._commands = [*self._commands, command.command_id]
        if not known:
            self._act(command, text)
        if text.startswith("die after") and not known:
            os.kill(os.getpid(), signal.SIGKILL)
        self.context.reply(CommandAccepted(command_id=command.command_id))
        if isinstance(command, EndCall):  # who follows the call may be about to subscribe
            self.context.after(0.0 if self._subscribers else AUDIENCE_WAIT_S, lambda: self.context.exit(NORMAL))

    def _act(self, command: SendText | CommitAudio | CancelResponse | EndCall, text: str) -> None:
        match command:
            case SendText():
                self._push(UserMessage(turn_id=command.command_id, text=text, source="text"))
                self._push(AgentMessage(speech_id=command.command_id, text=text, interrupted=False))
            case CommitAudio():
                self._push(UserMessage(turn_id=command.command_id, text=self._heard.hex(), source="audio"))
            case EndCall(reason=reason):
                self._push(CallEnded(reason=reason))
            case CancelResponse():
                self._push(CommandDone(command_id=command.command_id))

    def _push(self, event: SessionEvent) -> None:
        number, wall_s = len(self._events) + 1, self.context.clock.wall()
        pushed = EventPushed(call_id=self._call_id, number=number, incarnation=self._incarnation, wall_s=wall_s, event=event)
        self._events = [*self._events, pack(EventPushed, pushed)]
        self._save()
        for ref, _ in self._subscribers.values():
            self.context.send(ref, pushed)

    def _subscribed(self) -> Subscribed:
        return Subscribed(
            next_number=len(self._events) + 1, next_sequence=self._next_sequence, incarnation=self._incarnation, os_pid=os.getpid()
        )

    def _info(self) -> SessionInfo:
        return SessionInfo(
            call_id=self._call_id,
            state="idle",
            incarnation=self._incarnation,
            os_pid=os.getpid(),
            journal_path=self._args["options"]["journal_dir"] or "",
            user_data_json="{}",
            history=ChatContext(),
        )

    def _load(self) -> None:
        self._incarnation, self._next_sequence = 0, 0
        self._heard, self._events, self._commands = b"", list[bytes](), list[str]()
        memory = self.context.memory
        size = int.from_bytes(memory[:HEAD], "big") if memory is not None else 0
        if memory is not None and size:
            state = unpack(Any, bytes(memory[HEAD : HEAD + size]))
            self._incarnation, self._next_sequence, self._heard, self._events, self._commands = state

    def _save(self) -> None:
        memory = self.context.memory
        if memory is not None:
            state = pack(Any, [self._incarnation, self._next_sequence, self._heard, self._events, self._commands])
            memory[: HEAD + len(state)] = len(state).to_bytes(HEAD, "big") + state
