"""LiveKit's name for a tokenizer of sentences by a library; here it is `basic`'s, which needs none."""

from livekitex_agent.tokenize.basic import SentenceTokenizer

__all__ = ["SentenceTokenizer"]
