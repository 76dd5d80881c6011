"""Runs a program at a terminal of its own, with someone at the keyboard.

The arguments are a JSON list of the program's, what to wait for, and what is typed then; `^C` and `^D` are those keys. What was seen goes
to stdout as JSON, with how the program ended.
"""

import json
import os
import pty
import select
import signal
import sys
import time

KEYS = {"^C": b"\x03", "^D": b"\x04"}

command, awaited, typed = json.loads(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    # As shells do: tests that run in the background inherit that nobody minds an interrupt.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(command[0], command)
seen, asked, until = b"", False, time.monotonic() + 60
while time.monotonic() < until:
    if not select.select([terminal], [], [], 1)[0]:
        continue
    try:
        read = os.read(terminal, 4096)
    except OSError:  # Linux: the other side is closed.
        break
    if not read:
        break
    seen += read
    if not asked and awaited.encode() in seen:
        asked = True
        os.write(terminal, KEYS.get(typed, typed.encode()))
else:
    os.kill(child, 9)
status = os.waitpid(child, 0)[1]
print(json.dumps({"seen": seen.decode(), "exit": os.waitstatus_to_exitcode(status)}))
