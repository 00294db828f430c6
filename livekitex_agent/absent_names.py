"""Names of LiveKit Agents that there are not: importing one says what to use instead."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

__all__ = ["absent_names", "refuse"]


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
