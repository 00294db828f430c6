"""The calls: what is heard of the caller and when, and what the agent says. The same for both sides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.turn_taking.sounds import Sound, noise, silence, speech
from protocols import SESSION_RATE_HZ

FINAL_AFTER_S: Final = 0.1
"""From the last sample of an utterance until its final transcript."""
MS_PER_CHAR: Final = 50
"""Of the agent's voice, a tone."""
LONG: Final = 40
SENTENCE: Final = "This part of the tale is as long as all the others. "
REPLY_CHARS: Final = 12

INTERRUPTIONS: Final = (
    "Stop please, I would like two pizzas and no beer.",
    "Wait, that is not what I have ordered.",
    "No, I want to change the address of my order.",
    "Hold on, can you tell me what that costs?",
    "Please listen, the second pizza is to be without cheese.",
)
BACK_CHANNELS: Final = ("Mm-hmm.", "Okay.", "Uh-huh.", "Yeah.", "Right.", "I see.")
SENTENCES: Final = (
    "I would like two pizzas and no beer.",
    "What is the price of a small salad?",
    "Please cancel my order from this morning.",
    "My name is Miller and I live in Baker Street.",
    "Can you deliver it before seven o'clock?",
    "The second pizza should be without cheese.",
    "I want to change the address of my order.",
    "How long does it take to bring it here?",
    "That is all, thank you very much.",
    "Do you have anything without meat?",
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``sounds`` are what is heard of the caller, with their beginnings in seconds; ``length_s`` is how long he is there.

    The agent begins with ``greeting`` (empty: it waits), and answers each turn with ``reply``.
    """

    name: str
    sounds: Sequence[tuple[float, Sound]]
    length_s: float
    greeting: str
    reply: str

    @property
    def audio(self) -> bytes:
        """All that is heard of the caller."""
        line = bytearray(silence(self.length_s))
        for at_s, sound in self.sounds:
            start = 2 * round(at_s * SESSION_RATE_HZ)
            line[start : start + len(sound.pcm)] = sound.pcm
        return bytes(line)

    @property
    def transcripts(self) -> list[dict[str, float | str]]:
        """When which final transcript comes."""
        return [{"at_s": at_s + sound.length_s + FINAL_AFTER_S, "text": sound.text} for at_s, sound in self.sounds if sound.text]


def calls_of(name: str, sounds: Sequence[Sound], *, first_s: float, every_s: float, per_call: int, greeting: str, reply: str) -> list[Call]:
    """Calls with ``per_call`` of the sounds each, the first of them after ``first_s``."""
    calls = []
    for begin in range(0, len(sounds), per_call):
        part = sounds[begin : begin + per_call]
        placed = [(first_s + number * every_s, sound) for number, sound in enumerate(part)]
        length_s = first_s + len(part) * every_s
        calls.append(Call(f"{name} {begin // per_call + 1}", placed, length_s, greeting, reply))
    return calls


def interruptions(count: int) -> list[Call]:
    """The agent tells a tale, and the caller interrupts it; the answer is another tale, which he interrupts as well."""
    sounds = [speech(INTERRUPTIONS[number % len(INTERRUPTIONS)]) for number in range(count)]
    tale = SENTENCE * LONG
    return calls_of("interruptions", sounds, first_s=4.0, every_s=9.0, per_call=2, greeting=tale, reply=tale)


def back_channels(count: int) -> list[Call]:
    """The caller shows that he listens."""
    sounds = [speech(BACK_CHANNELS[number % len(BACK_CHANNELS)]) for number in range(count)]
    return _undisturbed("back-channels", sounds)


def noises(count: int) -> list[Call]:
    """Something is heard, and it is nobody's voice."""
    return _undisturbed("noises", [noise(number) for number in range(count)])


def echoes(count: int) -> list[Call]:
    """The agent's own words come back, at a tenth of their loudness, in its first seconds, before any echo cancellation has learnt."""
    heard = speech("This part of the tale is as long as all the others.", 1.0, 0.1)
    return [Call(f"echo {number + 1}", [(0.6, heard)], 9.0, SENTENCE * LONG, "That is all.") for number in range(count)]


def _undisturbed(name: str, sounds: Sequence[Sound]) -> list[Call]:
    return calls_of(name, sounds, first_s=4.0, every_s=5.0, per_call=3, greeting=SENTENCE * LONG, reply=SENTENCE * LONG)


def sentences(count: int) -> list[Call]:
    """The caller says a whole sentence and waits for the answer, which is short."""
    sounds = [speech(SENTENCES[number % len(SENTENCES)]) for number in range(count)]
    return calls_of("sentences", sounds, first_s=1.5, every_s=6.5, per_call=2, greeting="", reply="All right so.")
