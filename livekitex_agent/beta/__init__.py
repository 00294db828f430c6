"""LiveKit's ready parts of agents, which may still change there: tasks that ask for something, groups of tasks, tools."""

from livekitex_agent.absent_names import absent_names
from livekitex_agent.beta import tools, workflows
from livekitex_agent.beta.tools import EndCallTool
from livekitex_agent.llm import Instructions

__all__ = ["EndCallTool", "Instructions", "tools", "workflows"]

__getattr__ = absent_names(
    __name__,
    dict.fromkeys(("TranslationModel", "TranslationSession", "translation", "toolsets"), "it comes in a later version"),
)
