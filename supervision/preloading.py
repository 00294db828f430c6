"""What a supervisor does before it forks its first child, so that every child is born with it and shares its memory."""

import gc
import importlib
from collections.abc import Sequence
from functools import reduce

from supervision.huge_pages import use_huge_pages


def preload(functions: Sequence[str]) -> None:
    """Call each of ``functions`` (``module:name``, without arguments), then freeze what they left for the garbage collector.

    Frozen objects are never looked at again, so a collection in a child does not write to the pages that it shares; and these pages are
    huge where the kernel can make them so. Blocks as long as the functions do; what one raises is raised.
    """
    for path in functions:
        module, _, name = path.partition(":")
        function = reduce(getattr, name.split("."), importlib.import_module(module))
        function()  # type: ignore[operator]  # whatever it is, it is to be called
    if functions:
        gc.collect()
        gc.freeze()
        use_huge_pages()
