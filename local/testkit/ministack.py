"""Runs ministack, an emulator of AWS, for a test and no longer: it ends when its standard input does.

Where it listens and what it calls itself comes by environment (GATEWAY_PORT, BIND_HOST, MINISTACK_HOST, ...).
"""

import os
import signal
import sys
import threading

# This file's own folder is where Python looks first, and in there ministack is this file.
sys.path.pop(0)

import ministack.services.eventbridge as eventbridge
import ministack.services.scheduler as scheduler
from ministack.app import main

# How often it looks for schedules that are due, in seconds. The default is ten.
eventbridge._SCHEDULER_TICK_INTERVAL = 1
scheduler._SCHEDULE_TICK_INTERVAL = 1


def end_with_parent():
    """Stops when the pipe closes: a killed test cannot stop this process or its functions."""
    sys.stdin.buffer.read()
    os.killpg(os.getpgrp(), signal.SIGKILL)


# The group that is ended is this process's own.
if os.getpgrp() != os.getpid():
    os.setpgid(0, 0)
threading.Thread(target=end_with_parent, daemon=True).start()
sys.argv = ["ministack"]
sys.exit(main())
