"""A voice behind OpenAI's speech, or a server's that speaks its protocol: https://platform.openai.com/docs/api-reference/audio/createSpeech."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Final

from actors.providers.openai.service import Answer, Service
from actors.providers.openai.settings import KEY_VARIABLE, read_settings, require_text
from protocols import (
    BYTES_PER_SAMPLE,
    SUPPORTED_RATES_HZ,
    TTS,
    AudioChunk,
    ConfigurationError,
    Fault,
    ProviderError,
    environment,
    well_formed,
)

RATE_HZ: Final = 24_000
"""Of the service's ``pcm``: 16 bit, little-endian, mono, without a header."""
DEFAULT_VOICE: Final = "marin"
SILENCE_S: Final = 7.0
TOTAL_S: Final = 110.0
"""Less than a session waits, so that what it is told of a service that hangs is more than that nothing came."""
MAX_CHARS: Final = 4_096
"""Of one sentence; the service refuses more."""
MAX_CHUNK_S: Final = 0.5
_OTHER_FORMATS: Final = {b"RIFF": "WAV", b"ID3": "MP3", b"OggS": "Ogg", b"fLaC": "FLAC"}
"""How audio begins that is no bare PCM."""


class OpenAITTS(TTS):
    """A `TTS` for sentences that has ``model`` at ``base_url`` (``OPENAI_BASE_URL``, else OpenAI) speak; its key as that of `OpenAILLM`.

    ``model`` has to be named: OpenAI has announced the end of each that it has. ``voice`` is one of the service's. ``instructions`` tell
    how to speak, ``speed`` is 0.25 to 4. ``rate_hz`` is that of the service's PCM (24,000; others' may have another). ``parameters`` go
    into each request by the names of the API.

    Nothing for ``timeout_s`` (7), and no end for ``total_timeout_s`` (110), are failures. It retries nothing: the session does.

    Raises:
        MissingExtraError: the extra ``openai`` is not installed.
        ConfigurationError: there is no model or no key, or something is malformed; the text says which and the cure.
    """

    def __init__(
        self,
        *,
        model: str = "",
        voice: str = DEFAULT_VOICE,
        instructions: str = "",
        speed: float | None = None,
        rate_hz: int = RATE_HZ,
        base_url: str = "",
        api_key: str = "",
        api_key_env: str = KEY_VARIABLE,
        timeout_s: float = SILENCE_S,
        total_timeout_s: float = TOTAL_S,
        **parameters: Any,  # noqa: ANN401 - the service's
    ) -> None:
        if not model:
            raise ConfigurationError(
                "openai.TTS has no default model, since OpenAI has announced the end of each: name one, TTS(model=...)"
            )
        if rate_hz not in SUPPORTED_RATES_HZ:
            raise ConfigurationError(f"openai.TTS: rate_hz is {rate_hz!r:.40}: give one of {', '.join(map(str, SUPPORTED_RATES_HZ))}")
        if parameters.get("response_format", "pcm") != "pcm":
            raise ConfigurationError("openai.TTS: response_format is pcm: leave it out")
        settings = read_settings(
            "TTS",
            model=model,
            base_url=base_url,
            api_key=api_key,
            api_key_env=api_key_env,
            silence_s=timeout_s,
            total_s=total_timeout_s,
            parameters={"instructions": instructions or None, "speed": speed, **parameters, "response_format": "pcm"},
            environment=environment(),
        )
        self._service = Service(settings, "audio")
        self._voice = require_text("TTS", "voice", voice)
        self._rate_hz = rate_hz

    @property
    def label(self) -> str:
        """``openai/MODEL``, or ``HOST/MODEL`` of another's."""
        return self._service.settings.label

    @property
    def rate_hz(self) -> int:
        """That of the service's PCM."""
        return self._rate_hz

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        """Stream the audio of one sentence as it comes; of text without a letter or digit nothing is asked, and there is none.

        Raises:
            ProviderError: more than `MAX_CHARS`, or the service refuses, fails, is silent, breaks off, or gives no such audio.
        """
        said = well_formed(text).strip()
        if not any(map(str.isalnum, said)):
            return
        if len(said) > MAX_CHARS:
            text = f"{self.label}: a sentence of {len(said)} characters: cut it at {MAX_CHARS}"
            raise ProviderError(text, retryable=False, fault=Fault.CALLER)
        settings = self._service.settings
        fields = {key: value for key, value in settings.parameters.items() if value is not None}
        async with self._service.ask(
            lambda client: client.audio.speech.with_streaming_response.create(
                model=settings.model, voice=self._voice, input=said, extra_body=fields
            )
        ) as answer:
            if answer.content_type == "application/json":
                raise answer.refused(repr(await answer.json()))
            if answer.content_type.startswith("text/"):
                raise answer.refused((await answer.body()).decode("utf-8", "replace"))
            async with aclosing(self._samples(answer)) as chunks:
                async for pcm in chunks:
                    yield AudioChunk(pcm=pcm, rate_hz=self._rate_hz)

    async def aclose(self) -> None:
        """Close its connections."""
        await self._service.aclose()

    async def _samples(self, answer: Answer) -> AsyncGenerator[bytes, None]:
        """The body in whole samples, at most `MAX_CHUNK_S` at a time."""
        most = int(MAX_CHUNK_S * self._rate_hz) * BYTES_PER_SAMPLE
        left, begun = b"", False
        async with aclosing(answer.pieces()) as pieces:
            async for piece in pieces:
                left += piece
                if not begun and len(left) >= max(map(len, _OTHER_FORMATS)):
                    begun = True
                    self._require_pcm(left)
                whole = len(left) - len(left) % BYTES_PER_SAMPLE
                for at in range(0, whole if begun else 0, most):
                    yield left[at : min(at + most, whole)]
                left = left[whole:] if begun else left
        if not begun:
            raise ProviderError(f"{self.label}: it gives no audio for a sentence", retryable=True)

    def _require_pcm(self, beginning: bytes) -> None:
        for mark, name in _OTHER_FORMATS.items():
            if beginning.startswith(mark):
                text = f"{self.label}: it gives {name} though it is asked for PCM: use a server that has it"
                raise ProviderError(text, retryable=False, fault=Fault.CONFIGURATION)
