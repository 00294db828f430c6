"""Names of LiveKit Agents that there are not: importing one says what to use instead."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

__all__ = ["TOP_LEVEL", "absent_names", "refuse"]

TOP_LEVEL: Final[Mapping[str, str]] = {
    "AMD": "ask the model whether a machine answers, in a tool; detecting it from the audio comes in a later version",
    "SimulationContext": "test agents with livekitex_agent.testing: LiveKit's simulations run in its cloud",
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


def refuse(module: str, name: str, cure: str) -> NoReturn:
    """Refuse to give ``name``.

    Raises:
        ImportError: always; with the cure.
    """
    raise ImportError(f"there is no {name} in {module}: {cure}", name=module)
