import sys
import types

import pytest

from livekitex_agent.launcher import hosted
from livekitex_agent.launcher.hosted import is_hosted


def test_a_script_is_not_hosted() -> None:
    assert not is_hosted()


@pytest.mark.parametrize(("file", "expected"), [("bootstrap.py", True), ("another.py", False)])
def test_what_the_launcher_runs_is(monkeypatch: pytest.MonkeyPatch, file: str, expected: bool) -> None:
    main = types.ModuleType("__main__")
    main.__file__ = str(hosted.__file__).replace("hosted.py", file)
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert is_hosted() is expected


def test_an_interpreter_without_a_main_module_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "__main__")
    assert not is_hosted()
