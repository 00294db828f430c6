"""From the name of an actor's class to the class."""

import importlib
from functools import reduce
from typing import cast

from protocols import UsageError
from supervision.actor.actor import Actor


def load_actor(path: str) -> type[Actor]:
    """The actor class that ``module:Class`` names.

    Raises:
        ImportError, AttributeError: there is no such module or name. (Importing runs the module's code, which may raise anything.)
        UsageError: the name is no actor class.
    """
    module, _, name = path.partition(":")
    found: object = reduce(getattr, name.split("."), cast("object", importlib.import_module(module)))
    if not (isinstance(found, type) and issubclass(found, Actor)):
        raise UsageError(f"{path!r} names no subclass of supervision.Actor: write module:Class")
    return found
