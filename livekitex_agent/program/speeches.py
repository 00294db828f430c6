"""The speeches of a session: what user code asks the agent to say becomes a command, and events tell its handle what became of it.

A command's id follows from where in the program it was given (`Scopes`). So a rerun of the program gives the same commands: the call has
taken them already, and says so; of those that are over, the call remembers what became of them (`Memory.spoken`), and their handles are
done from the beginning. Those that go on or wait have handles from the beginning, which whoever asks for them again takes over.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from typing import Any, Final

from actors import ON_EXIT, ProgramCall, ProgramLoop
from livekitex_agent.client.request_sender import expect
from livekitex_agent.errors import error_of
from livekitex_agent.llm.conversion import item_from_protocol
from livekitex_agent.program.scopes import Scopes
from livekitex_agent.program.tool_progress import is_report
from livekitex_agent.speech_feed import feed, feed_audio
from livekitex_agent.voice.speech_handle import DEFAULT_INPUT_DETAILS, InputDetails, SpeechHandle, tool_speech
from protocols import (
    AgentState,
    AgentStateChanged,
    CancelResponse,
    ChatItem,
    ChatMessage,
    CommandAccepted,
    ConversationItemAdded,
    ErrorReply,
    EventPushed,
    ExtendSpeech,
    FunctionCall,
    FunctionCallOutput,
    FunctionToolsExecuted,
    LivekitexError,
    Message,
    Role,
    Say,
    SessionCommand,
    SpeechCreated,
    SpeechDone,
    SpeechInterrupted,
    SpeechOutcome,
    SpeechStreamed,
    StreamSpeech,
    TextDelta,
    ToolCalled,
)

log = logging.getLogger("livekitex.program")

_LEAVING: ContextVar[list[SpeechHandle] | None] = ContextVar("livekitex_leaving", default=None)
"""In an `on_exit`, and its tasks: what it has said."""
EMPTY_RATE_HZ: Final = 24_000
"""Of audio that has no frame."""
STEPS: Final = 5
"""Of the loop, in which a tool that has the agent say something may return: then that is said behind what it came to."""
OWNER: Final = "program"
"""Who has asked for a speech that user code asked for."""
WRITTEN: Final = InputDetails(modality="text")
"""What answers a text, or is asked for by the program."""


class Speeches:
    """Used on the program's loop. ``created`` is told of each new handle, with whether user code asked for it."""

    def __init__(
        self, call: ProgramCall, loop: ProgramLoop, scopes: Scopes, created: Callable[[SpeechHandle, SpeechCreated], None]
    ) -> None:
        self._call = call
        self._loop = loop
        self._scopes = scopes
        self._created = created
        self._by_command: dict[str, SpeechHandle] = {}
        self._by_speech: dict[str, SpeechHandle] = {}
        self._at_tools: set[str] = set()  # the speeches whose tools are at work
        self._heard: SpeechHandle | None = None
        self._of_tool: list[Callable[..., None]] = []  # what tools have asked for a moment ago, which may return at once
        self._lost = ""
        self._taken_up: dict[str, str] = {}  # speeches that the call has taken in another life and that are not over, by command
        self._take_up()

    def _take_up(self) -> None:
        """Have handles of what the life before was saying, and of what waits to be said."""
        memory = self._call.memory
        for turn in memory.open_turns:
            self._go_on(turn.speech_id, turn.command_id, self._handle(turn.speech_id, turn.allow_interruptions, turn.source), turn.told)
        for accepted in memory.inbox:
            if accepted.speech_id:
                allowed = getattr(accepted.command, "allow_interruptions", True)
                self._go_on(accepted.speech_id, accepted.command_id, self._handle(accepted.speech_id, allowed, ""))

    def _go_on(self, speech_id: str, command_id: str, handle: SpeechHandle, items: Iterable[str] = ()) -> None:
        self._by_speech[speech_id] = handle
        if command_id:
            self._taken_up[command_id] = speech_id
        for item_id in items:
            _mark(handle, self._call.conversation.get_by_id(item_id))

    def _handle(self, speech_id: str, allow_interruptions: bool, source: str) -> SpeechHandle:  # noqa: FBT001 - LiveKit's name for it
        """A handle of a speech that the session has begun by itself, or that is not known to be the program's."""
        return SpeechHandle(
            speech_id=speech_id,
            allow_interruptions=allow_interruptions,
            input_details=WRITTEN if source == "text" else DEFAULT_INPUT_DETAILS,
            interrupting=self._interrupt,
        )

    @property
    def current(self) -> SpeechHandle | None:
        """What is made or said now, or comes next; not what waits for a task that has the call."""
        held = self._held()
        return next((handle for speech_id, handle in self._by_speech.items() if speech_id not in held), None)

    @property
    def open(self) -> list[SpeechHandle]:
        """Those that user code asked for and that are not over."""
        return list(self._by_command.values())

    def begin(
        self,
        function: str,
        make: Callable[[str], SessionCommand],
        allow_interruptions: bool,  # noqa: FBT001 - LiveKit's name for it
        taken: Callable[[str, Message], None] = lambda _command_id, _answer: None,
    ) -> SpeechHandle:
        """Have the agent say what ``make`` makes of a command's id; ``function`` is what user code has called.

        ``taken`` is told the command's id and how it was answered.

        Raises:
            RuntimeError: the conversation is over.
        """
        command_id = self._scopes.command_id(function)
        handle = SpeechHandle(
            speech_id=f"speech_{command_id}",
            allow_interruptions=allow_interruptions,
            input_details=DEFAULT_INPUT_DETAILS if function == "say" else WRITTEN,
            interrupting=self._interrupt,
        )
        memory = self._call.memory
        before = next((spoken for spoken in reversed(memory.spoken) if spoken.command_id == command_id), None)
        if before is not None:  # in another life, or since this one began
            for item in map(memory.history.get_by_id, before.items):
                _mark(handle, item)
            self._loop.call(self._end, handle, before.outcome)
            return handle
        if self._lost:
            raise RuntimeError(f"AgentSession isn't running: {self._lost}")
        self._by_command[command_id] = handle
        if (speech_id := self._taken_up.pop(command_id, "")) in self._by_speech:
            for item in self._by_speech[speech_id].chat_items:
                handle.mark_item(item)
            self._by_speech[speech_id] = handle
        said = _LEAVING.get()
        if said is not None:
            said.append(handle)

        def answered(answer: Message) -> None:
            self._answered(command_id, handle, answer)
            taken(command_id, answer)

        owner = OWNER if said is None else ON_EXIT
        sending = partial(self._call.send, make(command_id), owner, lambda answer: self._loop.call(answered, answer))
        if tool_speech() is not None and (function == "say" or self._of_tool):
            self._of_tool.append(sending)
            self._send_held_after(STEPS)
        else:
            self.send_held()
            sending()
        return handle

    def _send_held_after(self, steps: int) -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(self._send_held_after, steps - 1) if steps else self.send_held()

    def send_held(self, returning: str = "") -> None:
        """Send what a tool has asked for a moment ago: its call is ``returning``, or it goes on (empty), or asks for something else."""
        held, self._of_tool = self._of_tool, []
        for sending in held:
            sending(returning=returning)

    @contextmanager
    def collect(self) -> Iterator[list[SpeechHandle]]:
        """What is asked for in this block is said as an agent leaves, before the next one has the call: its handles."""
        said: list[SpeechHandle] = []
        token = _LEAVING.set(said)
        try:
            yield said
        finally:
            _LEAVING.reset(token)

    def begin_open(self, say: Say, bits: AsyncIterable[str | TextDelta]) -> SpeechHandle:
        """Have the agent say what ``bits`` gives, as it gives it, and otherwise as ``say`` is.

        After a death the rerun's iterator is asked anew: what was taken in the life before is not said again, what comes after is.
        """
        return self._fed("say", replace(say, open=True), partial(self._feed, bits))

    def begin_with_audio(self, say: Say, frames: AsyncIterable[Any]) -> SpeechHandle:
        """Have the agent say what ``say`` is by the audio of ``frames``."""
        return self._fed("say", replace(say, audio=True), partial(self._play, frames))

    def _fed(self, function: str, say: Say, source: Callable[[str, str], Coroutine[Any, Any, object]]) -> SpeechHandle:
        """Begin a speech whose text or audio ``source`` gives, once it is taken: of its command's id, and its own."""

        def taken(command_id: str, answer: Message) -> None:
            if isinstance(answer, CommandAccepted) and answer.speech_id:
                self._loop.spawn(source(command_id, answer.speech_id), name="speech")

        return self.begin(function, lambda command_id: replace(say, command_id=command_id), say.allow_interruptions, taken)

    async def _feed(self, bits: AsyncIterable[str | TextDelta], command_id: str, speech_id: str) -> None:
        async def send(number: int, text: str, written: str | None, *, last: bool) -> None:
            piece = blake2b(f"{command_id}.{number}".encode(), digest_size=16).hexdigest()
            await self.accepted(ExtendSpeech(command_id=piece, speech_id=speech_id, text=text, written=written, last=last))

        failure = await feed(bits, send)
        if failure is not None:
            log.error("what %s was to say failed", speech_id, exc_info=failure)

    async def _play(self, frames: AsyncIterable[Any], command_id: str, speech_id: str) -> None:
        del command_id

        async def stream(position: int, pcm: bytes, *, last: bool) -> SpeechStreamed:
            answered: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
            audio = StreamSpeech(speech_id=speech_id, position=position, pcm=pcm, last=last)
            self._call.serve(audio, lambda answer: self._loop.call(answered.set_result, answer))
            return expect(SpeechStreamed, await answered)

        async with aclosing(_sounds(frames)) as sounds:
            rate_hz, first = await anext(sounds, (0, b""))
            if not rate_hz:
                rate_hz = EMPTY_RATE_HZ
            failure = await feed_audio(_joined(first, sounds), rate_hz, stream)
        if failure is not None:
            log.error("the audio of %s failed", speech_id, exc_info=failure)

    async def accepted(self, command: SessionCommand) -> None:
        """Have a command accepted.

        Raises:
            LivekitexError: it is refused.
        """
        answered: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self.send(command, answered.set_result)
        if isinstance(answer := await answered, ErrorReply):
            raise error_of(answer)

    def send(self, command: SessionCommand, then: Callable[[Message], None] = lambda _answer: None) -> None:
        """Have a command accepted; ``then`` is given the answer on the program's loop."""
        self.send_held()
        self._call.send(command, OWNER, lambda answer: self._loop.call(then, answer))

    def tell(self, pushed: EventPushed) -> None:
        """Something happened; see `Program.tell`."""
        match pushed.event:
            case SpeechCreated() as created:
                self._begun(created)
            case AgentStateChanged(new=new) if new != AgentState.PAUSED:
                self._heard = self._by_speech.get(pushed.speech_id) if new == AgentState.SPEAKING else None
            case ToolCalled() if (handle := self._by_speech.get(pushed.speech_id)) is not None:
                self._at_tools.add(pushed.speech_id)
                handle.mark_unspoken() if self._is_saying(pushed.turn_id) else handle.mark_spoken()
            case FunctionToolsExecuted() if (handle := self._by_speech.get(pushed.speech_id)) is not None:
                self._at_tools.discard(pushed.speech_id)
                handle.num_steps += 1
            case SpeechInterrupted(speech_id=speech_id) if (handle := self._by_speech.get(speech_id)) is not None:
                handle.mark_interrupted()
            case ConversationItemAdded(item_id=item_id, role=role) if (handle := self._by_speech.get(pushed.speech_id)) is not None:
                _mark(handle, self._call.conversation.get_by_id(item_id))
                if role == Role.ASSISTANT:
                    handle.mark_spoken()
            case SpeechDone(speech_id=speech_id, outcome=outcome):
                self._done(speech_id, outcome)
            case _:
                pass

    def _is_saying(self, turn_id: str) -> bool:
        """Whether words of the turn are still being said, before the tools that run already."""
        return any(turn.turn_id == turn_id and turn.untold for turn in self._call.memory.open_turns)

    def of_call(self, speech_id: str) -> SpeechHandle:
        """The handle of the speech of this id, in which a tool is called."""
        known = self._by_speech.get(speech_id)
        return SpeechHandle(speech_id=speech_id, allow_interruptions=True) if known is None else known

    def interrupt(self, *, force: bool) -> "asyncio.Future[None]":
        """Stop what is made or said now, what is at its tools, and what user code asked for and waits; nothing of who waits for a task.

        Without ``force`` what may not be stopped goes on: at its tools; and what waits, with all behind it.

        Raises:
            RuntimeError: what is made or said now may not be stopped, and ``force`` is False.
        """
        held = {self._by_speech.get(speech_id) for speech_id in self._held()}
        silent = [self._by_speech[speech_id] for speech_id in self._at_tools if self._by_speech[speech_id] is not self._heard]
        now = self._heard if self._heard is not None else next((one for one in (self.current,) if one not in silent), None)
        stopped = [handle for handle in silent if handle not in held and (force or handle.allow_interruptions)]
        if now is not None:
            now.interrupt(force=force)
            stopped.append(now)
        for handle in self.open:
            if handle is now or handle in silent or handle in held:
                continue
            if not force and not handle.allow_interruptions:
                log.warning("%s waits and may not be interrupted: it is said, with all behind it (force=True stops it)", handle.id)
                break
            stopped.append(handle)
        for handle in stopped:
            handle.interrupt(force=force)
        return asyncio.ensure_future(_all_over(stopped))

    def lost(self, why: str) -> None:
        """The conversation is over: nothing more is said, and who asks for something is told so."""
        self._lost = why
        for handle in {*self._by_command.values(), *self._by_speech.values()}:
            handle.mark_done(RuntimeError(why))
        self._by_command.clear()
        self._by_speech.clear()
        self._at_tools.clear()
        self._heard = None

    def _held(self) -> set[str]:
        """The speeches whose tools wait for a task, which has the call: what the caller says is for that."""
        memory = self._call.memory
        return {turn.speech_id for turn in memory.open_turns if turn.agents < len(memory.agents)}

    def _answered(self, command_id: str, handle: SpeechHandle, answer: Message) -> None:
        if isinstance(answer, ErrorReply):
            self._by_command.pop(command_id, None)
            failure = error_of(answer)
            log.error("%s was refused: %s", handle.id, failure)
            handle.mark_done(failure)

    def _begun(self, created: SpeechCreated) -> None:
        handle = self._by_command.get(created.command_id) if created.command_id else None
        if handle is None:
            handle = self._handle(created.speech_id, created.allow_interruptions, created.source)
        self._by_speech[created.speech_id] = handle
        self._created(handle, created)
        if handle.interrupted:  # before it was accepted, when it had no id to stop it by
            self._interrupt(handle, True)

    def _done(self, speech_id: str, outcome: SpeechOutcome) -> None:
        handle = self._by_speech.pop(speech_id, None)
        self._at_tools.discard(speech_id)
        if handle is None:
            return
        if self._heard is handle:
            self._heard = None
        for command_id in [one for one, other in self._by_command.items() if other is handle]:
            del self._by_command[command_id]
        self._end(handle, outcome)

    def _end(self, handle: SpeechHandle, outcome: SpeechOutcome) -> None:
        if outcome is SpeechOutcome.INTERRUPTED:
            handle.mark_interrupted()
        failed = outcome is SpeechOutcome.FAILED
        handle.mark_done(LivekitexError("the speech has failed: see the session's error event") if failed else None)

    def _interrupt(self, handle: SpeechHandle, force: bool) -> None:  # noqa: FBT001 - a callback
        speech_id = next((one for one, other in self._by_speech.items() if other is handle), "")
        if speech_id:
            self.send(CancelResponse(command_id=self._scopes.command_id("interrupt"), speech_id=speech_id, force=force))


def _mark(handle: SpeechHandle, item: ChatItem | None) -> None:
    """The history has ``item``: it is the speech's if the agent said or did it, and not what that answers, nor a hand-off."""
    if is_report(item):
        return
    if isinstance(item, FunctionCall | FunctionCallOutput) or (isinstance(item, ChatMessage) and item.role is Role.ASSISTANT):
        handle.mark_item(item_from_protocol(item))


async def _sounds(frames: AsyncIterable[Any]) -> AsyncGenerator[tuple[int, bytes]]:
    """The rate of each frame, and its samples."""
    async for frame in frames:
        yield frame.sample_rate, bytes(frame.data)


async def _joined(first: bytes, others: AsyncIterator[tuple[int, bytes]]) -> AsyncIterator[bytes]:
    yield first
    async for _rate_hz, pcm in others:
        yield pcm


async def _all_over(handles: Iterable[SpeechHandle]) -> None:
    for handle in handles:
        await handle
