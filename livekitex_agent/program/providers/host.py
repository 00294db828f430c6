"""All providers of a program that are objects of its own: one adapter for each, and what their code shares."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, TypeAlias

from livekitex_agent.program.crossing import run_on
from livekitex_agent.program.providers.family import Family, family_of
from livekitex_agent.program.providers.llm import LLMAdapter
from livekitex_agent.program.providers.stt import STTAdapter
from livekitex_agent.program.providers.tts import TTSAdapter
from livekitex_agent.program.providers.vad import VADAdapter
from livekitex_agent.types import APIConnectOptions
from livekitex_agent.voice.connect_options import SessionConnectOptions
from protocols import ConfigurationError, ProviderKind

__all__ = ["AnyAdapter", "ProviderHost", "retries_of"]

AnyAdapter: TypeAlias = LLMAdapter | STTAdapter | TTSAdapter | VADAdapter

_ADAPTERS: Final[dict[ProviderKind, type[AnyAdapter]]] = {
    ProviderKind.LLM: LLMAdapter,
    ProviderKind.STT: STTAdapter,
    ProviderKind.TTS: TTSAdapter,
    ProviderKind.VAD: VADAdapter,
}

_ONCE: Final = APIConnectOptions(max_retry=0)


def retries_of(options: SessionConnectOptions) -> dict[ProviderKind, APIConnectOptions]:
    """How often each kind of provider is asked again."""
    return {
        ProviderKind.LLM: options.llm_conn_options,
        ProviderKind.STT: options.stt_conn_options,
        ProviderKind.TTS: options.tts_conn_options,
    }


class ProviderHost:
    """Makes the session's providers of objects of LiveKit's classes, ours or its own; their code runs on ``loop``.

    They are asked again as ``retries`` say for their kind; by default not.

    ``http_session()`` gives that code one session for each family, which `aclose` closes.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, retries: Mapping[ProviderKind, APIConnectOptions] | None = None) -> None:
        self.loop = loop
        self._retries = retries or {}
        self._adapters: dict[int, AnyAdapter] = {}
        self._sessions: dict[Family, Any] = {}

    def adapt(self, provider: object, *, kind: ProviderKind | None = None) -> AnyAdapter:
        """The adapter of ``provider``, the same each time.

        Raises:
            ConfigurationError: it is no provider, or not of this ``kind``.
        """
        found = self._adapters.get(id(provider))
        if found is not None and found.provider is provider:
            return found
        family, actual = family_of(provider)
        if kind is not None and actual is not kind:
            raise ConfigurationError(f"{provider!r:.80} is a provider of {actual}: give one of {kind}")
        made = _ADAPTERS[actual](provider, family, self.loop, self, self._retries.get(actual, _ONCE))
        self._adapters[id(provider)] = made
        return made

    def enter(self, family: Family) -> None:
        """On the loop: let the current context have the session of ``family``, unless it has one."""
        variable = family.http_context
        if variable.get(None) is not None:
            return
        if family in self._sessions:
            variable.set(self._sessions[family])
        else:
            self._sessions[family] = family.new_http_session()

    async def aclose(self) -> None:
        """Close what the providers shared; they themselves are their users'."""
        sessions, self._sessions = self._sessions, {}

        async def close() -> None:
            for session in sessions.values():
                with suppress(Exception):
                    await session().close()

        if sessions:
            await run_on(self.loop, close)
