import importlib.util
import json
import os
import pickle
import subprocess
import sys
import types
import zipapp
from pathlib import Path

import pytest

from actors.tools import FunctionTool, load_reference, loading_script, reference_to
from protocols import InvalidAgentError, InvalidToolError

SCRIPT = """
from dataclasses import dataclass
from actors.tools import function_tool, loading_script, reference_to
import pickle, sys

@dataclass
class Item:
    name: str

class Catalog:
    @staticmethod
    def price(name: str) -> str:
        return name

@function_tool
def decorated(name: str) -> str:
    return name

def plain() -> bytes:
    return pickle.dumps(Item("pizza"))

LOADED_BY = loading_script()

if __name__ == "__main__":
    print(reference_to(Catalog.price), reference_to(decorated), reference_to(plain), repr(LOADED_BY), sep="\\n")
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "an order.py"
    path.write_text(SCRIPT, "utf-8")
    return path


def python(*arguments: str, stdin: str = "", cwd: Path | None = None, **variables: str) -> str:
    here = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | variables
    command = [sys.executable, *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, encoding="utf-8", check=False, env=here, cwd=cwd)
    return done.stdout + done.stderr


def test_what_a_script_defines_travels_by_its_path_and_loads_without_running_main(script: Path) -> None:
    *sources, loaded_by = python(str(script)).splitlines()
    assert sources == [f"{script}:Catalog.price", f"{script}:decorated", f"{script}:plain"]
    assert loaded_by == "''"

    price, decorated, plain = map(load_reference, sources)
    assert price("pizza") == "pizza"
    assert isinstance(decorated, FunctionTool)
    module = sys.modules[plain.__module__]
    assert str(script) == module.LOADED_BY
    assert loading_script() == ""
    assert load_reference(f"{script}:plain") is plain, "a script is loaded once"
    assert pickle.loads(plain()).name == "pizza"
    assert reference_to(plain) == f"{script}:plain"
    del sys.modules[plain.__module__]


def test_what_a_script_defines_travels_from_a_thread_that_outlives_the_script(tmp_path: Path) -> None:
    script = tmp_path / "threaded.py"
    late = "import threading\nmain = threading.main_thread()\nthreading.Thread(target=lambda: (main.join(), tell())).start()\n"
    tell = "def tell():\n    from actors.tools import reference_to\n    print(reference_to(tell))\n"
    script.write_text(tell + late, "utf-8")
    assert python(str(script)) == f"{script}:tell\n"


def test_an_importable_module_travels_by_its_name() -> None:
    assert reference_to(json.dumps) == "json:dumps"
    assert load_reference("json:JSONDecoder.decode") is json.JSONDecoder.decode


def test_a_module_that_others_cannot_import_travels_by_its_file(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("tests_own.order", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "tests_own.order", module)
    spec.loader.exec_module(module)
    assert reference_to(module.plain) == f"{script}:plain"
    assert reference_to(module.decorated) == f"{script}:decorated"


def test_python_dash_m_travels_by_the_modules_name(tmp_path: Path) -> None:
    (tmp_path / "orders.py").write_text(SCRIPT, "utf-8")
    assert (
        python(
            "-c",
            f"import runpy, sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv[0] = 'x'; "
            "runpy.run_module('orders', run_name='__main__', alter_sys=True)",
        ).splitlines()[0]
        == "orders:Catalog.price"
    )


RUNNERS = {
    "cProfile": ("-m", "cProfile"),  # a namespace of its own, as trace gives the script too, which would take minutes for its imports
    "pdb": ("-m", "pdb", "-c", "continue"),  # the namespace of __main__, as coverage and debugpy do
}


@pytest.mark.parametrize("runner", RUNNERS)
def test_what_a_script_defines_travels_under_a_profiler_and_a_debugger(script: Path, runner: str) -> None:
    told = python(*RUNNERS[runner], str(script), cwd=script.parent)
    assert told.splitlines()[:3] == [f"{script}:Catalog.price", f"{script}:decorated", f"{script}:plain"]


def test_a_class_without_methods_under_a_profiler_is_refused_with_the_cure(script: Path) -> None:
    script.write_text("class Empty: pass\nfrom actors.tools import reference_to\nreference_to(Empty)\n", "utf-8")
    cure = "Empty is in a script that cProfile runs, and cannot be found there: put it in a module that the script imports"
    assert cure in python("-m", "cProfile", str(script))


PROMPT = "from actors.tools import reference_to\ndef price() -> None: ...\nreference_to(price)\n"


@pytest.mark.parametrize(("arguments", "stdin"), [(("-c", PROMPT), ""), (("-",), PROMPT)])
def test_what_was_typed_is_refused(arguments: tuple[str, ...], stdin: str) -> None:
    assert "InvalidToolError: price was typed at a prompt (or given by -c or standard input)" in python(*arguments, stdin=stdin)


def test_the_main_of_a_folder_travels_by_its_path_and_that_of_an_archive_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    main = tmp_path / "app" / "__main__.py"
    main.write_text(SCRIPT, "utf-8")
    assert python(str(tmp_path / "app")).splitlines()[0] == f"{main}:Catalog.price"
    zipapp.create_archive(tmp_path / "app", tmp_path / "app.pyz")
    cure = "Catalog.price is in the __main__.py of an archive, which no other process can import: put it in a module of the archive"
    assert cure in python(str(tmp_path / "app.pyz"))


def test_a_path_that_the_locale_cannot_name_is_refused(script: Path) -> None:
    umlaut = script.rename(script.with_name("ä.py"))
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert "has letters that this locale (ascii) has not: set PYTHONUTF8=1" in python(str(umlaut), **plain)
    assert python(str(umlaut), LC_ALL="C").splitlines()[0] == f"{umlaut}:Catalog.price"


class Holder:
    def method(self) -> None: ...


def same_name_twice() -> None: ...


first_of_two = same_name_twice


def same_name_twice() -> None: ...  # type: ignore[no-redef]


def test_what_has_no_place_of_its_own_is_refused_with_the_cure() -> None:
    def inner() -> None: ...

    for thing, cure in (
        (lambda: None, "a lambda cannot travel to the session's process: write it as a function with 'def'"),
        (inner, "is defined inside a function and cannot travel to the session's process: move it to the top level"),
        (5, "5 has no name of its own"),
        (Holder().method, "is a method of an object, which stays in this process: make it a function at the top level, or a class method"),
        (first_of_two, "is another object than the one given: give each its own name"),
    ):
        with pytest.raises(InvalidToolError, match=cure.replace("(", r"\(")):
            reference_to(thing)


def test_a_module_that_is_gone_or_has_no_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    exec("def price(): ...", space := {"__name__": "made_up"})
    with pytest.raises(InvalidToolError, match="made_up, which is not imported"):
        reference_to(space["price"])
    module = types.ModuleType("made_up")
    module.price = space["price"]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made_up", module)
    with pytest.raises(InvalidToolError, match="in the module made_up, which no other process can import"):
        reference_to(space["price"])
    del module.price  # type: ignore[attr-defined]
    module.__file__ = __file__
    with pytest.raises(InvalidToolError, match="is another object"):
        reference_to(space["price"])


@pytest.mark.parametrize(
    ("source", "cure"),
    [
        ("price", "is no reference: write"),
        ("no_such_module:price", "No module named 'no_such_module': install it where the system runs"),
        ("/nowhere/script.py:price", "No such file or directory: the script must stay where it was"),
        ("json:nothing", "has no attribute 'nothing': define nothing at the top level"),
    ],
)
def test_a_reference_that_leads_nowhere(source: str, cure: str) -> None:
    with pytest.raises(InvalidAgentError, match=cure):
        load_reference(source)


def test_what_a_script_raises_comes_through_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("1 / 0", "utf-8")
    before = set(sys.modules)
    with pytest.raises(ZeroDivisionError):
        load_reference(f"{path}:price")
    assert loading_script() == ""
    assert {name for name in set(sys.modules) - before if "livekitex_script" in name} == set()


def test_a_script_is_read_anew_in_each_process_and_nothing_is_written_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "menu.py"
    found = []
    for price in (8, 9):
        path.write_text(f"PRICE = {price}\n")
        os.utime(path, ns=(10**18, 10**18))
        command = f"from actors.tools import load_reference; print(load_reference({f'{path}:PRICE'!r}))"
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run([sys.executable, "-c", command], env=environment, capture_output=True, text=True, check=True)
        found.append(done.stdout.strip())
    assert found == ["8", "9"]
    assert [one.name for one in tmp_path.iterdir()] == ["menu.py"]
