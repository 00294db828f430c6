import json
import os
import subprocess
import sys
from pathlib import Path

import livekitex_agent.launcher

BOOTSTRAP = Path(livekitex_agent.launcher.__file__).with_name("bootstrap.py")


def run(*, said: bytes) -> subprocess.CompletedProcess[str]:
    reader, writer = os.pipe()
    os.write(writer, said)
    os.close(writer)
    try:
        return subprocess.run(
            [sys.executable, "-P", BOOTSTRAP, str(reader)], pass_fds=[reader], capture_output=True, text=True, check=False, timeout=300
        )
    finally:
        os.close(reader)


def framed(path: list[str]) -> bytes:
    body = json.dumps(path).encode()
    return len(body).to_bytes(4, "big") + body


def test_a_starter_that_is_gone_ends_it() -> None:
    for said in (b"", b"\0\0", framed(sys.path)[:-1]):
        done = run(said=said)
        assert (done.returncode, done.stderr) == (1, "the starter has ended\n")


def test_it_finds_what_its_starter_found_and_nothing_else(tmp_path: Path) -> None:
    package = tmp_path / "livekitex_agent" / "launcher"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "run.py").write_text("import sys\ndef run(descriptor): print(sys.path)\n", "utf-8")
    path = [str(tmp_path), *(entry for entry in sys.path if "python3" in entry)]
    done = run(said=framed(path))
    assert done.stdout == f"{path}\n", done.stderr
