"""What is left of the demo's call when it is over: the recording, or why there is none."""

from pathlib import Path
from types import SimpleNamespace

from livekitex_agent.console.recorder import Recorder
from livekitex_agent.demo.outcome import Outcome
from livekitex_agent.demo.run import _write


def test_a_recording_that_cannot_be_written_does_not_hide_how_the_call_went() -> None:
    recorder = Recorder()
    recorder.caller(0.0, bytes(200_000), 24_000)
    call = SimpleNamespace(recorder=recorder)
    outcome = _write(call, Outcome(ended="normal"), Path("/dev/full"))  # type: ignore[arg-type]
    assert outcome == Outcome(ended="normal", unrecorded="cannot write /dev/full: No space left on device; choose another file")
