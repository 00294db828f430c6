"""Planted violations: each rule must see them, and must not see what is allowed."""

import pytest

from architecture import rules

CLEAN = {
    "protocols/__init__.py": "from protocols.codec import encode\nfrom protocols.clock import clock\n__all__ = ['clock', 'encode']\n",
    "protocols/clock.py": "",
    "protocols/codec.py": "import msgpack\n",
    "supervision/__init__.py": "from supervision.core.plan import Plan\n",
    "supervision/core/__init__.py": "",
    "supervision/core/plan.py": "from protocols import encode\nfrom supervision.core import plan\n",
    "supervision/thespian_seam/__init__.py": "from thespian.actors import Actor\n",
    "actors/__init__.py": "from actors.agent_session.shell import AgentSession\n",
    "actors/media/__init__.py": "",
    "actors/media/wav.py": "from protocols import encode\nfrom actors.media import wav\n",
    "actors/providers/offline/__init__.py": "from actors.providers import offline\n",
    "actors/agent_session/__init__.py": "",
    "actors/agent_session/shell.py": "import actors.media.wav\nfrom actors import media\nfrom . import core\n",
    "actors/job_context/__init__.py": "from supervision import Plan\nfrom protocols import clock\nfrom actors.tools import tool\n",
    "livekitex_agent/__init__.py": "from actors import AgentSession\nimport supervision\n",
    "examples/hello.py": "from livekitex_agent import Agent\n",
    "tests/protocols/test_codec.py": "from protocols.codec import encode\nimport thespian\n",
}

UP = "an import that points up"
PAST = "past the __init__ of another package"
ACTOR = "an actor's folder that imports another's"
SEAM = "Thespian outside the seam"


def broken(path: str, source: str) -> list[str]:
    return [found.rule for found in rules.check_imports(CLEAN | {path: source}) if found.path == path]


def test_a_clean_tree_has_no_violation() -> None:
    assert rules.check_imports(CLEAN) == []


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("protocols/x.py", "import supervision", [UP]),
        ("protocols/x.py", "from livekitex_agent import Agent", [UP]),
        ("supervision/x.py", "from actors import AgentSession", [UP]),
        ("actors/x.py", "def f():\n    from livekitex_agent import Agent", [UP]),
        ("actors/x.py", "class A:\n    import livekitex_agent", [UP]),
        ("protocols/x.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from supervision import Plan", [UP]),
        ("protocols/x.py", "try:\n    import actors\nexcept ImportError:\n    actors = None", [UP]),
        ("protocols/x.py", "import importlib\nimportlib.import_module('supervision')", [UP]),
        ("protocols/x.py", "from importlib import import_module\nimport_module(name='supervision')", [UP]),
        ("protocols/x.py", "__import__('actors')", [UP]),
        ("protocols/x.py", "from supervision.core import plan", [UP, PAST]),
        ("actors/agent_session/x.py", "from supervision.core.plan import Plan", [PAST]),
        ("actors/agent_session/x.py", "from protocols import codec", [PAST]),
        ("actors/agent_session/x.py", "import protocols.codec as c", [PAST]),
        ("actors/agent_session/x.py", "import importlib\nimportlib.import_module('protocols.codec')", [PAST]),
        ("examples/hello.py", "from actors.agent_session import shell", [PAST]),
        ("examples/hello.py", "from livekitex_agent.providers import openai", []),
        ("examples/hello.py", "from livekitex_agent import cli", []),
        ("examples/hello.py", "from livekitex_agent.cli.app import make_app", [PAST]),
        ("examples/hello.py", "from livekitex_agent.client.call import Call", [PAST]),
        ("actors/agent_session/x.py", "from actors.job_context import JobContext", [ACTOR]),
        ("actors/agent_session/x.py", "from actors import job_context", [ACTOR]),
        ("actors/agent_session/x.py", "from actors import JobContext", [ACTOR]),
        ("actors/agent_session/x.py", "import actors", [ACTOR]),
        ("actors/agent_session/x.py", "from ..job_context import JobContext", [ACTOR]),
        ("actors/agent_session/x.py", "from importlib import import_module\nimport_module('..job_context', __package__)", [ACTOR]),
        ("actors/media/x.py", "from actors.agent_session import shell", [ACTOR]),
        ("actors/media/x.py", "from actors.providers import offline", ["a shared folder of actors that imports another"]),
        ("actors/tools/x.py", "from actors.media import resample", ["a shared folder of actors that imports another"]),
        ("actors/agent_session/x.py", "import thespian.actors", [SEAM]),
        ("supervision/core/x.py", "def f():\n    from thespian import actors", [SEAM]),
        ("examples/x.py", "import thespian", [SEAM]),
        ("livekitex_agent/x.py", "from protocols.events.agent import *", []),
        ("livekitex_agent/x.py", "from protocols.events.agent import StateChanged", [PAST]),
        ("livekitex_agent/x.py", "from protocols.codec import *", [PAST]),
    ],
)
def test_planted_imports_are_found(path: str, source: str, expected: list[str]) -> None:
    assert broken(path, source) == expected


def test_a_violation_names_its_place() -> None:
    (found,) = rules.check_imports({"protocols/x.py": "\n\nfrom actors import Y"})
    assert str(found) == "protocols/x.py:3: an import that points up: from actors import Y"


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from time import monotonic",
        "import time as t\nt.time()",
        "def f():\n    import random",
        "from secrets import token_hex",
        "import uuid\nuuid.uuid4()",
        "from uuid import UUID, uuid1",
        "import os\nos.environ['A']",
        "import os\nos.getenv('A')",
        "from os import environ",
        "import os as system\nsystem.environ.get('A')",
        "import os\nos.urandom(8)",
        "import numpy as np\nnp.random.default_rng()",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\ndatetime.now()",
        "from datetime import date\ndate.today()",
        "import importlib\nimportlib.import_module('time')",
    ],
)
def test_time_randomness_and_environment_elsewhere_are_found(source: str) -> None:
    assert len(rules.check_sources({"actors/x.py": source})) in {1, 2}  # the import, its use


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("protocols/clock.py", "import time\ntime.monotonic()"),
        ("protocols/entropy.py", "import random, secrets, uuid, os\nos.urandom(8)"),
        ("protocols/environment.py", "import os\nos.environ"),
        ("actors/x.py", "import asyncio\nasyncio.get_running_loop().time()"),
        ("actors/x.py", "def f(self, time): return time.time() + self.random.random() + self.clock.time()"),
        ("actors/x.py", "from uuid import UUID\nUUID(int=1)"),
        ("actors/x.py", "import os\nos.getpid()\nfrom datetime import timedelta"),
        ("tests/x.py", "import time, random, os\nos.environ"),
    ],
)
def test_time_randomness_and_environment_at_their_place(path: str, source: str) -> None:
    assert rules.check_sources({path: source}) == []


@pytest.mark.parametrize("call", ["time.sleep(1)", "sleep(0.1)", "await asyncio.sleep(0.01)", "await asyncio.sleep(delay)"])
def test_sleeping_tests_are_found(call: str) -> None:
    assert rules.check_sleeps({"tests/test_x.py": f"async def test_x():\n    {call}"})


@pytest.mark.parametrize("call", ["await asyncio.sleep(0)", "await asyncio.sleep(0, 'result')", "clock.sleep(5)", "'time.sleep(1)'"])
def test_what_does_not_sleep_is_allowed(call: str) -> None:
    assert rules.check_sleeps({"tests/test_x.py": f"async def test_x():\n    {call}"}) == []


OWNED = [
    "async def f():\n    await asyncio.create_task(work())",
    "def f():\n    return loop.create_task(work())",
    "def f(self):\n    self.task = asyncio.ensure_future(work())",
    "def f(self):\n    task = asyncio.ensure_future(work())\n    self.tasks.add(task)\n    task.add_done_callback(self.tasks.discard)",
    "async def f():\n    tasks = [asyncio.create_task(work()) for work in works]\n    await asyncio.wait(tasks)",
    "async def f():\n    task = asyncio.create_task(work())\n    await stop.wait()\n    task.cancel()",
    "def f():\n    future = asyncio.run_coroutine_threadsafe(work(), loop)\n    return future.result()",
    "def f():\n    asyncio.run_coroutine_threadsafe(work(), loop).result()",
    "async def f():\n    async with asyncio.timeout(1), asyncio.TaskGroup() as tasks:\n        tasks.create_task(work())",
]
UNOWNED = [
    "async def f():\n    asyncio.create_task(work())",
    "def f():\n    loop.create_task(work()).add_done_callback(done)",
    "def f():\n    task = asyncio.ensure_future(work())\n    task.add_done_callback(done)",
    "async def f():\n    _ = asyncio.create_task(work())\n    await stop.wait()",
    "def f():\n    asyncio.run_coroutine_threadsafe(work(), loop)",
    "def f():\n    asyncio.Task(work(), loop=loop)",
    "async def f():\n    async with asyncio.timeout(1) as tasks:\n        tasks.create_task(work())",
]


@pytest.mark.parametrize("source", OWNED)
def test_a_task_with_an_owner_is_allowed(source: str) -> None:
    assert rules.check_tasks({"a.py": source}) == []


@pytest.mark.parametrize("source", UNOWNED)
def test_a_task_without_an_owner_is_found(source: str) -> None:
    assert [found.rule for found in rules.check_tasks({"a.py": source})] == ["a task without an owner"]


def test_a_module_without_its_test_file_is_found() -> None:
    files = {"protocols/a/b.py": "", "protocols/_c.py": "", "protocols/__init__.py": "", "tests/protocols/test_c.py": "", "actors/d.py": ""}
    assert [(found.path, found.text) for found in rules.check_mirror(files)] == [("protocols/a/b.py", "tests/protocols/a/test_b.py")]


def test_large_files_are_found() -> None:
    small = {f"actors/{n}.py": "\n" for n in range(10)}
    assert rules.check_sizes(small | {"actors/x.py": "\n" * 401}) == []
    assert [found.path for found in rules.check_sizes(small | {"actors/x.py": "\n" * 501})] == ["actors/x.py"]
    assert len(rules.check_sizes({"actors/x.py": "\n" * 401, "actors/y.py": "\n" * 400})) == 1
    assert rules.check_sizes({"tests/x.py": "\n" * 1000}) == []


def test_packages() -> None:
    paths = ["actors/__init__.py", "actors/a/b.py", "tests/protocols/__init__.py", "tests/protocols/test_x.py"]
    assert [found.path for found in rules.check_packages(paths)] == ["actors/a", "tests/protocols/__init__.py"]


def test_exports_are_read_from_the_literal() -> None:
    assert rules.exported("__all__ = ['b', 'a']") == ["b", "a"]
    assert rules.exported("__all__: list[str] = ['a']") == ["a"]
    assert rules.exported("__all__ = ['b']\n__all__ += ['a']") == ["b", "a"]
    assert rules.exported("x = 1") is None


def test_exports_are_read_through_the_modules_that_a_package_takes_them_from() -> None:
    files = {"protocols/a.py": "__all__ = ['A']\nclass A: ...", "protocols/b.py": "B = 1"}
    package = "from protocols.a import *\nfrom protocols.b import *\nfrom protocols.b import B as C\nfrom protocols.b import D"
    assert rules.exported(package, files) == ["A", "C"]
    assert rules.exported(package) == ["C"]
    events = "@session_event\nclass A: ...\n@session_event(kept=False)\nclass B: ...\nclass C: ..."
    assert rules.exported("from protocols.a import *", {"protocols/a.py": events}) == ["A", "B"]


def test_exports_are_defined_where_they_are_listed() -> None:
    sound = "__all__ = ['A', 'b', 'C', 'D', 'e']\nclass A: ...\ndef b(): ...\nC = 1\nD: int = 1\nasync def e(): ..."
    assert rules.check_exports({"protocols/a.py": sound, "actors/a.py": "__all__ = ['Z']"}) == []
    wrong = rules.check_exports({"protocols/a.py": "from x import B\n__all__ = ['A', 'A', 'B']\nclass A: ..."})
    assert [violation.text for violation in wrong] == ["A", "A", "B"]


EXISTING = {"actors/journal/records.py", "actors/journal", "docs/journal.md", "tests/test_x.py", "pyproject.toml", "README.md"}


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("`actors/journal/records.py`, `actors/journal/`, [format](journal.md#rules), `pyproject.toml`", []),
        ("`python tests/test_x.py`, `tests/test_x.py::test_y`, [start](../README.md), [top](#top), [far](https://x.org/a.md)", []),
        ("`job/<id>`, `/health/ready`, `a/b`, `--wav FILE.wav`, actors/journal/record.py", []),
        ("`actors/journal/record.py`", ["actors/journal/record.py"]),
        ("of a call: `actors/journal`, `records.py`, and `actors/journals`", ["records.py", "actors/journals"]),
        ("- `tests/test_z.py::test_y` and `python tests/z.py --all`", ["tests/test_z.py", "tests/z.py"]),
        ("see [format](docs/journal.md) and [start](README.md)", ["docs/docs/journal.md", "docs/README.md"]),
    ],
)
def test_pages_name_what_exists(text: str, missing: list[str]) -> None:
    found = rules.check_paths({"docs/page.md": f"# Page\n\n{text}\n"}, lambda path: path.rstrip("/") in EXISTING)
    assert [(violation.line, violation.text) for violation in found] == [(3, path) for path in missing]


SOURCE = "def f(): ...\nclass A:\n    async def m(self): ...\n"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("`actors/a.py::f`, `actors/a.py::A`, `actors/a.py::A.m`, `actors/a.py`, `tests/a.py::g`", []),
        ("`actors/a.py::g`, `actors/a.py::m` and `protocols/b/a.py::A.f`", ["actors/a.py::g", "actors/a.py::m", "protocols/b/a.py::A.f"]),
    ],
)
def test_pages_name_functions_that_are_defined(text: str, missing: list[str]) -> None:
    found = rules.check_functions({"docs/page.md": text}, lambda _path: SOURCE)
    assert [violation.text for violation in found] == missing
