"""Sound beside the agent's speech, as LiveKit's programs ask for it: an ambience, and a sound while the agent thinks.

The session plays them itself, on its media loop, so a block of the program's loop does not stop them.
"""

import asyncio
import enum
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, TypeAlias

from actors import read_wav
from livekitex_agent.job import get_job_context
from livekitex_agent.types import NOT_GIVEN, NotGiven, NotGivenOr
from livekitex_agent.utils.log import logger
from protocols import Entropy, InvalidAudioError, SystemEntropy

MIN_SOUND_S: Final = 0.2
MAX_SOUND_S: Final = 60.0


class BuiltinAudioClip(enum.Enum):
    """LiveKit's recordings by their names. They are not part of this package: where one is asked for there is silence, and a warning."""

    CITY_AMBIENCE = "city-ambience.ogg"
    FOREST_AMBIENCE = "forest-ambience.ogg"
    OFFICE_AMBIENCE = "office-ambience.ogg"
    CROWDED_ROOM = "crowded-room.ogg"
    KEYBOARD_TYPING = "keyboard-typing.ogg"
    KEYBOARD_TYPING2 = "keyboard-typing2.ogg"
    HOLD_MUSIC = "hold_music.ogg"

    def path(self) -> str:
        """Where the file is.

        Raises:
            FileNotFoundError: always; give a WAV file of your own.
        """
        raise FileNotFoundError(f"{self.value} is not part of this package: give the path of a WAV file of your own")


AudioSource: TypeAlias = AsyncIterator[Any] | str | BuiltinAudioClip


class AudioConfig(NamedTuple):
    """A sound: its ``volume`` from 0 to 1, and how likely it is taken where there are several. Fades are taken, and are always 0.5 s."""

    source: AudioSource
    volume: float = 1.0
    probability: float = 1.0
    fade_in: float = 0.0
    fade_out: float = 0.0


Sound: TypeAlias = AudioSource | AudioConfig | list[AudioConfig]


class PlayHandle:
    """A sound that is played: to be awaited, or stopped."""

    def __init__(self) -> None:
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def done(self) -> bool:
        """Whether it is over."""
        return self._over.done()

    def stop(self) -> None:
        """End it."""
        if not self._over.done():
            self._over.set_result(None)

    async def wait_for_playout(self) -> None:
        """Wait until it is over."""
        await asyncio.shield(self._over)

    def __await__(self) -> Generator[Any, None, Self]:
        """Wait until it is over, and give it."""

        async def wait() -> Self:
            await self.wait_for_playout()
            return self

        return wait().__await__()


class BackgroundAudioPlayer:
    """Has ``ambient_sound`` heard through the call, and ``thinking_sound`` while the agent works and says nothing; both go round.

    A sound is the path of a WAV file of 0.2 to 60 s, an `AudioConfig` of one, or a list of those, of which one is taken when the player
    starts (none, as far as their probabilities are less than 1 together). Any other sound is not heard, and a warning says so; so is what
    `play` is given.
    """

    def __init__(
        self,
        *,
        ambient_sound: NotGivenOr[Sound | None] = NOT_GIVEN,
        thinking_sound: NotGivenOr[Sound | None] = NOT_GIVEN,
        stream_timeout_ms: int = 200,
        entropy: Entropy | None = None,
    ) -> None:
        del stream_timeout_ms
        self._sounds = {"ambient": ambient_sound, "thinking": thinking_sound}
        self._entropy = entropy or SystemEntropy()
        self._session: Any = None
        self.publication: Any = None
        """The track in the room; None: the sound goes out as the call's own."""

    async def start(
        self,
        *,
        room: Any = None,  # noqa: ANN401 - the call's
        agent_session: NotGivenOr[Any] = NOT_GIVEN,
        track_publish_options: NotGivenOr[Any] = NOT_GIVEN,
    ) -> None:
        """Have the sounds heard in ``agent_session``, by default the job's first one. It may be started before the session or after it.

        Raises:
            RuntimeError: there is no session.
        """
        del room, track_publish_options
        session = get_job_context().primary_session if isinstance(agent_session, NotGiven) else agent_session
        options: dict[str, Any] = {}
        for name, sound in self._sounds.items():
            chosen = _chosen(sound, self._entropy)
            if chosen is not None and _is_heard(chosen):
                options |= {f"{name}_sound": chosen.source, f"{name}_volume": min(max(chosen.volume, 0.0), 1.0)}
        self._session = session
        session.use_background(options)

    async def aclose(self) -> None:
        """Let them fade out. A second call does nothing."""
        session, self._session = self._session, None
        if session is not None:
            session.use_background({})

    def play(self, audio: Sound, *, loop: bool = False) -> PlayHandle:
        """Take one more sound; it is not heard, and the handle is done at once.

        Raises:
            RuntimeError: the player was not started.
            ValueError: an iterator is to go round.
        """
        if self._session is None:
            raise RuntimeError("BackgroundAudio is not started")
        chosen = _chosen(audio, self._entropy)
        if loop and chosen is not None and isinstance(chosen.source, AsyncIterator):
            raise ValueError("Looping sound via AsyncIterator is not supported: give the path of a WAV file")
        if chosen is not None:
            logger.warning("BackgroundAudioPlayer.play: %s is not heard: give it as ambient_sound or thinking_sound", _named(chosen.source))
        handle = PlayHandle()
        handle.stop()
        return handle


def _chosen(sound: NotGivenOr[Sound | None], entropy: Entropy) -> AudioConfig | None:
    if sound is None or isinstance(sound, NotGiven):
        return None
    if isinstance(sound, AudioConfig):
        return sound
    if not isinstance(sound, list):
        return AudioConfig(sound)
    total = sum(max(config.probability, 0.0) for config in sound)
    drawn = entropy.random() * max(total, 1.0)
    for config in sound:
        drawn -= max(config.probability, 0.0)
        if drawn < 0:
            return config
    return None


def _is_heard(config: AudioConfig) -> bool:
    """Whether the session can play it; if not it is told why."""
    if not isinstance(config.source, str):
        logger.warning("%s is not heard beside the speech: give the path of a WAV file", _named(config.source))
        return False
    try:
        seconds = read_wav(Path(config.source)).duration_s
    except InvalidAudioError as failure:
        logger.warning("a sound is not heard beside the speech: %s", failure)
        return False
    if not MIN_SOUND_S <= seconds <= MAX_SOUND_S:
        logger.warning("%s is not heard beside the speech: it has %.2f s; give 0.2 to 60 s", config.source, seconds)
        return False
    return True


def _named(source: AudioSource) -> str:
    return source.value if isinstance(source, BuiltinAudioClip) else f"{source!r:.80}"
