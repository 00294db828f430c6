"""From what a program gives as a provider to the provider itself: a name, a reference, or an object."""

import importlib.util
from dataclasses import replace
from typing import Any, Final

from actors import load_reference, make_llm, make_stt, make_tts, make_turn_detector, make_vad
from livekitex_agent.program.providers.contracts import on_its_loop
from livekitex_agent.program.providers.family import is_of_a_family
from livekitex_agent.program.providers.host import ProviderHost
from livekitex_agent.providers.registry import resolve
from protocols import LLM, STT, TTS, VAD, ProviderKind, ProviderRef

__all__ = ["default_vad", "provider_given"]

_MAKERS: Final = {
    ProviderKind.LLM: make_llm,
    ProviderKind.STT: make_stt,
    ProviderKind.TTS: make_tts,
    ProviderKind.VAD: make_vad,
    ProviderKind.TURN_DETECTOR: make_turn_detector,
}
_OURS: Final = "actors."


def provider_given(kind: ProviderKind, given: object, host: ProviderHost, *, base_url: str = "") -> tuple[Any, ProviderRef]:
    """The provider, and how it is named in the call's blueprint.

    A name or a reference is made here, and so is asked where the media is; our own objects too. Any other object, of LiveKit's classes or
    of the session's contracts, has its code run on the loop of ``host``.

    Raises:
        MissingExtraError: its distribution is not installed.
        ConfigurationError: there is no such provider, or the object is none; the text names the cure.
    """
    ref = resolve(kind, given, base_url=base_url) if isinstance(given, str) else given
    if isinstance(ref, ProviderRef):
        return _MAKERS[kind](ref, load_reference), ref
    cls = type(given)
    named = ProviderRef(factory=f"{cls.__module__}:{cls.__qualname__}", options={})
    if is_ours(given):
        return _completed(kind, named, given), named
    if _keeps_a_contract(cls) and not is_of_a_family(given):
        return on_its_loop(kind, _completed(kind, named, given), host.loop), named
    return _completed(kind, named, host.adapt(given, kind=kind)), replace(named, options=_of_itself(given))


def default_vad() -> ProviderRef:
    """What detects voice where a program hears and says nothing of that: Silero's network, or without its extra the loudness."""
    found = importlib.util.find_spec("onnxruntime") is not None
    return ProviderRef(factory=f"actors.providers.vad:{'silero' if found else 'energy'}", options={})


def is_ours(given: object) -> bool:
    """Whether ``given`` is a name, a reference, or an object of our own."""
    return isinstance(given, str | ProviderRef) or type(given).__module__.startswith(_OURS)


def _keeps_a_contract(cls: type) -> bool:
    return any(contract in cls.__mro__ for contract in (LLM, STT, TTS, VAD))


def _of_itself(given: object) -> dict[str, str]:
    """What an object of LiveKit's classes says of itself: its usage is told under these names."""
    told = {name: getattr(given, name, None) for name in ("provider", "model")}
    return {name: said for name, said in told.items() if isinstance(said, str)}


def _completed(kind: ProviderKind, named: ProviderRef, made: object) -> Any:  # noqa: ANN401 - of the kind's contract
    return _MAKERS[kind](named, lambda _: lambda: made)
