"""What is left of the demo's call when it is over: the recording, or why there is none."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from livekitex_agent.demo.outcome import Outcome
from livekitex_agent.demo.run import _write


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_recording_that_cannot_be_written_does_not_hide_how_the_call_went(number: int) -> None:
    def fails(_path: Path) -> float:
        raise OSError(number, os.strerror(number))

    call = SimpleNamespace(recorder=SimpleNamespace(write=fails))
    outcome = _write(call, Outcome(ended="normal"), Path("x.wav"))  # type: ignore[arg-type]
    assert outcome == Outcome(ended="normal", unrecorded=f"x.wav: {os.strerror(number)}")
