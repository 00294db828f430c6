"""The standard streams of the command: there, able to take every letter, and closed without a word when their reader has gone."""

import codecs
import io
import os
import signal
import sys
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TextIO, cast

from rich.console import Console

from protocols import ConfigurationError, printable

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STANDARD: Final = (0, 1, 2)
HANDLER: Final = "livekitex-plain"
READER_GONE: Final = 128 + signal.SIGPIPE
"""The exit code when whoever read the output (``| head``) has closed it: the one that a shell reports of any program."""
OUTPUT_LOST: Final = 1
"""The exit code when the output cannot be written, for a full disk."""

_PLAIN: Final = {
    **dict.fromkeys("─━═╌╴╶", "-"),
    **dict.fromkeys("│┃║├┤", "|"),
    **dict.fromkeys("┌┐┘┬┴┼╭╮╯┏┓┛┗╔╗╚╝", "+"),
    **dict.fromkeys("└╰", "`"),
    **dict.fromkeys("\u2018\u2019", "'"),
    **dict.fromkeys("\u201c\u201d", '"'),
    **dict.fromkeys("\u2010\u2011\u2013\u2014\u2212", "-"),
    "…": "...",
    "→": "->",
    "×": "x",
    "ß": "ss",
}


def plain(text: str) -> str:
    """``text`` in ASCII: lines of boxes as - | + `, letters without their marks, and a question mark for what has no likeness."""
    return "".join(map(_plain_letter, text))


def wants_ascii(variables: Mapping[str, str]) -> bool:
    """Whether the user asks for ASCII: by the locale ``C`` or ``POSIX``, said in so many words, and by no encoding of Python's own."""
    said = next(filter(None, map(variables.get, ("LC_ALL", "LC_CTYPE", "LANG"))), "")
    return said in {"C", "POSIX"} and not (variables.get("PYTHONIOENCODING") or variables.get("PYTHONUTF8") == "1")


class Output(io.FileIO):
    """Standard output, which remembers why it could not be written."""

    failure: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write to the descriptor."""
        try:
            return super().write(data)
        except OSError as failure:
            self.failure = failure
            raise


def prepare_streams(variables: Mapping[str, str]) -> Output:
    """Open what is closed of the standard streams, so that no other file gets its number, and let each print whatever it is given."""
    for number in STANDARD:
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free, which is this one
    codecs.register_error(HANDLER, _replace)
    ascii_only = wants_ascii(variables)
    output = Output(1, "w", closefd=False)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = _text(io.BufferedWriter(output), sys.stdout, ascii_only=ascii_only)
    sys.stderr = _text(io.FileIO(2, "w", closefd=False), sys.stderr, ascii_only=ascii_only)
    return output


def _text(binary: io.BufferedWriter | io.FileIO, before: TextIO | None, *, ascii_only: bool) -> io.TextIOWrapper:
    encoding = "ascii" if ascii_only else before.encoding if before is not None else "utf-8"
    through = isinstance(binary, io.FileIO) or getattr(before, "write_through", False)
    return io.TextIOWrapper(cast("BinaryIO", binary), encoding, HANDLER, line_buffering=binary.isatty(), write_through=through)


def run_to_its_end(command: Callable[[], object], output: Output) -> None:
    """Run ``command``, which ends by `SystemExit`, and end without a traceback when its output cannot be written.

    Raises:
        SystemExit: always; with `READER_GONE` or `OUTPUT_LOST` if that was why, else with the command's own code.
    """
    try:
        try:
            command()
        finally:
            sys.stdout.flush()
    except BaseException:
        if output.failure is None:
            raise
    if output.failure is None:
        return
    _discard(output)
    if isinstance(output.failure, BrokenPipeError):
        raise SystemExit(READER_GONE)
    print(f"livekitex: standard output cannot be written: {output.failure.strerror}", file=sys.stderr)  # noqa: T201 - its last word
    raise SystemExit(OUTPUT_LOST)


def tell_failure(command: str, failure: Exception) -> None:
    """Say on standard error why ``livekitex command`` did not do what was asked."""
    Console(stderr=True).print(
        f"livekitex {command}: {printable(str(failure))}", style="bold red", highlight=False, markup=False, emoji=False, soft_wrap=True
    )


def require_writable(out: Path) -> None:
    """Refuse before the call what would fail after it, and leave no empty file for that.

    Raises:
        ConfigurationError: the recording ``out`` cannot be written; the text names the cure.
    """
    is_new = not out.exists()
    try:
        with out.open("ab"):
            pass
    except OSError as failure:
        raise ConfigurationError(f"--out {out}: {failure.strerror}: name a file in a folder that you may write to") from failure
    if is_new:
        out.unlink()


def _plain_letter(letter: str) -> str:
    if letter in _PLAIN or letter.isascii() or unicodedata.combining(letter):
        return _PLAIN.get(letter, letter if letter.isascii() else "")
    return unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode() or "?"


def _discard(output: Output) -> None:
    """Let what is still to be written go nowhere, or the interpreter would complain of it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, output.fileno())
    os.close(nowhere)


def _replace(failure: UnicodeError) -> tuple[str, int]:
    if not isinstance(failure, UnicodeEncodeError):
        raise failure
    return plain(failure.object[failure.start : failure.end]), failure.end
