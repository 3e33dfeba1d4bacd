from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from refusal import Refusal

# Not the file of the tasks itself: that one is replaced, and a lock on what it was
# would keep out nobody.
PATH = ".tasks.lock"

# How long a run waits for the others, in seconds.
PATIENCE = 10.0


@contextmanager
def in_turn() -> Iterator[None]:
    """Wait until no other run works in this directory, and keep the others waiting.

    The system ends the lock together with the process that holds it, however that
    ends. The file stays: who removed it would let two runs lock two different files
    of the same name.
    """
    try:
        file = os.open(PATH, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise Refusal(f"Can't open {PATH}: {error.strerror}") from error
    try:
        deadline = time.monotonic() + PATIENCE
        while not lock(file):
            if time.monotonic() > deadline:
                raise Refusal(
                    f"Other runs kept the tasks busy for {PATIENCE:.0f} seconds."
                )
            time.sleep(0.01)
        yield
    finally:
        os.close(file)


def lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
