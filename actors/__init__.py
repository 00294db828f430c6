"""The actors: each a folder with its pure logic beside its thin shell.

Part of livekitex-agent.
"""

from actors.tools import RunContext

__all__ = ["RunContext"]
