import subprocess
import sys

import pytest

from livekitex_agent import preloading
from protocols import MissingExtraError


def test_the_libraries_are_loaded_where_they_are_installed_and_the_models_last(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(preloading, "preload_offline_providers", lambda: loaded.append("models"))
    monkeypatch.setattr(preloading, "preload_openai", lambda: loaded.append("openai"))
    preloading.preload_models()
    assert loaded == ["openai", "models"], "the models freeze what is loaded"


def test_without_the_extras_calls_come_up_cold(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise MissingExtraError("offline", "speech")

    monkeypatch.setattr(preloading, "preload_offline_providers", missing)
    monkeypatch.setattr(preloading, "preload_openai", missing)
    preloading.preload_models()


def test_the_actors_of_a_call_are_loaded() -> None:
    program = (
        "import sys\nfrom livekitex_agent.preloading import preload_actors\npreload_actors()\n"
        "print('actors.job_context.actor' in sys.modules, 'actors.agent_session.actor' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True True\n", "")


def test_what_programs_import_begins_no_thread_and_opens_nothing() -> None:
    program = (
        "import os\nfrom livekitex_agent.program.left_behind import Held, left_since\nheld = Held.now()\n"
        "from actors import prepare_libraries\nprepare_libraries()\n"
        "from livekitex_agent.preloading import preload_programs\npreload_programs()\nprint(left_since(held))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "()\n", "")


def test_the_sdk_begins_no_thread_beside_which_nobody_may_fork() -> None:
    program = "import os\nfrom actors import preload_openai\npreload_openai()\nprint(len(os.listdir('/proc/self/task')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
