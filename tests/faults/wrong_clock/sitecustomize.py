"""Sets the clock of a Python program wrong by AHEAD_SECONDS, as Python imports this before anything else."""

import os
from datetime import UTC, datetime, timedelta

import time_machine

ahead = timedelta(seconds=float(os.environ["AHEAD_SECONDS"]))
time_machine.travel(datetime.now(UTC) + ahead, tick=True).start()
