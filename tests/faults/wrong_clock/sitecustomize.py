"""Sets the clock of a Python program wrong by AHEAD_SECONDS, as Python imports this before anything else.

All programs of a node must agree to the moment, however long each took to get here: so what the first setting missed is
made up for.
"""

import os
import time
from datetime import UTC, datetime, timedelta

import time_machine

ahead = float(os.environ["AHEAD_SECONDS"])
traveller = time_machine.travel(datetime.now(UTC) + timedelta(seconds=ahead), tick=True).start()
traveller.shift(time_machine.escape_hatch.time.time() + ahead - time.time())
