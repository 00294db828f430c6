"""Providers by name, as text: ``openai:gpt-5.4-mini``, ``offline``, ``silero``, and what other packages offer.

A name is a vendor, and behind a colon what he calls the model. Vendors are the project's own, and the entry points of the group
``livekitex.providers`` of installed packages. Such an entry point is named as the vendor, and leads to a function
``(kind, model, base_url) -> ProviderRef``, or to a map of one for each kind.
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Protocol

from protocols import ConfigurationError, ProviderKind, ProviderRef

__all__ = ["GROUP", "Vendor", "resolve"]

GROUP: Final = "livekitex.providers"

_OPENAI: Final[Mapping[ProviderKind, str]] = {
    ProviderKind.LLM: "actors:OpenAILLM",
    ProviderKind.STT: "actors:OpenAISTT",
    ProviderKind.TTS: "actors:OpenAITTS",
}
_OFFLINE: Final[Mapping[ProviderKind, ProviderRef]] = {
    ProviderKind.STT: ProviderRef(factory="actors.providers.offline:moonshine_stt", options={}),
    ProviderKind.TTS: ProviderRef(factory="actors.providers.offline:hibari_tts", options={}),
    ProviderKind.LLM: ProviderRef(factory="livekitex_agent.default_brain:ToolRulesLLM", options={}),
    ProviderKind.VAD: ProviderRef(factory="actors.providers.vad:silero", options={}),
    ProviderKind.TURN_DETECTOR: ProviderRef(factory="actors.providers.smart_turn:smart_turn", options={}),
}


class Vendor(Protocol):
    """Finds what a vendor offers of a kind."""

    def __call__(self, kind: ProviderKind, model: str, base_url: str) -> ProviderRef | None:
        """The provider for ``model`` (empty: the default), at ``base_url`` (empty: the vendor's own); None: he has none of this kind."""
        ...


def resolve(kind: ProviderKind, name: str, *, base_url: str = "") -> ProviderRef:
    """The provider that ``name`` names.

    Raises:
        ConfigurationError: nobody offers it; the text lists what is installed, and how to get more.
    """
    vendor, _, model = name.partition(":")
    others = {point.name: point for point in entry_points(group=GROUP)}
    found: ProviderRef | None = None
    if vendor in _VENDORS:
        found = _VENDORS[vendor](kind, model, base_url)
    elif vendor in others:
        found = _by_entry_point(others[vendor], kind, model, base_url)
    if found is None:
        known = ", ".join(sorted(filter(None, (*(_shown(each, kind) for each in _VENDORS), *others))))
        raise ConfigurationError(
            f"{kind}={name!r:.80}: no installed package offers that. There are: {known}. Others come with packages that have entry points "
            f"of the group {GROUP!r}; a plugin of LiveKit's (livekit-plugins-{vendor or 'NAME'}) is given as its object, not by name"
        )
    return found


def _openai(kind: ProviderKind, model: str, base_url: str) -> ProviderRef | None:
    if kind not in _OPENAI:
        return None
    options = {name: value for name, value in (("model", model), ("base_url", base_url)) if value}
    return ProviderRef(factory=_OPENAI[kind], options=options)


def _offline(kind: ProviderKind, model: str, base_url: str) -> ProviderRef | None:
    return None if model or base_url else _OFFLINE.get(kind)


def _silero(kind: ProviderKind, model: str, base_url: str) -> ProviderRef | None:
    return None if model or base_url or kind is not ProviderKind.VAD else _OFFLINE[kind]


_VENDORS: Final[Mapping[str, Vendor]] = {"openai": _openai, "offline": _offline, "silero": _silero}


def _shown(vendor: str, kind: ProviderKind) -> str:
    """How the vendor's name is written for this kind; empty if he has none."""
    if vendor == "openai":
        return "openai:MODEL" if kind in _OPENAI else ""
    return vendor if _VENDORS[vendor](kind, "", "") is not None else ""


def _by_entry_point(point: EntryPoint, kind: ProviderKind, model: str, base_url: str) -> ProviderRef | None:
    try:
        offered: Any = point.load()
    except Exception as failure:
        raise ConfigurationError(f"the provider {point.name} ({point.value}) cannot be loaded: {failure}") from failure
    if isinstance(offered, Mapping):
        offered = offered.get(kind)
    found = offered(kind, model, base_url) if callable(offered) else offered
    if found is not None and not isinstance(found, ProviderRef):
        raise ConfigurationError(f"the provider {point.name} ({point.value}) gives a {type(found).__name__}: let it give a ProviderRef")
    return found
