"""The `stt_node` of an agent as the session's recogniser.

How it works. To the adapter of providers the node is a recogniser of LiveKit's classes, as a user's own would be: a stream whose work is
the node of the agent that has the call. After a hand-off the next agent's node goes on with the same stream. The audio that a node is given
ends with the stream, and for each utterance where what is behind the node recognises utterances alone; then a node is run for each.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary, WeakSet

from livekitex_agent import stt as livekit_stt
from livekitex_agent.program.default_recognition import NODE_AUDIO, HandedOn, NodeAudio
from livekitex_agent.program.pieces import pieces
from livekitex_agent.stt import SpeechData, SpeechEvent, SpeechEventType
from livekitex_agent.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions, NotGivenOr
from livekitex_agent.utils.audio import AudioBuffer
from livekitex_agent.voice.agent import Agent, ModelSettings
from protocols import STT

if TYPE_CHECKING:
    from livekitex_agent.program.session_activity import SessionActivity

__all__ = ["Hearing"]

LEAVE_S: Final = 1.0
"""For the node of an agent that has given the call away to tell what it has heard."""


class Hearing:
    """Who hears in a session: the node of the agent that has the call, if it has its own, else the recogniser itself.

    One node follows another on the same stream, if what is behind them streams or not alike.
    """

    def __init__(self, activity: "SessionActivity") -> None:
        self.behind: WeakKeyDictionary[Agent, STT | None] = WeakKeyDictionary()
        """The recogniser behind the node of each agent that has had the call."""
        self._activity = activity
        self._node: NodeRecognizer | None = None

    def node_of(self, agent: Agent, stt: STT | None) -> "NodeRecognizer | None":
        """The nodes as a recogniser, if ``agent`` has its own; behind it is ``stt``."""
        self.behind[agent] = stt
        if not agent._overrides("stt_node"):
            return None
        if self._node is None or self._node.capabilities.streaming is not _streams(stt):
            self._node = NodeRecognizer(self._activity, stt)
        return self._node

    def handed_on(self) -> None:
        """Another agent has the call."""
        if self._node is not None:
            self._node.handed_on()


class NodeRecognizer(livekit_stt.STT[Any]):
    """The recogniser that is the `stt_node` of whoever has the call; ``stt`` is behind it (None: nothing, and the node hears itself)."""

    def __init__(self, activity: "SessionActivity", stt: STT | None) -> None:
        streams = _streams(stt)
        super().__init__(
            capabilities=livekit_stt.STTCapabilities(streaming=streams, interim_results=streams, offline_recognize=not streams)
        )
        self._recognize_metrics_needed = False  # what is behind the node tells them
        self._activity = activity
        self._streams: WeakSet[_NodeStream] = WeakSet()

    async def _recognize_impl(
        self, buffer: AudioBuffer, *, language: NotGivenOr[str] = NOT_GIVEN, conn_options: APIConnectOptions
    ) -> SpeechEvent:
        del language, conn_options
        heard = [event async for event in self.events(NodeAudio(_each(buffer if isinstance(buffer, list) else [buffer])))]
        finals = [event.alternatives[0] for event in heard if event.type == SpeechEventType.FINAL_TRANSCRIPT and event.alternatives]
        if len(finals) > 1:
            finals[0].text = " ".join(data.text for data in finals)
        return SpeechEvent(SpeechEventType.FINAL_TRANSCRIPT, alternatives=finals[:1])

    def stream(
        self, *, language: NotGivenOr[str] = NOT_GIVEN, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> livekit_stt.RecognizeStream:
        """Begin a stream of audio."""
        del language
        stream = _NodeStream(self, conn_options)
        self._streams.add(stream)
        return stream

    @property
    def agent(self) -> Agent:
        """Who has the call."""
        return self._activity.hooks.current

    def handed_on(self) -> None:
        """Another agent has the call: its node goes on with the streams."""
        for stream in tuple(self._streams):
            stream.handed_on()

    async def events(self, audio: NodeAudio) -> AsyncIterator[SpeechEvent]:
        """What the node of the agent that has the call makes of ``audio``."""
        before = NODE_AUDIO.set(audio)
        try:
            async for event in pieces(self.agent.stt_node(audio, ModelSettings())):
                yield _final(event) if isinstance(event, str) else event
        finally:
            with suppress(ValueError):  # closed from another context
                NODE_AUDIO.reset(before)


class _NodeStream(livekit_stt.RecognizeStream):
    def __init__(self, node: NodeRecognizer, options: APIConnectOptions) -> None:
        self._node = node
        super().__init__(stt=node, conn_options=APIConnectOptions(max_retry=0, timeout=options.timeout))  # what is behind it tries again

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[SpeechEvent]) -> None:
        async for _ in event_aiter:
            pass  # what is behind the node tells them

    async def _run(self) -> None:
        more = True
        while more:
            audio = NodeAudio(self._input_ch)
            hearing = asyncio.get_running_loop().create_task(self._hear(audio))
            leaving = asyncio.get_running_loop().create_task(audio.handed_on.wait())
            try:
                await asyncio.wait([hearing, leaving], return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait([hearing], timeout=LEAVE_S)
                if hearing.done():
                    hearing.result()
            finally:
                leaving.cancel()
                hearing.cancel()
            more = audio.handed_on.is_set()

    async def _hear(self, audio: NodeAudio) -> None:
        async for event in self._node.events(audio):
            self._event_ch.send_nowait(event)
        async for _ in audio:
            pass  # a node that has returned hears nothing more, as in LiveKit's

    def handed_on(self) -> None:
        with suppress(Exception):  # it is over
            self._input_ch.send_nowait(HandedOn())


def _streams(stt: STT | None) -> bool:
    """Whether a node with ``stt`` behind it is given a stream."""
    return stt is None or stt.capabilities.streaming


async def _each(frames: list[Any]) -> AsyncIterator[Any]:
    for frame in frames:
        yield frame


def _final(text: str) -> SpeechEvent:
    return SpeechEvent(SpeechEventType.FINAL_TRANSCRIPT, alternatives=[SpeechData(language="", text=text)])
