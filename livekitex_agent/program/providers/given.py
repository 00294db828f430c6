"""From what a program gives as a provider to the provider itself: a name, a reference, or an object."""

from typing import Any, Final

from actors import load_reference, make_llm, make_stt, make_tts, make_turn_detector, make_vad
from livekitex_agent.program.providers.host import ProviderHost
from livekitex_agent.providers.registry import resolve
from protocols import ProviderKind, ProviderRef

__all__ = ["provider_given"]

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

    A name or a reference is made here, and so is asked where the media is; our own objects too. Any other object is adapted: its code
    runs on the loop of ``host``.

    Raises:
        MissingExtraError: its distribution is not installed.
        ConfigurationError: there is no such provider, or the object is none; the text names the cure.
    """
    ref = resolve(kind, given, base_url=base_url) if isinstance(given, str) else given
    if isinstance(ref, ProviderRef):
        return _MAKERS[kind](ref, load_reference), ref
    cls = type(given)
    named = ProviderRef(factory=f"{cls.__module__}:{cls.__qualname__}", options={})
    made = given if cls.__module__.startswith(_OURS) else host.adapt(given, kind=kind)
    return _MAKERS[kind](named, lambda _: lambda: made), named
