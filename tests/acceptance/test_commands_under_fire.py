"""Three handles send texts to one call whose processes are killed again and again: each text has one answer, each handle a whole record.

``python -m benchmarks.commands_under_fire`` does the same at length.
"""

from pathlib import Path

import pytest

from livekitex_agent import AgentSystem, Options
from support.command_fire import Fight, plan

pytestmark = [pytest.mark.processes, pytest.mark.asyncio]

TEXTS = 12


async def test_each_text_has_one_answer_and_each_handle_a_whole_record(tmp_path: Path) -> None:
    options = Options(partitions=1, preload=False, journal_dir=tmp_path / "calls", log_level="error", max_restarts=100)
    async with AgentSystem.start(options) as system:
        fought = await Fight(system, tmp_path / "notes", texts=TEXTS).run(plan(7, texts=TEXTS, kills=3, context_kills=1))
    assert not fought.broken()
    assert fought.restarts >= 3  # where all is answered, a kill may come before its life has begun
    assert fought.unavailable == 0
