"""What to do when the operating system refuses, for errors that name its refusal. Pure."""

import errno
import re
from typing import Final

CURES: Final = {
    errno.EMFILE: "raise the limit of open files, ulimit -n 4096",
    errno.ENFILE: "raise the machine's limit of open files, sysctl fs.file-max",
    errno.EAGAIN: "raise the limit of processes, ulimit -u, or that of the container",
    errno.ENOMEM: "give the machine or the container more memory",
    errno.EFBIG: "raise the limit of file sizes, ulimit -f unlimited",
}
"""By error number."""
_ERRNO: Final = re.compile(r"\[Errno (\d+)\]")
_NO_THREAD: Final = "can't start new thread"
"""Python's words for `errno.EAGAIN` where a thread was to begin."""


def with_cure(text: str) -> str:
    """``text``, and what to do against the operating system's error that it speaks of, where that is known."""
    found = _ERRNO.search(text)
    number = errno.EAGAIN if _NO_THREAD in text else int(found[1]) if found else 0
    cure = CURES.get(number)
    return f"{text}: {cure}; livekitex doctor tells what this machine can do" if cure else text
