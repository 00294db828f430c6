"""Streams of tokens made of a function that cuts a whole text: the last token of what has come may not be whole, and waits."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from livekitex_agent.tokenize.tokenizer import SentenceStream, TokenData, TokenStream, WordStream
from livekitex_agent.utils.misc import shortuuid

__all__ = ["BufferedSentenceStream", "BufferedTokenStream", "BufferedWordStream", "Token", "TokenizeCallable"]

Token: TypeAlias = tuple[str, int, int]
"""A token, and where in the text it begins and ends."""
TokenizeCallable: TypeAlias = Callable[[str], Sequence[str] | Sequence[Token]]


class BufferedTokenStream(TokenStream):
    """Tells tokens of at least ``min_token_len`` characters, short ones being joined, and of ``max_token_len`` if they can be so short.

    It looks for them once ``min_ctx_len`` characters have come.
    """

    def __init__(self, *, tokenize_fnc: TokenizeCallable, min_token_len: int, min_ctx_len: int, max_token_len: int | None = None) -> None:
        super().__init__()
        self._tokenize = tokenize_fnc
        self._min_token_len = min_token_len
        self._min_ctx_len = min_ctx_len
        self._max_token_len = max_token_len
        self._segment_id = shortuuid()
        self._in = self._out = ""

    def push_text(self, text: str) -> None:
        """Hand over the next piece of text.

        Raises:
            RuntimeError: it is closed.
        """
        self._check_not_closed()
        self._in += text
        while text and len(self._in) >= self._min_ctx_len:
            tokens = self._tokenize(self._in)
            if len(tokens) <= 1:
                return
            first = tokens[0]
            token, end = (first, self._in.index(first) + len(first)) if isinstance(first, str) else (first[0], first[2])
            self._take(token)
            self._in = self._in[end:]

    def flush(self) -> None:
        """Tell what is left; the next text is another segment.

        Raises:
            RuntimeError: it is closed.
        """
        self._check_not_closed()
        for token in self._tokenize(self._in) if self._in.strip() else ():
            self._take(token if isinstance(token, str) else token[0])
        self._tell()
        self._in = ""
        self._segment_id = shortuuid()

    def end_input(self) -> None:
        """Tell what is left, and end.

        Raises:
            RuntimeError: it is closed.
        """
        self.flush()
        self._event_ch.close()

    async def aclose(self) -> None:
        """End at once."""
        self._event_ch.close()

    def _take(self, token: str) -> None:
        if self._max_token_len and self._out and len(self._out) + 1 + len(token) > self._max_token_len:
            self._tell()
        self._out += f" {token}" if self._out and not self._out[-1].isspace() and not token[:1].isspace() else token
        if len(self._out) >= self._min_token_len:
            self._tell()

    def _tell(self) -> None:
        if self._out:
            self._event_ch.send_nowait(TokenData(token=self._out, segment_id=self._segment_id))
        self._out = ""


class BufferedSentenceStream(BufferedTokenStream, SentenceStream):
    """Sentences by ``tokenizer``."""

    def __init__(self, *, tokenizer: TokenizeCallable, min_token_len: int, min_ctx_len: int, max_token_len: int | None = None) -> None:
        super().__init__(tokenize_fnc=tokenizer, min_token_len=min_token_len, min_ctx_len=min_ctx_len, max_token_len=max_token_len)


class BufferedWordStream(BufferedTokenStream, WordStream):
    """Words by ``tokenizer``."""

    def __init__(self, *, tokenizer: TokenizeCallable, min_token_len: int, min_ctx_len: int) -> None:
        super().__init__(tokenize_fnc=tokenizer, min_token_len=min_token_len, min_ctx_len=min_ctx_len)
