"""``python tests/support/terminal.py KEY LINES COMMAND...``: a terminal in which COMMAND runs until it has printed LINES lines.

Then KEY is pressed (``^C``, ``^\\\\``), or the window is closed (``close``). What COMMAND prints is printed; its exit code, negative for a
signal, is the last line.
"""

import os
import pty
import sys

KEYS = {"^C": b"\x03", "^\\": b"\x1c"}


def main(key: str, lines: str, *command: str) -> None:
    pid, terminal = pty.fork()
    if not pid:
        os.execv(command[0], command)
    seen = 0
    try:
        while data := os.read(terminal, 1 << 16):
            sys.stdout.write(data.decode(errors="replace").replace("\r\n", "\n"))
            sys.stdout.flush()
            seen += data.count(b"\n")
            if seen >= int(lines) and key:
                if key == "close":
                    break
                os.write(terminal, KEYS[key])
                key = ""
    except OSError:
        pass  # its last process has ended
    os.close(terminal)
    print(f"\n{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
