"""The keys that a caller presses, which a room tells of."""

from livekitex_agent.absent_names import absent_names

__all__: list[str] = []

_KEYS = "it needs a room, whose keys come in a later version: until then let the caller say the digits, in an AgentTask with a tool"
__getattr__ = absent_names(__name__, dict.fromkeys(("GetDtmfResult", "GetDtmfTask"), _KEYS))
