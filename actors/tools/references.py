"""How code travels: by where it is defined. A reference is ``package.module:qualified.name``, or ``/path/script.py:qualified.name``.

Code of the script that is run travels by the script's path, never as ``__main__``. What has no place of its own (a lambda, something
defined inside a function, something typed at a prompt) cannot be found by another process and is refused, with the cure.

The one state of this module is the scripts that this process has loaded: they stand in ``sys.modules``, each once.
"""

import importlib
import importlib.machinery
import importlib.util
import inspect
import operator
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from protocols import InvalidAgentError, InvalidToolError

_SCRIPT_MODULE = "__livekitex_script__"
_NO_FILE = "was typed at a prompt (or given by -c or standard input), where no other process finds it: put it in a file"
_IN_ARCHIVE = "is in the __main__.py of an archive, which no other process can import: put it in a module of the archive, beside that file"
_loading: ContextVar[str] = ContextVar("livekitex_loading_script", default="")


def loading_script() -> str:
    """The path of the script that this thread is loading for a session just now, or empty text.

    Whoever must not happen while a script is merely loaded (starting a system) asks here.
    """
    return _loading.get()


def load_reference(source: str) -> Any:  # noqa: ANN401 - whatever the reference names
    """The object that ``source`` names. A script is run once for each process, and not as ``__main__``.

    Raises:
        InvalidAgentError: there is no such module, file or name. What the module's own code raises comes through as it is.
    """
    place, _, qualname = source.rpartition(":")
    if not place or not qualname:
        raise InvalidAgentError(f"{source!r} is no reference: write 'package.module:name' or '/path/script.py:name'")
    try:
        module = _script(place) if place.startswith("/") else importlib.import_module(place)
    except ModuleNotFoundError as failure:
        raise InvalidAgentError(f"{source}: {failure}: install it where the system runs, or put its folder on sys.path") from failure
    except OSError as failure:
        raise InvalidAgentError(f"{source}: {failure.strerror}: the script must stay where it was started from") from failure
    try:
        return operator.attrgetter(qualname)(module)
    except AttributeError as failure:
        raise InvalidAgentError(f"{source}: {failure}: define {qualname} at the top level of its module") from failure


def reference_to(thing: Any) -> str:  # noqa: ANN401 - a function, a class or a tool
    """The reference by which another process finds ``thing`` (a function, a class, or a tool made of one).

    Raises:
        InvalidToolError: it has no place of its own; the text names the cure.
    """
    thing = getattr(thing, "function", thing)
    module_name, qualname = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not isinstance(module_name, str) or not isinstance(qualname, str):
        raise InvalidToolError(f"{thing!r:.80} has no name of its own: define a function at the top level of a module with 'def'")
    if "<lambda>" in qualname:
        raise InvalidToolError(
            "a lambda cannot travel to the session's process: write it as a function with 'def' at the top level of its module"
        )
    if "<locals>" in qualname:
        raise InvalidToolError(
            f"{qualname} is defined inside a function and cannot travel to the session's process: move it to the top level"
        )
    if inspect.ismethod(thing) and not isinstance(thing.__self__, type):
        raise InvalidToolError(
            f"{qualname} is a method of an object, which stays in this process: make it a function at the top level, or a class method"
        )
    module = _main_of(thing) if module_name == "__main__" else sys.modules.get(module_name)
    if module is None:
        raise InvalidToolError(f"{qualname} comes from the module {module_name}, which is not imported: define it in a file")
    place = _place(module, qualname)
    _require_writable_path(place, qualname)
    if not _found_in(module, qualname, thing):
        if module_name == "__main__" and module.__spec__ is not None:
            runner = module.__spec__.name
            raise InvalidToolError(
                f"{qualname} is in a script that {runner} runs, and cannot be found there: put it in a module that the script imports"
            )
        raise InvalidToolError(f"{place}:{qualname} is another object than the one given: give each its own name at the top level")
    return f"{place}:{qualname}"


def _main_of(thing: object) -> ModuleType:
    """The script that ``thing`` is from: cProfile, trace and their kin run a script in a namespace of its own and stay ``__main__``."""
    module = sys.modules["__main__"]
    for part in [thing, *vars(thing).values()] if isinstance(thing, type) else [thing]:
        function: Any = getattr(part, "__func__", part)
        space = getattr(inspect.unwrap(function) if callable(function) else function, "__globals__", vars(module))
        if space.get("__name__") == "__main__" and space is not vars(module):
            module = ModuleType("__main__")
            vars(module).update(space)
            break
    return module


def _place(module: ModuleType, qualname: str) -> str:
    name = module.__name__
    file = getattr(module, "__file__", None)
    if name == "__main__":
        spec = getattr(module, "__spec__", None)
        if spec is not None and spec.name != "__main__":  # python -m package.module
            return str(spec.name)
        # The interpreter forgets the file of a script that has come to its end while threads of it go on; its loader does not.
        file = file or getattr(getattr(module, "__loader__", None), "path", None)
        if file is None or not Path(file).is_file():
            raise InvalidToolError(f"{qualname} {_NO_FILE if spec is None else _IN_ARCHIVE}")
        return str(Path(file).resolve())
    if name.startswith(_SCRIPT_MODULE) or not _importable(name, file):
        if file is None:
            raise InvalidToolError(f"{qualname} is in the module {name}, which no other process can import: put it in a file")
        return str(Path(file).resolve())
    return name


def _require_writable_path(place: str, qualname: str) -> None:
    """A path that this process could not decode cannot be told to another: under ``LC_ALL=C`` without UTF-8 mode, for one."""
    try:
        place.encode()
    except UnicodeEncodeError:
        encoding = sys.getfilesystemencoding()
        raise InvalidToolError(
            f"the path of {qualname}, {place!a:.200}, has letters that this locale ({encoding}) has not: set PYTHONUTF8=1"
        ) from None


def _importable(name: str, file: str | None) -> bool:
    """Whether a fresh interpreter with this ``sys.path`` would find the same module under this name."""
    path: Any = None
    spec: importlib.machinery.ModuleSpec | None = None
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        spec = _spec(".".join(parts[:end]), path)
        if spec is None:
            return False
        path = spec.submodule_search_locations
    return file is None or spec is None or spec.origin is None or Path(spec.origin) == Path(file)


def _spec(name: str, path: Any) -> importlib.machinery.ModuleSpec | None:  # noqa: ANN401 - a package's search path
    for finder in sys.meta_path:
        spec = finder.find_spec(name, path, None)
        if spec is not None:
            return spec
    return None


def _found_in(module: ModuleType, qualname: str, thing: object) -> bool:
    try:
        found = operator.attrgetter(qualname)(module)
    except AttributeError:
        return False
    return bool(getattr(found, "function", found) == thing)


class _ScriptLoader(importlib.machinery.SourceFileLoader):
    """Compiles a script anew in each process, as the interpreter does with the one that it runs.

    A cached one would be found by its time in seconds and its size alone: who changes a digit and starts again would run the old one.
    """

    def get_code(self, fullname: str) -> CodeType | None:
        del fullname
        return self.source_to_code(self.get_data(self.path), self.path)


def _script(path: str) -> ModuleType:
    name = f"{_SCRIPT_MODULE}{zlib.crc32(path.encode()):08x}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_loader(name, _ScriptLoader(name, path), origin=path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]  # spec_from_loader gives None only for a missing loader
    module.__file__ = path
    sys.modules[name] = module  # before it runs: dataclasses and pickle look their module up
    try:
        with _mark_loading(path):
            spec.loader.exec_module(module)  # type: ignore[union-attr]
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _mark_loading(path: str) -> Iterator[None]:
    token = _loading.set(path)
    try:
        yield
    finally:
        _loading.reset(token)
