"""The rules of the house about imports and structure, as pure functions from a tree of files to violations.

A tree is a mapping of paths (POSIX, relative to the repository's root) to their source texts.
"""

import ast
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

LAYERS = ("protocols", "supervision", "actors", "livekitex_agent")  # bottom up
USERS = ("examples", "benchmarks")  # above all layers
SHARED_ACTORS = frozenset({"journal", "media", "providers", "redaction", "tools", "turn_taking"})  # libraries, no actors
SHARED_IMPORTS = frozenset({("providers", "media")})  # who may import whom among them
SEAM = "supervision/thespian_seam/"
PROGRAMS = "from livekitex_agent import cli"  # as every program of LiveKit's has it
PUBLIC = ("livekitex_agent.providers", "livekitex_agent.testing")  # of the face, beside its own package: extras, and what tests use
EVENTS = "protocols.events."  # whose definitions are the only list of events
LARGE, TOO_LARGE = 400, 500
LARGE_SHARE = 0.1  # of the files; the 90th percentile is at most LARGE lines

# Who alone may touch what: the module or attribute, and the file that may.
SOURCES = {
    "time": "protocols/clock.py",
    "random": "protocols/entropy.py",
    "secrets": "protocols/entropy.py",
    "uuid.uuid1": "protocols/entropy.py",
    "uuid.uuid4": "protocols/entropy.py",
    "numpy.random": "protocols/entropy.py",
    "os.urandom": "protocols/entropy.py",
    "os.getrandom": "protocols/entropy.py",
    "os.environ": "protocols/environment.py",
    "os.environb": "protocols/environment.py",
    "os.getenv": "protocols/environment.py",
    "os.getenvb": "protocols/environment.py",
    "os.putenv": "protocols/environment.py",
    "os.unsetenv": "protocols/environment.py",
    "datetime.datetime.now": "protocols/clock.py",
    "datetime.datetime.utcnow": "protocols/clock.py",
    "datetime.datetime.today": "protocols/clock.py",
    "datetime.date.today": "protocols/clock.py",
}


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """One breach of one rule."""

    path: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


@dataclass(frozen=True, slots=True)
class Import:
    """One imported thing: ``from module import name`` or ``import module`` (no name)."""

    line: int
    module: str
    name: str | None = None

    def __str__(self) -> str:
        return f"from {self.module} import {self.name}" if self.name else f"import {self.module}"


def imports(path: str, tree: ast.AST) -> Iterator[Import]:
    """Every import of a file wherever it stands, and those by ``importlib.import_module`` or ``__import__`` with a literal."""
    package = PurePosixPath(path).parent.parts
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (Import(node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                above = package[: len(package) - level + 1] if level else ()
                origin = ".".join((*above, *([module] if module else [])))
                yield from (Import(node.lineno, origin, alias.name) for alias in names)
            case ast.Call(func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module" | "__import__")):
                arguments = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "name")]
                if arguments and isinstance(arguments[0], ast.Constant) and isinstance(arguments[0].value, str):
                    name = arguments[0].value
                    level = len(name) - len(name.lstrip("."))
                    above = package[: len(package) - level + 1] if level else ()
                    yield Import(node.lineno, ".".join((*above, *filter(None, [name.lstrip(".")]))))


def check_imports(files: Mapping[str, str]) -> list[Violation]:
    """The import rule: layers point down, packages through their ``__init__``, actors not at each other, Thespian in the seam."""
    found = []
    for path, source in files.items():
        top = path.split("/")[0]
        if top not in LAYERS + USERS:
            continue
        for item in imports(path, ast.parse(source)):
            found += [Violation(path, item.line, rule, str(item)) for rule in _broken(path, top, item, files)]
    return sorted(found)


def _broken(path: str, top: str, item: Import, files: Mapping[str, str]) -> Iterator[str]:
    target = item.module.split(".")
    if target[0] == "thespian" and not path.startswith(SEAM):
        yield "Thespian outside the seam"
    if target[0] not in LAYERS:
        return
    if target[0] == top:
        if top == "actors":
            yield from _between_actors(path, item)
        return
    if top in LAYERS and LAYERS.index(target[0]) > LAYERS.index(top):
        yield "an import that points up"
    if top == "benchmarks":
        return  # they measure the parts that no API shows
    if top in USERS and (item.module.startswith(PUBLIC) or str(item) == PROGRAMS):
        return
    if item.module.startswith(EVENTS) and item.name == "*":
        return  # to take over all events there are is to list none of them
    if len(target) > 1 or (item.name and _is_hidden_module(target[0], item.name, files)):
        yield "past the __init__ of another package"


def _between_actors(path: str, item: Import) -> Iterator[str]:
    importer = path.split("/")[1]
    if importer == "__init__.py":
        return
    target = item.module.split(".")
    if len(target) > 1:
        imported = target[1]
    elif item.name:
        imported = item.name  # from actors import media
    else:
        imported = ""
    if imported not in SHARED_ACTORS | {importer, PurePosixPath(importer).stem}:
        yield "an actor's folder that imports another's"
    elif importer in SHARED_ACTORS and imported != importer and (importer, imported) not in SHARED_IMPORTS:
        # Shared folders are the bottom of actors/, side by side; only what works on audio and text lies below another.
        yield "a shared folder of actors that imports another"


def _is_hidden_module(package: str, name: str, files: Mapping[str, str]) -> bool:
    """Whether ``from package import name`` takes a module behind the package, not an exported name that hides it."""
    is_module = f"{package}/{name}.py" in files or f"{package}/{name}/__init__.py" in files
    return is_module and name not in (exported(files.get(f"{package}/__init__.py", ""), files) or ())


def check_sources(files: Mapping[str, str]) -> list[Violation]:
    """Time, randomness and environment come from one file each; what an event loop's clock says is no concern."""
    found = set()
    for path, source in files.items():
        if path.split("/")[0] not in LAYERS:
            continue
        for line, used in _uses(path, ast.parse(source)):
            owned = next((name for name in _prefixes(used) if name in SOURCES), None)
            if owned and path != SOURCES[owned]:
                found.add(Violation(path, line, f"only {SOURCES[owned]} may", owned))
    return sorted(found)


def _uses(path: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every import, and every dotted use of an imported name, written out in full whatever it is called here."""
    stands_for = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                stands_for |= {
                    alias.asname or alias.name.split(".")[0]: alias.name if alias.asname else alias.name.split(".")[0] for alias in names
                }
            case ast.ImportFrom(module=str(module), names=names, level=0):
                stands_for |= {alias.asname or alias.name: f"{module}.{alias.name}" for alias in names}
    for item in imports(path, tree):
        yield item.line, f"{item.module}.{item.name}" if item.name else item.module
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (dotted := _dotted(node)):
            head, _, rest = dotted.partition(".")
            if head in stands_for:
                yield node.lineno, f"{stands_for[head]}.{rest}"


def _dotted(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{head}.{attr}" if (head := _dotted(value)) else None
        case _:
            return None


def _prefixes(dotted: str) -> Iterator[str]:
    parts = dotted.split(".")
    yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def check_sleeps(files: Mapping[str, str]) -> list[Violation]:
    """Tests wait for events, never for time: no ``sleep`` of ``time`` or ``asyncio`` but ``asyncio.sleep(0)``, which only yields.

    The compared programs are none: they are what users write, and a caller speaks in real time.
    """
    found = []
    for path, source in files.items():
        if not path.startswith("tests/") or path.startswith("tests/compat/") or "sleep" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and (called := _dotted(node.func)) in {"sleep", "time.sleep", "asyncio.sleep", "anyio.sleep"}:
                only_yields = called == "asyncio.sleep" and [ast.unparse(argument) for argument in node.args[:1]] == ["0"]
                if not only_yields:
                    found.append(Violation(path, node.lineno, "tests do not sleep", ast.unparse(node)))
    return sorted(found)


STARTS_TASK = frozenset({"create_task", "ensure_future", "run_coroutine_threadsafe", "Task"})


def check_tasks(files: Mapping[str, str]) -> list[Violation]:
    """Each task that is started has an owner: asyncio refers to tasks weakly, and one that nothing else refers to may vanish at any moment.

    Owned is what is awaited, returned, handed to something or kept in it, and what a task group started. A variable owns one only if it is
    used for that, or, in a coroutine, which waits while it holds it, if it is used at all.
    """
    found = []
    for path, source in files.items():
        if not any(word in source for word in STARTS_TASK):
            continue
        for function in [
            node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        ]:
            found += [Violation(path, line, "a task without an owner", text) for line, text in _unowned(function)]
    return sorted(set(found))


def _unowned(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[tuple[int, str]]:
    calls = [
        node for node in ast.walk(function) if isinstance(node, ast.Call) and (_dotted(node.func) or "").rpartition(".")[2] in STARTS_TASK
    ]
    withs = [node for node in ast.walk(function) if isinstance(node, ast.AsyncWith)] if calls else []
    groups = {name for node in withs for item in node.items for name in _group_of(item)}
    parents = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)} if calls else {}
    for call in calls:
        holder = parents[call]
        if (_dotted(call.func) or "").rpartition(".")[0] in groups or (isinstance(holder, ast.Attribute) and holder.attr == "result"):
            continue
        name = holder.targets[0] if isinstance(holder, ast.Assign) else holder
        unused = isinstance(name, ast.Name) and not any(
            _owns(use, parents, lasting=isinstance(function, ast.AsyncFunctionDef))
            for use in ast.walk(function)
            if isinstance(use, ast.Name) and use.id == name.id and isinstance(use.ctx, ast.Load)
        )
        if unused or isinstance(holder, ast.Expr | ast.Attribute):
            yield call.lineno, ast.unparse(call)


def _group_of(item: ast.withitem) -> Iterator[str]:
    match item:
        case ast.withitem(context_expr=ast.Call(func=made), optional_vars=ast.Name(id=name)) if (_dotted(made) or "").endswith("TaskGroup"):
            yield name


def _owns(use: ast.Name, parents: Mapping[ast.AST, ast.AST], *, lasting: bool) -> bool:
    holder = parents[use]
    waits = isinstance(holder, ast.Attribute) and holder.attr == "result"
    return lasting or waits or not isinstance(holder, ast.Expr | ast.Attribute)


def check_mirror(files: Mapping[str, str]) -> list[Violation]:
    """Each module of protocols/ and supervision/ has its own test file, at the same place below tests/."""
    return [
        Violation(path, 1, "no test file of its own", mirror)
        for path in sorted(files)
        if path.startswith(("protocols/", "supervision/")) and (mirror := mirror_of(path)) and mirror not in files
    ]


def mirror_of(path: str) -> str | None:
    """The test file of a module; None for an ``__init__``, which only lists the package's API."""
    module = PurePosixPath(path)
    if module.suffix != ".py" or module.stem == "__init__":
        return None
    return str("tests" / module.with_name(f"test_{module.stem.lstrip('_')}.py"))


def check_sizes(files: Mapping[str, str]) -> list[Violation]:
    """No source file above 500 lines, and nine of ten at most 400."""
    sizes = {path: source.count("\n") for path, source in files.items() if path.split("/")[0] in LAYERS}
    large = sorted(path for path, size in sizes.items() if size > LARGE)
    too_many = len(large) > LARGE_SHARE * len(sizes)
    wrong = [path for path in large if too_many or sizes[path] > TOO_LARGE]
    return [Violation(path, sizes[path], "too large", f"{sizes[path]} lines") for path in wrong]


def check_packages(paths: Iterable[str]) -> list[Violation]:
    """Every folder of sources is a package, no folder of tests is one (it would hide the real one of its name)."""
    known = set(paths)
    found = set()
    for path in known:
        module = PurePosixPath(path)
        if module.suffix == ".py" and module.parts[0] in LAYERS and str(module.parent / "__init__.py") not in known:
            found.add(Violation(str(module.parent), 1, "no package", "__init__.py is missing"))
        if module.parts[0] == "tests" and module.name == "__init__.py":
            found.add(Violation(path, 1, "tests are no packages", "remove it"))
    return sorted(found)


def exported(source: str, files: Mapping[str, str] | None = None) -> list[str] | None:
    """What a module offers: the literal ``__all__``, however many statements it takes.

    Without one it is the events that it defines, and what it takes over from others: ``import *`` from a module of ``files``, or a name
    ``as`` it is to be called. None if there is nothing of that.
    """
    literal: list[str] = []
    taken: list[str] = []
    for node in ast.parse(source).body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id="__all__")], value=value)
                | ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.expr() as value)
                | ast.AugAssign(target=ast.Name(id="__all__"), value=value)
            ):
                literal += ast.literal_eval(value)
            case ast.ImportFrom(module=str(module), names=[ast.alias(name="*")]):
                path = f"{module.replace('.', '/')}.py"
                taken += exported((files or {}).get(path, "")) or ()
            case ast.ClassDef(name=name, decorator_list=decorators) if any("session_event" in ast.unparse(one) for one in decorators):
                taken.append(name)
            case ast.ImportFrom(names=names):
                taken += [alias.asname for alias in names if alias.asname]
    return literal or taken or None


def check_exports(files: Mapping[str, str]) -> list[Violation]:
    """What a module of protocols lists in its ``__all__`` is defined there, once: the package offers exactly that."""
    found = []
    for path, source in files.items():
        if path.startswith("protocols/") and not path.endswith("/__init__.py"):
            listed, defined = exported(source) or [], set(_defined(source))
            found += [Violation(path, 1, "listed in __all__", name) for name in listed if name not in defined or listed.count(name) > 1]
    return sorted(found)


def _defined(source: str) -> Iterator[str]:
    for node in ast.parse(source).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


_FOLDERS = "|".join((*LAYERS, *USERS, "tests", "docs"))
_CODE = re.compile(r"`([^`\n]+)`")
_FUNCTION = re.compile(rf"`((?:{'|'.join(LAYERS)})/[\w/]*\.py)::([\w.]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(rf"(?:{_FOLDERS})/[\w./-]*|[\w./-]+\.(?:py|md|toml|cfg|ini)")


def check_paths(pages: Mapping[str, str], exists: Callable[[str], bool]) -> list[Violation]:
    """What a page names exists: the paths in its code (from the root; of a test, its file), and what its links lead to (from the page)."""
    return [
        Violation(page, number, "names what does not exist", path)
        for page, text in sorted(pages.items())
        for number, line in enumerate(text.splitlines(), 1)
        for path in _named(page, line)
        if not exists(path)
    ]


def check_functions(pages: Mapping[str, str], read: Callable[[str], str]) -> list[Violation]:
    """What a page names in a source file (``path.py::function``, ``path.py::Class.method``) is defined there."""
    return [
        Violation(page, number, "names what is not defined", f"{path}::{name}")
        for page, text in sorted(pages.items())
        for number, line in enumerate(text.splitlines(), 1)
        for path, name in _FUNCTION.findall(line)
        if name not in _qualified(read(path))
    ]


def _qualified(source: str) -> set[str]:
    """The names of a module's functions and classes, and those of its classes' methods with their class."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    tops = [node for node in ast.parse(source).body if isinstance(node, kinds)]
    methods = {f"{top.name}.{node.name}" for top in tops if isinstance(top, ast.ClassDef) for node in top.body if isinstance(node, kinds)}
    return {top.name for top in tops} | methods


def _named(page: str, line: str) -> Iterator[str]:
    for code in _CODE.findall(line):
        words = (word.partition("::")[0].strip(",;:()") for word in code.split())
        yield from (word for word in words if _PATH.fullmatch(word))
    for target in _LINK.findall(line):
        path = target.partition("#")[0]
        if path and "://" not in path and not path.startswith("mailto:"):
            yield posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
