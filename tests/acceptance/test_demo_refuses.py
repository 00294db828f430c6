"""What the demo is given wrong is told with its cure, before anything is started."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from livekitex_agent.cli.app import make_app
from livekitex_agent.system import AgentSystem


@pytest.fixture(autouse=True)
def _nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AgentSystem, "start", lambda *_, **__: pytest.fail("a system was started"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--wav", "junk.wav"], "junk.wav: it is no WAV file: convert it with: ffmpeg"),
        (["--wav", "absent.wav"], "cannot read absent.wav: No such file or directory; give the path of a readable WAV file"),
        (["--wav", "."], "cannot read .: Is a directory; give the path of a readable WAV file"),
        (["--wav", "junk.wav", "--text"], "--text and --wav exclude each other: drop one"),
        (["--text", "--kill-at", "listening"], "--kill-at listening needs a caller who speaks: drop --text"),
        (["--out", "absent/out.wav"], "--out absent/out.wav: No such file or directory: name a file in a folder that you may write to"),
    ],
    ids=" ".join,
)
def test_a_wrong_option(arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "junk.wav").write_text("junk", "ascii")
    result = CliRunner().invoke(make_app(80), ["demo", *arguments])
    assert result.exit_code == 2
    assert f"livekitex demo: {told}" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["junk.wav"], "no empty recording is left"
