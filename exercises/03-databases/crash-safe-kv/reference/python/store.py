from __future__ import annotations

import logging
import os
import queue
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import Iterable, NamedTuple

from log_file import LogFile
from record import HEADER, Change, decode_payload, encode_record

# Garbage that is not worth a compaction.
TOLERATED_GARBAGE = 4 << 20
COPY_CHUNK = 1 << 20


class Entry(NamedTuple):
    """Where the value of a key lies in the log; `size` is what the whole change takes there."""

    at: int
    length: int
    size: int


class Write(NamedTuple):
    record: bytes
    done: Future[None]


class Store:
    """Values lie in one append-only log; an index in memory says where (the design of Bitcask).

    The log is the truth: the index follows it, at the start by reading all of it, later record by record, once the
    record is on the disk.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        with suppress(FileNotFoundError):
            os.remove(self._path("compacted"))  # of a compaction that did not come to its end
        self._log = LogFile(self._path("log"))
        self._index: dict[bytes, Entry] = {}
        self._live = 0
        # Only the writer changes the log and the index, and only with this lock. Reading takes it, too: no reader is
        # left in a log that is closed, or sees a part of a batch.
        self._lock = threading.Lock()
        for payload_at, payload in self._log.records():
            self._apply(payload, payload_at)
        self._sync_folder()
        self._waiting: queue.SimpleQueue[Write | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_all, name="writer", daemon=True)
        self._writer.start()

    def get(self, key: bytes) -> bytes | None:
        with self._lock:
            entry = self._index.get(key)
            return None if entry is None else self._log.read(entry.at, entry.length)

    def write(self, changes: Iterable[Change]) -> None:
        """Makes all changes or none. They are on the disk when it returns."""
        write = Write(encode_record(changes), Future())
        self._waiting.put(write)
        write.done.result()

    def close(self) -> None:
        """Finishes the writes that wait."""
        self._waiting.put(None)
        self._writer.join()
        self._log.close()

    def _write_all(self) -> None:
        """The only place that writes: what comes first in the log comes first in the index.

        Writes that arrive while the disk is busy wait, and share the next append and its sync (group commit).
        """
        open_ = True
        while open_:
            arrived = [self._waiting.get()]
            with suppress(queue.Empty):
                while True:
                    arrived.append(self._waiting.get_nowait())
            open_ = None not in arrived
            self._write_group([write for write in arrived if write is not None])
            if self._log.end > TOLERATED_GARBAGE + self._live and self._log.end > 2 * self._live:
                try:
                    self._compact()
                except OSError:
                    logging.exception("Compaction failed")

    def _write_group(self, group: list[Write]) -> None:
        at = self._log.end
        try:
            self._log.append(b"".join(write.record for write in group))
        except OSError as error:
            for write in group:
                write.done.set_exception(error)
            return
        for write in group:
            with self._lock:
                self._apply(write.record[HEADER:], at + HEADER)
            at += len(write.record)
            write.done.set_result(None)

    def _apply(self, payload: bytes, payload_at: int) -> None:
        for change in decode_payload(payload):
            old = self._index.pop(change.key, None)
            self._live -= old.size if old else 0
            if not change.deleted:
                self._index[change.key] = Entry(payload_at + change.at, change.length, change.size)
                self._live += change.size

    def _compact(self) -> None:
        """Puts a new log with what is live in the place of the old one, in a single step.

        A crash leaves the one or the other. Reads go on meanwhile, in the old log; writes wait. (A larger store would
        split its log into segments and compact those to which nobody writes.)
        """
        path = self._path("compacted")
        with suppress(FileNotFoundError):
            os.remove(path)
        compacted = LogFile(path)
        try:
            moved = self._copy_live(compacted)
            with self._lock:
                os.replace(path, self._path("log"))
                old, self._log, self._index = self._log, compacted, moved
        except OSError:
            compacted.close()
            raise
        old.close()
        self._sync_folder()

    def _copy_live(self, to: LogFile) -> dict[bytes, Entry]:
        """Returns the index of the copy."""
        moved = {}
        chunk = bytearray()
        # In the order of the log, so that the disk reads forwards.
        for key, entry in sorted(self._index.items(), key=lambda item: item[1].at):
            record = encode_record([Change(key, self._log.read(entry.at, entry.length))])
            chunk += record
            moved[key] = entry._replace(at=to.end + len(chunk) - entry.length)
            if len(chunk) >= COPY_CHUNK:
                to.append(chunk)
                chunk = bytearray()
        to.append(chunk)
        return moved

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    def _sync_folder(self) -> None:
        """A new name in a folder is safe only when the folder itself is on the disk."""
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
