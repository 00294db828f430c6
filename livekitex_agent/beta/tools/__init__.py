"""Ready tools."""

from livekitex_agent.absent_names import absent_names
from livekitex_agent.beta.tools.end_call import EndCallTool

__all__ = ["EndCallTool"]

__getattr__ = absent_names(__name__, {"send_dtmf_events": "it needs a room, whose events come in a later version"})
