"""Speech recognition behind OpenAI's transcriptions, or a server's that speaks their protocol.

https://platform.openai.com/docs/api-reference/audio/createTranscription
"""

import re
import struct
from typing import Any, Final

from actors.providers.openai.chat_format import text_in
from actors.providers.openai.service import Service
from actors.providers.openai.settings import KEY_VARIABLE, read_settings
from protocols import (
    BYTES_PER_SAMPLE,
    SESSION_RATE_HZ,
    STT,
    ConfigurationError,
    Fault,
    ProviderError,
    Transcript,
    environment,
    primary_language,
    well_formed,
)

DEFAULT_MODEL: Final = "gpt-transcribe"
"""OpenAI's one whose end is not announced (October 2026)."""
SILENCE_S: Final = 10.0
"""Less than a session waits, so that what it is told of a service that hangs is more than that nothing came."""
MIN_AUDIO_S: Final = 0.1
"""Shorter audio is not sent: the service refuses it."""
MAX_AUDIO_BYTES: Final = 25_000_000
"""Of one file; the service refuses more."""
_TAG: Final = re.compile(r"[a-z]{2,3}(-\w+)*", re.IGNORECASE)
_HEADER: Final = struct.Struct("<4sI8sIHHIIHH4sI")


class OpenAISTT(STT):
    """An `STT` for utterances that asks ``model`` at ``base_url`` (``OPENAI_BASE_URL``, else OpenAI); its key as that of `OpenAILLM`.

    ``language`` is what is spoken, whatever the session says; with ``detect_language`` the service finds that out itself. ``prompt``
    tells it what words to expect. ``parameters`` go into each request by the names of the API.

    No answer within ``timeout_s`` (10) is a failure. It retries nothing: the session does.

    Raises:
        MissingExtraError: the extra ``openai`` is not installed.
        ConfigurationError: there is no key, or something is malformed; the text says which and the cure.
    """

    rate_hz: Final = SESSION_RATE_HZ

    def __init__(
        self,
        *,
        model: str = DEFAULT_MODEL,
        language: str = "",
        detect_language: bool = False,
        prompt: str = "",
        base_url: str = "",
        api_key: str = "",
        api_key_env: str = KEY_VARIABLE,
        timeout_s: float = SILENCE_S,
        **parameters: Any,  # noqa: ANN401 - the service's
    ) -> None:
        if parameters.get("response_format", "json") not in ("json", "verbose_json"):
            raise ConfigurationError(f"openai.STT: response_format is {parameters['response_format']!r:.40}: use json or verbose_json")
        settings = read_settings(
            "STT",
            model=model,
            base_url=base_url,
            api_key=api_key,
            api_key_env=api_key_env,
            silence_s=timeout_s,
            total_s=timeout_s,
            parameters={"response_format": "json", "prompt": prompt or None, **parameters},
            environment=environment(),
        )
        self._service = Service(settings, "audio")
        self._language = language
        self._detect = detect_language

    @property
    def label(self) -> str:
        """``openai/MODEL``, or ``HOST/MODEL`` of another's."""
        return self._service.settings.label

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        """What was said in one utterance; nothing in less than `MIN_AUDIO_S`.

        Raises:
            ProviderError: an odd number of bytes, more than `MAX_AUDIO_BYTES`, or the service refuses, fails or is silent.
        """
        if len(pcm) % BYTES_PER_SAMPLE:
            raise ProviderError(f"{len(pcm)} bytes are no PCM16: samples have two bytes", retryable=False, fault=Fault.CALLER)
        if len(pcm) < MIN_AUDIO_S * self.rate_hz * BYTES_PER_SAMPLE:
            return Transcript(text="")
        if len(pcm) > MAX_AUDIO_BYTES:
            text = f"{self.label}: {len(pcm) >> 20} MiB of audio: cut it at {MAX_AUDIO_BYTES // 1_000_000} MB"
            raise ProviderError(text, retryable=False, fault=Fault.CALLER)
        settings = self._service.settings
        spoken = "" if self._detect else primary_language(self._language or language)
        fields = {key: value for key, value in settings.parameters.items() if value is not None}
        file = ("speech.wav", _wav(pcm, self.rate_hz), "audio/wav")
        async with self._service.ask(
            lambda client: client.audio.transcriptions.with_streaming_response.create(
                model=settings.model, file=file, extra_body={**fields, **({"language": spoken} if spoken else {})}
            )
        ) as answer:
            told = await answer.json()
        if not isinstance(told, dict) or not isinstance(told.get("text"), str):
            raise answer.refused(repr(told))
        language = text_in(told.get("language"))  # of some models a name, "english"
        return Transcript(text=well_formed(told["text"]).strip(), language=language if _TAG.fullmatch(language) else spoken)

    async def aclose(self) -> None:
        """Close its connections."""
        await self._service.aclose()


def _wav(pcm: bytes, rate_hz: int) -> bytes:
    """``pcm`` as a file: services take no samples without a header."""
    size = len(pcm)
    return _HEADER.pack(b"RIFF", 36 + size, b"WAVEfmt ", 16, 1, 1, rate_hz, rate_hz * 2, 2, 16, b"data", size) + pcm
