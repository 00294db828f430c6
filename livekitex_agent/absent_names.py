"""Names of LiveKit Agents that are not where they are there: not at all, which importing one says with a cure, or in another module."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

__all__ = ["TOP_LEVEL", "absent_names", "names_of", "refuse"]

_AMD: Final = "ask the model whether a machine answers, in a tool; detecting it from the audio comes in a later version"
_CLOUD: Final = "test agents with livekitex_agent.testing: LiveKit's simulations run in its cloud"
_STEERING: Final = "give the option to the provider itself: what steers those of LiveKit's gateway is not known to others"
TOP_LEVEL: Final[Mapping[str, str]] = {
    **dict.fromkeys(("AMD", "AMDCategory", "AMDPredictionEvent"), _AMD),
    **dict.fromkeys(("Scenario", "ScenarioGroup", "ScenarioUserdata", "SimulationContext", "SimulationDispatch"), _CLOUD),
    **dict.fromkeys(("SimulationRun", "SimulationVerdict"), _CLOUD),
    **dict.fromkeys(("ExpressiveOptions", "KeytermDetectionOptions", "KeytermsOptions", "NonverbalOptions"), _STEERING),
    **dict.fromkeys(("STTContextOptions", "SpeechSteeringOptions"), _STEERING),
    "AudioRecognition": "the session recognises itself: listen to its event user_input_transcribed",
    "Plugin": "offer a provider by an entry point of the group livekitex.providers: docs/providers.md",
    "RecordingOptions": "record in the room's server; recording here comes in a later version",
    "RoomIO": "rooms come in the next version; session.input and session.output are there",
    "avatar": "avatars come in a later version",
    "ipc": "a call's process is the system's: livekitex_agent.AgentSystem",
    "mcp": "write the server's tools as @function_tool, which may call it; MCP comes in a later version",
}
"""Names of the package itself."""


def absent_names(module: str, cures: Mapping[str, str]) -> Callable[[str], Any]:
    """A ``__getattr__`` for ``module`` that refuses the names of ``cures`` with what stands there.

    Submodules are found all the same. Names that nobody knows are no attributes, as ever.
    """

    def getattr_(name: str) -> Any:  # noqa: ANN401 - a module
        if name in cures:
            refuse(module, name, cures[name])
        if not name.startswith("_"):
            try:
                return importlib.import_module(f"{module}.{name}")
            except ModuleNotFoundError:
                pass
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return getattr_


def names_of(module: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """A ``__getattr__`` for ``module`` that gives the names of ``places`` from the modules that stand there, which import ``module``."""

    def getattr_(name: str) -> Any:  # noqa: ANN401 - whatever it names
        if name in places:
            return getattr(importlib.import_module(places[name]), name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return getattr_


def refuse(module: str, name: str, cure: str) -> NoReturn:
    """Refuse to give ``name``.

    Raises:
        ImportError: always; with the cure.
    """
    raise ImportError(f"there is no {name} in {module}: {cure}", name=module)
