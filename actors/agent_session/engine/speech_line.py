"""A piece of a reply on its way to the ear: text that becomes audio, or audio that an incarnation before has made of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from actors.agent_session.core import SpeakSentence
from actors.agent_session.engine.loop import OwnedTask
from actors.media import Edge, heard_chars, surely_spoken
from protocols import BYTES_PER_SAMPLE, TimedWord


class Voice(Protocol):
    """Who says a line."""

    units_per_s: float | None
    """The slowest pace at which it has said a sentence; None before the first."""

    async def say(self, line: "SpeechLine") -> None:
        """Complete ``line``: with all its audio, or with its failure."""
        ...


@dataclass(eq=False, kw_only=True)
class SpeechLine:
    """The text of the sentence ``index`` from the character ``char`` to ``until_char``, as a voice of ``rate_hz`` says it.

    ``start`` is the position of its first sample in the reply. Of its samples the first ``kept`` are kept outside the process, and ``sent``
    of these were handed out. ``complete`` once no more come, ``noted`` once that is kept, too. ``last`` if the sentence ends with it.
    ``given`` if its audio is not the voice's. ``voice`` says it, whichever the next lines have. ``asked_s`` is when that was asked for it
    (monotonic seconds; None: it was not), ``told`` whether it was told that there is audio of it.
    ``after`` is where the audio of the same sentence was cut that is heard before it: what is made anew does not go on with its sample, and
    would click.
    """

    index: int
    text: str
    char: int
    until_char: int
    rate_hz: int
    last: bool = True
    given: bool = False
    voice: Voice | None = None
    after: Edge | None = None
    start: int = 0
    pcm: bytearray = field(default_factory=bytearray)
    words: list[TimedWord] = field(default_factory=list)
    kept: int = 0
    sent: int = 0
    complete: bool = False
    noted: bool = False
    asked_s: float | None = None
    told: bool = False
    failure: tuple[str, bool] | None = None
    task: OwnedTask | None = None

    @property
    def said(self) -> str:
        """Its text."""
        return self.text[self.char : self.until_char]

    @property
    def samples(self) -> int:
        """How many there are by now."""
        return len(self.pcm) // BYTES_PER_SAMPLE

    @property
    def ready(self) -> int:
        """The samples that can be handed out."""
        return self.kept - self.sent

    @property
    def end(self) -> int:
        """The position behind its samples."""
        return self.start + self.samples

    def add(self, pcm: bytes) -> None:
        """More of its samples."""
        if self.after is not None and pcm and not self.pcm and self.after.continued_by(pcm):
            self.after = None
        self.pcm += pcm if self.after is None else self.after.joined(pcm, self.samples)

    def take(self, samples: int) -> bytes:
        """The next samples that are handed out."""
        first, self.sent = self.sent, self.sent + samples
        return self.piece(first, self.sent)

    def piece(self, first: int, last: int) -> bytes:
        """Its samples from ``first`` to ``last``."""
        return bytes(self.pcm[first * BYTES_PER_SAMPLE : last * BYTES_PER_SAMPLE])

    def take_back(self, position: int) -> None:
        """What was handed out from a position in the reply on was not heard, and is to be handed out again."""
        self.sent = min(self.sent, max(0, position - self.start))

    def heard_char(self, position: int) -> int:
        """The character of the sentence up to which it was heard when the reply was heard up to ``position``."""
        total_s = self.samples / self.rate_hz if self.complete and self.failure is None else None
        return self.char + heard_chars(self.said, (position - self.start) / self.rate_hz, total_s, self.words)

    def rest_begins(self, kept: int, units_per_s: float | None) -> int:
        """The character at which the sentence goes on for a listener of its first ``kept`` samples alone."""
        return self.char + surely_spoken(self.said, kept / self.rate_hz, units_per_s, self.words)


def lines_of(wanted: SpeakSentence, rate_hz: int, read: Callable[[int, int], bytes], voice: Voice) -> list[SpeechLine]:
    """What was made of the sentence before, which ``read`` gives, and what ``voice`` makes of its rest; of given audio that is one line."""
    text, kept, lines = wanted.text, wanted.kept, []
    whole = wanted.from_char >= len(text)
    if kept is not None and (kept[0] < kept[1] or whole or wanted.audio):
        until = len(text) if wanted.audio else wanted.from_char
        line = SpeechLine(index=wanted.index, text=text, char=wanted.heard_char, until_char=until, rate_hz=rate_hz, given=wanted.audio)
        line.pcm += read(*kept)
        line.kept, line.last = line.samples, whole or wanted.audio
        line.complete = line.noted = whole or not wanted.audio
        lines.append(line)
    if not lines or (wanted.from_char < len(text) and not wanted.audio):
        line = SpeechLine(index=wanted.index, text=text, char=wanted.from_char, until_char=len(text), rate_hz=rate_hz, given=wanted.audio)
        line.after = Edge.of(bytes(lines[-1].pcm), rate_hz) if lines else None
        lines.append(line)
    for line in lines:
        line.voice = voice
    return lines
