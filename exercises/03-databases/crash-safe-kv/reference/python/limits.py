MAX_KEY = 512
MAX_VALUE = 8 << 20
MAX_BATCH = 16 << 20


class BadRequest(Exception):
    """What the client did wrong, and the HTTP status that says so."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def check_key(key: object) -> bytes:
    """The key in UTF-8: two keys are the same only if these bytes are."""
    if not isinstance(key, str) or key == "":
        raise BadRequest("A key is missing")
    try:
        name = key.encode("utf-8")
    except UnicodeEncodeError:
        raise BadRequest("A key has half of a surrogate pair") from None
    if len(name) > MAX_KEY:
        raise BadRequest(f"A key has at most {MAX_KEY} bytes")
    return name
