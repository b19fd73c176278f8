"""Reading: from bytes to credentials that are taken apart, but not yet believed; see `uploads.read`."""

from register.credentials.reading.limits import MOST_BYTES
from register.credentials.reading.uploads import read

__all__ = ["MOST_BYTES", "read"]
