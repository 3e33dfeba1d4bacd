from __future__ import annotations

import os
from typing import Iterator

from record import HEADER, is_intact, payload_length

WINDOW = 1 << 20


class LogFile:
    """A file of records to which one thread appends, and from which any number of threads read."""

    def __init__(self, path: str) -> None:
        """Opens the file, or creates it. Read `records()` to the end before the first append."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        # Where the last intact record ends and the next one begins.
        self.end = 0

    def records(self) -> Iterator[tuple[int, bytes]]:
        """All intact records from the start: where the payload begins, and the payload.

        The first one that is incomplete or damaged ends the log: it is what a crash left of the last write. It is cut
        off, or else the next record would be appended behind something unreadable.
        """
        size = os.fstat(self._file).st_size
        at = 0
        with open(self._file, "rb", buffering=WINDOW, closefd=False) as file:
            file.seek(0)
            while at + HEADER <= size:
                header = file.read(HEADER)
                length = payload_length(header)
                # A damaged length may be anything: never read, nor allocate, more than there is.
                payload = file.read(length) if at + HEADER + length <= size else b""
                if len(payload) < length or not is_intact(header, payload):
                    break
                yield at + HEADER, payload
                at += HEADER + length
        self.end = at
        if at < size:
            os.ftruncate(self._file, at)

    def append(self, records: bytes | bytearray) -> None:
        """Writes records; when it returns they are on the disk, not only in the page cache."""
        try:
            done = 0
            view = memoryview(records)
            while done < len(view):  # write(2) may do less than it was asked for
                done += os.pwrite(self._file, view[done:], self.end + done)
            os.fsync(self._file)
        except OSError:
            # A full disk, say: whoever waits for this write is told, and nothing of it stays behind.
            os.ftruncate(self._file, self.end)
            raise
        self.end += len(records)

    def read(self, at: int, length: int) -> bytes:
        parts = []
        while length > 0:
            part = os.pread(self._file, length, at)
            if part == b"":
                raise OSError(f"The log ends at {at}, but {length} more bytes were expected")
            parts.append(part)
            at += len(part)
            length -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        os.close(self._file)
