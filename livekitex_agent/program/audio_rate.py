"""The rate of a call's audio: that of the first voice, whichever its agents have later, in all of its lives.

The positions of what was said are samples, and what was made and not yet heard outlives the process.
"""

import json
from typing import Final

from actors import Parts
from livekitex_agent.program.facts import Facts

KEY: Final = "audio rate"


class AudioRate:
    """``hz`` is 0 until a voice has the call. Used on the program's loop."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.hz = int(facts.get(KEY) or 0)

    async def settle(self, parts: Parts) -> None:
        """If ``parts`` are the first with a voice, let its rate be the call's."""
        if not self.hz and parts.providers.rate_hz:
            self.hz = parts.providers.rate_hz
            await self._facts.put(KEY, json.dumps(self.hz))
