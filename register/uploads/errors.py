"""What bulk intake objects to, in words for its pages."""

from __future__ import annotations

from django.utils.translation import gettext

from register.errors import Conflict


class Moved(Conflict):
    """What was to be done does not fit the state the upload is in by now."""

    def __init__(self, message: str = "") -> None:
        super().__init__("upload_moved", "", message or gettext("Meanwhile something else became of this file."))


class OtherRows(Conflict):
    """The rows are not those that were shown."""

    def __init__(self) -> None:
        message = gettext("The rows have changed since they were shown to you. Look at them again before publishing.")
        super().__init__("rows_changed", "", message)
