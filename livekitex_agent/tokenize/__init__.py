"""LiveKit's tokenizers, by its names."""

from livekitex_agent.tokenize import basic, blingfire, utils
from livekitex_agent.tokenize.token_stream import BufferedSentenceStream, BufferedWordStream
from livekitex_agent.tokenize.tokenizer import SentenceStream, SentenceTokenizer, TokenData, WordStream, WordTokenizer

__all__ = [
    "BufferedSentenceStream",
    "BufferedWordStream",
    "SentenceStream",
    "SentenceTokenizer",
    "TokenData",
    "WordStream",
    "WordTokenizer",
    "basic",
    "blingfire",
    "utils",
]
