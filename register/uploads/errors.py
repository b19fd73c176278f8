"""What bulk intake objects to, in words for its pages."""

from __future__ import annotations

from register.errors import Conflict, RegisterError
from register.sentences import say


class Moved(Conflict):
    """What was to be done does not fit the state the upload is in by now."""

    def __init__(self, message: str = "") -> None:
        super().__init__("upload_moved", "", message or say("Meanwhile something else became of this file."))


class TookTooLong(RegisterError):
    """A piece of work has used all the processor time that it may."""


class BrokenOff(Conflict):
    """The work on an upload was begun as often as it may be, and never came to its end."""

    def __init__(self) -> None:
        super().__init__("broken_off", "", say("The work on this file was broken off each time. Split it."))


class OtherRows(Conflict):
    """The rows are not those that were shown."""

    def __init__(self) -> None:
        message = say("The rows have changed since they were shown to you. Look at them again before publishing.")
        super().__init__("rows_changed", "", message)
