import multiprocessing
import threading
from collections import deque
from multiprocessing.connection import Connection
from typing import Callable

from puzzle import Puzzle, solve

# Seconds between two looks at the client: far less than anybody notices, far more than a look costs.
LOOK_EVERY = 0.1


class Full(Exception):
    """There is no room for another puzzle."""


class Cancelled(Exception):
    """Nobody wants the result any more."""


class Pool:
    """Processes, because the interpreter lock lets only one thread of a process compute.

    Each worker is a pipe: a puzzle goes in, its result comes out. Anything that is sent in between means "stop".
    """

    def __init__(self, size: int, limit: int) -> None:
        self._limit = limit
        self._size = size
        self._idle = [_hire() for _ in range(size)]
        self._waiting: "deque[object]" = deque()
        self._changed = threading.Condition()

    def stats(self) -> "dict[str, int]":
        with self._changed:
            return {"running": self._size - len(self._idle), "waiting": len(self._waiting)}

    def solve(self, puzzle: Puzzle, is_cancelled: Callable[[], bool]) -> int:
        """Raises Full at once, Cancelled soon after is_cancelled() begins to be true."""
        worker = self._take(is_cancelled)
        try:
            worker.send(puzzle)
            while not worker.poll(LOOK_EVERY):
                if is_cancelled():
                    worker.send("stop")
                    break
            # Also after "stop", for the answer says that the worker is ready for the next puzzle.
            result = worker.recv()
        finally:
            with self._changed:
                self._idle.append(worker)
                self._changed.notify_all()
        if result is None:
            raise Cancelled
        return result

    def _take(self, is_cancelled: Callable[[], bool]) -> Connection:
        with self._changed:
            # Who waits already comes first.
            if self._idle and not self._waiting:
                return self._idle.pop()
            if len(self._waiting) >= self._limit:
                raise Full
            ticket = object()
            self._waiting.append(ticket)
            try:
                while not (self._idle and self._waiting[0] is ticket):
                    self._changed.wait(LOOK_EVERY)
                    if is_cancelled():
                        raise Cancelled
                return self._idle.pop()
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()


def _hire() -> Connection:
    ours, theirs = multiprocessing.Pipe()
    multiprocessing.Process(target=_work, args=(theirs,), daemon=True).start()
    theirs.close()
    return ours


def _work(pipe: Connection) -> None:
    while True:
        puzzle = pipe.recv()
        if isinstance(puzzle, Puzzle):  # Else a "stop" that came when the puzzle was solved already.
            pipe.send(solve(puzzle, is_cancelled=pipe.poll))
