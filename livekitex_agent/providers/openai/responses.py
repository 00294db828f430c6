"""OpenAI's Responses: `LLM`."""

from actors import OpenAIResponsesLLM

LLM = OpenAIResponsesLLM

__all__ = ["LLM"]
