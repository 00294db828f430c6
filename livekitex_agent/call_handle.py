"""The handle of one call: it goes on working while the call's process dies and comes back.

How it works. A command gets an id here and is sent to whoever has the session's name until it is answered (`RequestSender`), to each
incarnation once, so a death costs time and nothing else. Events and audio come through the one subscription that all handles of a call
share (`Call`), which asks the next incarnation for what it lacks. A speech's handle waits for the events that name it, and text that comes
bit by bit is fed to it by a task of its own (`speech_feed`).
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, Final, TypeVar, overload

from livekitex_agent.callbacks import Callback, Callbacks, Kinds, kinds_of
from livekitex_agent.client.call import Call
from livekitex_agent.client.request_sender import RequestSender, expect
from livekitex_agent.speech_feed import Audio, Bits, feed, feed_audio, require_source
from livekitex_agent.speech_handle import Feeding, SpeechHandle
from livekitex_agent.tool_choice import ToolChoiceArgument, choice_of, names_of
from protocols import (
    BYTES_PER_SAMPLE,
    MAX_CHUNK_S,
    SPEECH_DEADLINE_S,
    AudioCleared,
    AudioPushed,
    CancelResponse,
    ChatContext,
    CommandAccepted,
    CommitAudio,
    EndCall,
    Entropy,
    EventPushed,
    EventsMissed,
    ExtendSpeech,
    GenerateReply,
    GetSession,
    Say,
    SendText,
    SessionCommand,
    SessionEvent,
    SessionInfo,
    SessionUnavailableError,
    SpeechPriority,
    SpeechStreamed,
    StreamSpeech,
    UpdateChatContext,
    UpdateInstructions,
    require_audio,
    text_problem,
    well_formed,
)

DEFAULT_TIMEOUT_S: Final = 30.0

Source = Callable[[str], Coroutine[Any, Any, Exception | None]]
"""Gives the speech of an id its text or audio (`speech_feed`)."""

C = TypeVar("C", bound=Callback)
E = TypeVar("E", bound=SessionEvent)


class CallHandle:
    """One call. Any number of handles may be had for it; each works in the event loop of its system.

    A command returns once it is in the call's journal: it is acted on once, whatever dies afterwards. While the call is between two
    incarnations a command waits, for ``timeout_s``, and then raises `SessionUnavailableError`. What became of it is not known then: it was
    not taken, or taken with only the answer lost, or a process that was merely slow takes it in a moment; no later incarnation does. So try
    again with the same ``command_id``, which the error names: then it is acted on once, whatever became of the first attempt. Without one
    each attempt is a command of its own.
    """

    def __init__(self, call: Call, requests: RequestSender, entropy: Entropy) -> None:
        self._call = call
        self._requests = requests
        self._entropy = entropy
        self._waited_to = 1
        self._beginning = 1
        self._callbacks = Callbacks(call)
        self._feeding: set[Feeding] = set()

    @property
    def call_id(self) -> str:
        """The call's id, the same through all its incarnations."""
        return self._call.call_id

    async def send_text(self, text: str, *, command_id: str | None = None, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
        """Say ``text`` as the caller, at most 16,000 characters; returns the command's id once the call has taken it.

        ``command_id`` is one of your own (1 to 64 ASCII characters, remembered for 1,024 further commands), or a new one.

        Raises:
            UsageError: the text is empty, or ``command_id`` is no id.
            CapacityError: as many commands wait already as the call lets wait; nothing was done.
            MessageTooLargeError: the text has more than 16,000 characters, however many bytes they take; nothing was sent.
            SessionUnavailableError: not taken within ``timeout_s``, or the call has ended.
            SystemUnavailableError: the system has ended.
        """
        if (problem := text_problem(text)) is not None:
            raise problem
        return await self._command(SendText(command_id=self._id(command_id), text=well_formed(text)), timeout_s)

    async def say(
        self,
        text: str | Bits,
        *,
        audio: Audio | None = None,
        rate_hz: int = 24_000,
        allow_interruptions: bool = True,
        priority: int = SpeechPriority.NORMAL,
        deadline_s: float = SPEECH_DEADLINE_S,
        command_id: str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> SpeechHandle:
        """Have the agent say ``text`` as soon as nobody has the turn; returns a handle of that once the call has taken it.

        Of what waits, the highest ``priority`` (0 to 10; a text of the caller has 5) is said first, then the oldest. The model hears of it
        as of words of the agent. Without ``allow_interruptions`` the caller's voice does not stop it: what the caller says meanwhile is
        answered after it. `cancel_response` stops it all the same. If it is not over ``deadline_s`` seconds (1,800; at most 3,600) after
        the call has taken it, waiting or being said, it ends then as `SpeechOutcome.EXPIRED`, with what was heard.

        ``text`` may come bit by bit, from an asynchronous iterator or any other (which may block: it runs in a thread), for as long as the
        event loop runs: this returns at once, sentences are said as they stand, and the speech goes on until the iterator ends, or raises
        (see `SpeechHandle.wait_for_playout`), or it is over otherwise; then nothing more is asked of it. It has 16,000 characters in all.
        What the call has taken is said once, whatever dies; if this script goes, the deadline ends the speech.

        With ``audio`` that is heard in place of the agent's voice: PCM16 mono at ``rate_hz`` (8, 16, 24 or 48 kHz), as bytes or from an
        iterator of either kind, in pieces of any length, at most 120 s; ``text``, a whole one, is what history shows. In a text call
        nothing is asked of it. Raises as `send_text`.
        """
        bits = None if isinstance(text, str) else text
        require_source(text, audio, rate_hz, command_id)
        command = Say(
            command_id=self._id(command_id),
            text=well_formed(text) if isinstance(text, str) else "",
            allow_interruptions=allow_interruptions,
            priority=int(priority),
            deadline_s=float(deadline_s),
            open=bits is not None,
            audio=audio is not None,
        )
        source: Source | None = None
        if bits is not None:
            source = lambda speech_id: feed(bits, partial(self._extend, command, speech_id))  # noqa: E731
        elif audio is not None:
            source = lambda speech_id: feed_audio(audio, rate_hz, partial(self._stream, command, speech_id))  # noqa: E731
        return await self._speech(command, timeout_s, again=command_id is not None, source=source)

    async def generate_reply(
        self,
        *,
        instructions: str = "",
        user_input: str = "",
        allow_interruptions: bool = True,
        priority: int = SpeechPriority.NORMAL,
        tools: Sequence[str] | None = None,
        tool_choice: ToolChoiceArgument = "auto",
        deadline_s: float = SPEECH_DEADLINE_S,
        command_id: str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> SpeechHandle:
        """Have the agent's model speak as soon as nobody has the turn: to ``user_input`` as a text of the caller's, or by itself.

        ``instructions`` are told to it for this reply alone. In all its rounds it is offered the agent's tools that ``tools`` names (None:
        all), and may call no others. ``tool_choice`` is ``"auto"``, ``"required"`` (it calls at least one), ``"none"``, or
        ``{"name": ...}`` of the one that it has to call. It is for the first round: with the results the model is free, unless it is none.
        The rest is as in `say`.

        Raises:
            UsageError: also where the agent has no such tool, or none is offered of which one is required.
        """
        choice, required_tool = choice_of(tool_choice)
        command = GenerateReply(
            command_id=self._id(command_id),
            instructions=well_formed(instructions),
            user_input=well_formed(user_input),
            allow_interruptions=allow_interruptions,
            priority=int(priority),
            tools=names_of(tools),
            tool_choice=choice,
            required_tool=required_tool,
            deadline_s=float(deadline_s),
        )
        return await self._speech(command, timeout_s, again=command_id is not None)

    async def stream_audio(self, pcm: bytes, rate_hz: int, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        """Add PCM16 mono audio of the caller at 8, 16, 24 or 48 kHz, of any length.

        Returns at once as long as the call keeps up; what a dying process has not kept is sent to the next. When ten seconds of audio wait,
        this waits too.

        Raises:
            InvalidAudioError: an unknown rate, half a sample, or nothing; nothing was sent.
            UsageError: the call's agent does not listen; the text names the cure.
            SessionUnavailableError: no room within ``timeout_s``, or the call has ended.
            SystemUnavailableError: the system has ended.
        """
        require_audio(pcm, rate_hz)
        longest = int(MAX_CHUNK_S * rate_hz) * BYTES_PER_SAMPLE
        for start in range(0, len(pcm), longest):
            await self._in_time(self._call.speak(pcm[start : start + longest], rate_hz), "audio", timeout_s)

    async def commit_audio(self, *, command_id: str | None = None, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
        """End the caller's turn here, after all audio so far; raises as `send_text`."""
        await self._in_time(self._call.drain(), "audio", timeout_s)
        return await self._command(CommitAudio(command_id=self._id(command_id)), timeout_s)

    async def cancel_response(self, *, command_id: str | None = None, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
        """Stop the reply that is made or spoken, if there is one; raises as `send_text`."""
        return await self._command(CancelResponse(command_id=self._id(command_id)), timeout_s)

    async def update_instructions(self, instructions: str, *, command_id: str | None = None, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
        """Give the agent other instructions, at most 64,000 characters: from the model's next round on, and through restarts.

        A hand-off ends them: the next agent has its own. The history tells of it with an `AgentConfigUpdate`. Raises as `send_text`.
        """
        command = UpdateInstructions(command_id=self._id(command_id), instructions=well_formed(instructions))
        return await self._command(command, timeout_s)

    async def update_chat_context(
        self, context: ChatContext, *, command_id: str | None = None, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> str:
        """Make ``context`` the history: at most 1,000 items and 400,000 bytes. The turn that is open goes on, and follows it.

        Take `history`, change that, and give it back; the agent's instructions are not part of it. Halves of pairs of calls and outputs
        are left out. Raises as `send_text`.
        """
        return await self._command(UpdateChatContext(command_id=self._id(command_id), context=context), timeout_s)

    async def history(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> ChatContext:
        """What was said and done, as it was heard: the newest 200 items, the open turn's message included; raises as `send_text`."""
        return (await self.info(timeout_s=timeout_s)).history

    async def end(self, reason: str = "normal", *, command_id: str | None = None, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
        """End the call after the reply that is spoken now. A call that has ended, or does so before it answers, is what was asked for.

        Raises:
            UsageError: ``command_id`` is no id.
            SessionUnavailableError: not taken within ``timeout_s``; try again.
            SystemUnavailableError: the system has ended.
        """
        command = EndCall(command_id=self._id(command_id), reason=well_formed(reason))
        try:
            return await self._command(command, timeout_s)
        except SessionUnavailableError as failure:
            if failure.retryable:
                raise
            return command.command_id

    @overload
    def on(self, kinds: Kinds, /, *, from_number: int | None = None) -> Callable[[C], C]: ...
    @overload
    def on(self, kinds: Kinds, callback: C, /, *, from_number: int | None = None) -> C: ...
    def on(self, kinds: Kinds, callback: C | None = None, /, *, from_number: int | None = None) -> C | Callable[[C], C]:
        """Have ``callback`` called for each event of these classes (`SessionEvent`: of all), from now on, or from a number of the past.

        It is given the event, or, if it takes two arguments, the event and its `EventPushed`. It gets one event after the other, in order
        and each once, as a reader of `events` does. An async one is awaited on this event loop; any other runs in a thread, so what it
        touches has to stand that. None holds the call, nor another callback: 1,024 events wait for one, who is slower is told by
        `EventsMissed` what it missed. One that raises is told by `CallbackFailed`, and logged, and goes on with the next event; one that
        is at work on an event for 60 s is given up. They end with the call. As a decorator: ``@session.on(AgentMessage)``.

        Raises:
            UsageError: a class is none of events, the callback cannot be called so, or the handle has 64 of them.
        """
        if callback is None:
            return partial(self._on, kinds, from_number)
        return self._on(kinds, from_number, callback)

    def off(self, callback: Callback) -> None:
        """Call ``callback`` no more, whatever it was put on; nothing happens if it is on nothing."""
        self._callbacks.remove(callback)

    def events(self, from_number: int = 1, *, kinds: Kinds = SessionEvent) -> AsyncGenerator[EventPushed]:
        """The call's events from ``from_number`` on (they begin with 1): each once, in order, through all incarnations.

        Of events that are not kept (progress, interim texts) it gives those that happen while it is read. With ``kinds`` it gives only
        these, and `EventsMissed`.

        They end after `CallEnded`. The session keeps the newest 512 events, this handle 1,024. Who comes later or reads slower than that is
        told by `EventsMissed` how many are not to be had any more; its number is that of the last of them.

        Without a journal an incarnation knows nothing of the one before: its events begin with `CallStarted` again.

        Raises (while iterating):
            SessionUnavailableError: the call has ended without its last event.
            SystemUnavailableError: the system has ended.
        """
        return self._read(from_number, (*kinds_of(kinds), EventsMissed))

    def audio(self) -> AsyncGenerator[AudioPushed]:
        """The agent's audio from now on, in real time, as it is played; ends with the call. A slow reader misses the oldest.

        It comes up to 0.2 s ahead of the ear. Who plays it with a buffer of his own uses `playback`, so that speech can be stopped at once.
        """
        return _heard(self._call.listen())

    def background_audio(self) -> AsyncGenerator[AudioPushed]:
        """The sound beside the agent's speech (its options ``ambient_sound`` and ``thinking_sound``) from now on; ends with the call.

        It is a stream of its own, in real time, to be mixed with `audio`.
        """
        return _heard(self._call.listen(background=True))

    def playback(self) -> AsyncGenerator[AudioPushed | AudioCleared]:
        """As `audio`, with what is recalled of it: after an `AudioCleared` nothing from its position on is to be heard.

        That is so where the caller speaks over the agent: what follows begins at that position again, more softly or after a pause. A
        `PlaybackBuffer` does so.
        """
        return self._call.listen()

    async def wait_for(self, kind: type[E], where: Callable[[E], bool] | None = None, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> E:
        """The next event of this kind that ``where`` accepts.

        "Next" is counted from the last event that this handle has waited for, so nothing slips through between two calls; the first call
        looks at all events from the beginning.

        Raises:
            TimeoutError: none within ``timeout_s``.
            SessionUnavailableError: the call has ended without one.
            SystemUnavailableError: the system has ended.
        """
        async with asyncio.timeout(timeout_s):
            events = self.events(self._waited_to if self._beginning == self._call.beginnings else 1)
            try:
                async for pushed in events:
                    self._waited_to, self._beginning = pushed.number + 1, self._call.beginnings
                    if isinstance(pushed.event, kind) and (where is None or where(pushed.event)):
                        return pushed.event
            finally:
                await events.aclose()
        raise SessionUnavailableError(f"the call {self.call_id} has ended without {kind.__name__}")

    async def info(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> SessionInfo:
        """The session as it is now: state, incarnation, process, journal, history; raises as `send_text`."""
        return expect(SessionInfo, await self._requests.deliver(self._call.name, "a question", GetSession(), timeout_s=timeout_s))

    def _on(self, kinds: Kinds, from_number: int | None, callback: C) -> C:
        self._callbacks.add(kinds, callback, from_number)
        return callback

    async def _read(self, from_number: int, kinds: tuple[type[SessionEvent], ...]) -> AsyncGenerator[EventPushed]:
        async with aclosing(self._call.read(from_number)) as events:
            async for pushed in events:
                if isinstance(pushed.event, kinds):
                    yield pushed

    async def _speech(self, command: Say | GenerateReply, timeout_s: float, *, again: bool, source: Source | None = None) -> SpeechHandle:
        """Send it. One under an id of the script's own may have been said already, in an event that is known."""
        from_number = 1 if again else self._call.next_number
        speech_id = (await self._accepted(command, timeout_s)).speech_id
        feeding = None
        if source is not None and speech_id:
            feeding = asyncio.create_task(source(speech_id), name=f"speech {command.command_id}")
            self._feeding.add(feeding)
            feeding.add_done_callback(self._feeding.discard)
        return SpeechHandle(self._call, command, speech_id, from_number, self._interrupt, feeding=feeding)

    async def _extend(
        self, speech: Say | GenerateReply, speech_id: str, number: int, text: str, written: str | None, *, last: bool
    ) -> None:
        piece = ExtendSpeech(command_id=f"{speech.command_id}.{number}", speech_id=speech_id, text=text, written=written, last=last)
        await self._accepted(piece, speech.deadline_s)

    async def _stream(self, speech: Say, speech_id: str, position: int, pcm: bytes, *, last: bool) -> SpeechStreamed:
        piece = StreamSpeech(speech_id=speech_id, position=position, pcm=pcm, last=last)
        return expect(SpeechStreamed, await self._requests.deliver(self._call.name, "audio", piece, timeout_s=speech.deadline_s))

    async def _interrupt(self, speech_id: str, force: bool) -> None:  # noqa: FBT001 - see `speech_handle.Interrupt`
        await self._command(CancelResponse(command_id=self._id(None), speech_id=speech_id, force=force), DEFAULT_TIMEOUT_S)

    async def _command(self, command: SessionCommand, timeout_s: float) -> str:
        return (await self._accepted(command, timeout_s)).command_id

    async def _accepted(self, command: SessionCommand, timeout_s: float) -> CommandAccepted:
        what = f"{type(command).__name__} (command_id={command.command_id!r})"
        return expect(CommandAccepted, await self._requests.deliver(self._call.name, what, command, timeout_s=timeout_s))

    def _id(self, command_id: str | None) -> str:
        return self._entropy.hex_id() if command_id is None else command_id

    async def _in_time(self, work: Coroutine[Any, Any, None], what: str, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await work
        except TimeoutError:
            raise SessionUnavailableError(f"{what} was not taken within {timeout_s:g} s; try again") from None


async def _heard(played: AsyncGenerator[AudioPushed | AudioCleared]) -> AsyncGenerator[AudioPushed]:
    async with aclosing(played):
        async for piece in played:
            if isinstance(piece, AudioPushed):
                yield piece
