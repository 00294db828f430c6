"""Where the system's processes log: each on its own standard error, which is the script's.

An entry begins its line with the time, and nothing else does: whatever text is in it (an exception's, a caller's, a provider's) is made
`printable`, and what takes more lines, a traceback, is indented. So no text can look like another entry, or command the terminal.
"""

import logging
import sys
import textwrap
from io import StringIO
from typing import Final, TextIO

import structlog

from protocols import printable

INDENT: Final = "    "


def configure_logs(level: str) -> None:
    """Write log entries of at least ``level`` to standard error, one line each; inherited by every process of the system."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _make_printable,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=_write_traceback),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=threshold, handlers=[handler], force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _make_printable(_logger: object, _method: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The entry with all its texts printable; what is no text is shown as Python shows it."""
    shown: structlog.typing.EventDict = {}
    for name, value in entry.items():
        match name:
            case "exc_info":
                shown[name] = value
            case "exception" | "stack":
                shown[name] = _indented(str(value))
            case _:
                shown[printable(name)] = printable(value if isinstance(value, str) else repr(value))
    return shown


def _write_traceback(output: TextIO, exc_info: structlog.typing.ExcInfo) -> None:
    whole = StringIO()
    structlog.dev.plain_traceback(whole, exc_info)
    output.write("\n" + _indented(whole.getvalue().strip("\n")))


def _indented(text: str) -> str:
    return textwrap.indent(printable(text, keep="\n"), INDENT, lambda _line: True)
