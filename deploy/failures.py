"""The one error of starting and stopping a node."""


class StartError(Exception):
    """The node cannot start; the message is one line: what was expected, what came, what to do.

    `said` is the full output of the program that failed, for those who look for a known cause in it.
    """

    def __init__(self, message: str, said: str = "") -> None:
        super().__init__(message)
        self.said = said


def explain_os_error(error: OSError) -> str | None:
    """Return one line for the troubles of a disk that a person can cure, None for any other."""
    where = error.filename or "the data directory"
    match error.errno:
        case 28 | 122:
            return f"The disk of {where} is full: free some space, or choose another place with --data."
        case 2 | 13 | 30 | 1:
            return f"{where} cannot be written: check its place and mode, or choose another place with --data."
        case 20 | 17:
            return f"{where} is a file where a directory is needed: choose another place with --data."
    return None
