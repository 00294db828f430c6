"""Text or audio that comes bit by bit, on its way into a speech of the agent's.

How it works. The speech is open from its beginning (`protocols.Say`). Of what the script's iterator gives whole sentences are cut, and each
is sent as soon as it stands; the next bit is asked for only when the call has taken what there was, so nothing piles up here. When the
iterator ends, or raises, the rest is sent and the speech is complete. Whoever is gone before that leaves it open: its deadline ends it.

Audio is brought to the rate of the call's voice here, so that positions mean the same on both sides. What the call has taken is outside its
process, 30 s ahead of the ear; what it has not is kept here and sent again, to whichever process it has then.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from contextlib import aclosing
from functools import partial
from typing import Final, Protocol, TypeVar, cast

from actors import Resampler, Sentence, SentenceSplitter, WrittenText
from livekitex_agent.threads import in_thread
from protocols import (
    BYTES_PER_SAMPLE,
    MAX_CHUNK_S,
    MessageTooLargeError,
    SpeechStreamed,
    TextDelta,
    UnavailableError,
    UsageError,
    WellFormedStream,
    require_audio,
    require_rate,
)

T = TypeVar("T")
Bits = AsyncIterable[str | TextDelta] | Iterable[str]
Audio = bytes | AsyncIterable[bytes] | Iterable[bytes]

MAX_ID_CHARS: Final = 56
"""Of the id of a command whose speech comes bit by bit: a number follows it in the ids of the pieces."""
MAX_AUDIO_S: Final = 120
"""Of one speech whose audio a script gives."""
BATCH_S: Final = 0.1
"""Of audio that comes in smaller pieces so much is sent at a time."""
WAITS_S: Final = 0.1
"""Until the next look whether the speech has the turn."""
FULL_S: Final = 0.5
"""Until the next look for room: the call has much of it by then."""
_END: Final = object()


def require_source(text: str | Bits, audio: Audio | None, rate_hz: int, command_id: str | None) -> None:
    """Refuse what no speech can be made of.

    Raises:
        UsageError: the text or the audio is none, or both come bit by bit, or the command's id is too long for its pieces.
        InvalidAudioError: an unknown rate.
    """
    several = not isinstance(text, str)
    if not isinstance(text, str | AsyncIterable | Iterable):
        raise UsageError(f"text is a {type(text).__name__}: give a text, or an iterator of texts")
    if several and command_id is not None and len(command_id) > MAX_ID_CHARS:
        raise UsageError(f"command_id={command_id!r:.80}: for a text that comes bit by bit give at most {MAX_ID_CHARS} characters")
    if audio is not None:
        require_rate(rate_hz)
        if several or not isinstance(audio, AsyncIterable | Iterable):
            raise UsageError("with audio give the whole text, and the audio as bytes or an iterator of bytes")


class Send(Protocol):
    """Sends the piece ``number`` of the speech and returns when the call has taken it; raises as a command does.

    It is whole sentences, ``written`` otherwise than they are said where that is given.
    """

    async def __call__(self, number: int, text: str, written: str | None, *, last: bool) -> None:
        """See the class."""
        ...


async def feed(bits: Bits, send: Send) -> Exception | None:
    """Send all of ``bits``; stops where the speech is over, or the call. What the iterator raised is returned, or what stopped it.

    What is no text is an error of the iterator, and so is more than a speech may hold.
    """
    text, number, failure = _Text(), 0, None
    try:
        async with aclosing(_each(bits, _delta)) as deltas:
            while True:
                try:
                    delta = await anext(deltas)
                except StopAsyncIteration:
                    break
                except Exception as raised:  # noqa: BLE001 - the script's own
                    failure = raised
                    break
                if sentences := text.add(delta):
                    number += 1
                    await send(number, *text.piece(sentences), last=False)
        number += 1
        await send(number, *text.piece(text.finish(), last=True), last=True)
    except MessageTooLargeError as too_large:
        failure = too_large
        await _complete(send, number + 1)
    except (UsageError, UnavailableError):
        pass  # it is over, and its events tell how
    return failure


class _Text:
    """The text of a speech as it comes."""

    def __init__(self) -> None:
        self._said = WellFormedStream()
        self._splitter = SentenceSplitter()
        self._written = WrittenText()
        self._differs = False

    def add(self, delta: TextDelta) -> list[Sentence]:
        """The sentences that stand by this piece."""
        self._differs = self._differs or delta.written is not None
        return self._feed(self._said.feed(delta.text), delta.written)

    def finish(self) -> list[Sentence]:
        """The rest."""
        return self._feed(self._said.finish(), None) + [self._written.take(sentence) for sentence in self._splitter.finish()]

    def piece(self, sentences: list[Sentence], *, last: bool = False) -> tuple[str, str | None]:
        """What is said of the next piece of the speech, and how it is written, unless that is the same."""
        written = "".join(sentence.written or "" for sentence in sentences) + (self._written.rest() if last else "")
        return ("\n".join(sentence.text for sentence in sentences), written) if self._differs else (written, None)

    def _feed(self, said: str, written: str | None) -> list[Sentence]:
        self._written.feed(said, written)
        return [self._written.take(sentence) for sentence in self._splitter.feed(said)]


class Stream(Protocol):
    """Sends audio of the speech from the sample ``position`` on, and tells up to where the call has it; raises as a command does."""

    async def __call__(self, position: int, pcm: bytes, *, last: bool) -> SpeechStreamed:
        """See the class."""
        ...


async def feed_audio(audio: Audio, rate_hz: int, stream: Stream) -> Exception | None:
    """Send all of ``audio``, as `feed` does with a text; nothing more is asked for while the call has no room."""
    failure: Exception | None = None
    try:
        sending = _Sending(stream, (await stream(0, b"", last=False)).rate_hz, rate_hz)
        pieces = _each([audio] if isinstance(audio, bytes) else audio, partial(_pcm, rate_hz))
        async with aclosing(pieces):
            while failure is None:
                try:
                    piece = await anext(pieces)
                except StopAsyncIteration:
                    break
                except Exception as raised:  # noqa: BLE001 - the script's own
                    failure = raised
                else:
                    failure = await sending.add(piece)
        await sending.finish()
    except (UsageError, UnavailableError):
        pass  # it is over, and its events tell how
    return failure


class _Sending:
    """What of the audio waits to be taken, at the rate ``voice_hz`` of the call's voice."""

    def __init__(self, stream: Stream, voice_hz: int, rate_hz: int) -> None:
        self._stream = stream
        self._voice_hz = voice_hz
        self._resampler = Resampler(rate_hz, voice_hz)
        self._resamples = rate_hz != voice_hz
        self._waits = b""
        self._position = 0

    async def add(self, pcm: bytes) -> Exception | None:
        """Add audio; returns once less than a batch waits. What is too much is left out, and told."""
        self._waits += self._resampler.process(pcm)
        room = (MAX_AUDIO_S * self._voice_hz - self._position) * BYTES_PER_SAMPLE
        too_much = len(self._waits) > room
        self._waits = self._waits[:room]
        while len(self._waits) >= BATCH_S * self._voice_hz * BYTES_PER_SAMPLE:
            await self._send(last=False)
        return MessageTooLargeError(f"a speech has at most {MAX_AUDIO_S} s of audio: say the rest in another one") if too_much else None

    async def finish(self) -> None:
        """Send the rest, and that it is the last."""
        if self._resamples:
            room = (MAX_AUDIO_S * self._voice_hz - self._position) * BYTES_PER_SAMPLE
            self._waits = (self._waits + self._resampler.flush())[:room]
        while not await self._send(last=True):
            pass

    async def _send(self, *, last: bool) -> bool:
        """Send as much as one message may have; tells whether all of what waits is taken."""
        most = int(MAX_CHUNK_S * self._voice_hz) * BYTES_PER_SAMPLE
        piece, ends = self._waits[:most], last and len(self._waits) <= most
        taken = (await self._stream(self._position, piece, last=ends)).position - self._position
        self._position += taken
        self._waits = self._waits[taken * BYTES_PER_SAMPLE :]
        if piece and not taken:
            await asyncio.sleep(FULL_S if self._position else WAITS_S)
        return ends and not self._waits


def _pcm(rate_hz: int, piece: object) -> bytes:
    require_audio(piece, rate_hz)
    return bytes(cast("bytes", piece))


async def _complete(send: Send, number: int) -> None:
    try:
        await send(number, "", None, last=True)
    except (UsageError, UnavailableError):
        return


async def _each(bits: AsyncIterable[object] | Iterable[object], check: Callable[[object], T]) -> AsyncGenerator[T]:
    """What an iterator of either kind gives, as ``check`` lets it pass; one that may block does so in a thread."""
    if isinstance(bits, AsyncIterable):
        several = aiter(bits)
        try:
            async for bit in several:
                yield check(bit)
        finally:
            if isinstance(several, AsyncGenerator):
                await several.aclose()
        return
    iterator = await in_thread(iter, bits, name="livekitex speech")
    while (bit := await in_thread(next, iterator, _END, name="livekitex speech")) is not _END:
        yield check(bit)


def _delta(bit: object) -> TextDelta:
    if isinstance(bit, TextDelta):
        return bit
    if not isinstance(bit, str):
        raise UsageError(f"the iterator of a speech gave a {type(bit).__name__}: give pieces of text")
    return TextDelta(text=bit)
