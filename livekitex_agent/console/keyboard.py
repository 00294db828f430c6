"""The keys of a terminal as they are pressed, and the lines of whatever else standard input is."""

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from livekitex_agent.console.line_editor import Act, LineEditor, feed
from livekitex_agent.threads import in_thread

AT_ONCE: Final = 4096


@contextmanager
def keys_pressed(
    descriptor: int, hotkeys: Mapping[str, Act], typed: Callable[[str], None], given: Callable[[str | Act], None]
) -> Iterator[None]:
    """Have each key of the terminal at ``descriptor`` when it is pressed; it is as it was before afterwards.

    ``typed`` is told the line as it stands, ``given`` each whole line and each act. The terminal's end is `Act.QUIT`. Ctrl-C is a signal
    still. Only on an event loop.
    """
    loop = asyncio.get_running_loop()
    before = termios.tcgetattr(descriptor)
    editor = LineEditor()

    def read() -> None:
        nonlocal editor
        try:
            data = os.read(descriptor, AT_ONCE)
        except OSError:  # the terminal is gone
            data = b""
        if not data:
            loop.remove_reader(descriptor)
            given(Act.QUIT)
            return
        editor, results = feed(editor, data, hotkeys)
        for result in results:
            given(result)
        typed(editor.text)

    tty.setcbreak(descriptor, termios.TCSANOW)
    loop.add_reader(descriptor, read)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(descriptor, termios.TCSANOW, before)


async def read_line() -> str | None:
    """The next line of standard input, without its end; None at the end of it. Its thread may outlast whoever waits."""
    line: str = await in_thread(sys.stdin.readline, name="console input")
    return line.rstrip("\n") if line else None
