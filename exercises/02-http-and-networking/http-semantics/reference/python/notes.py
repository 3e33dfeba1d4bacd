from __future__ import annotations

import hashlib
import json
import threading
import uuid
from dataclasses import dataclass
from typing import Any, Callable

from refusal import Refusal


@dataclass(frozen=True)
class Note:
    """A note as it is sent, serialised once, and the entity tag of exactly these bytes."""

    id: str
    content: dict[str, Any]
    text: bytes
    etag: str


class Notes:
    """Notes never change, they are replaced: so a note that was found can be used without the lock."""

    def __init__(self) -> None:
        self._notes: dict[str, Note] = {}
        self._lock = threading.Lock()

    def find(self, note_id: str) -> Note | None:
        with self._lock:
            return self._notes.get(note_id)

    def all(self) -> list[Note]:
        with self._lock:
            return list(self._notes.values())

    def add(self, value: Any) -> Note:
        """Creates a note under an id that no note has, whatever ids clients chose for theirs."""
        with self._lock:
            note_id = str(uuid.uuid4())
            while note_id in self._notes:
                note_id = str(uuid.uuid4())
            return self._save(note_id, value)

    def change(self, note_id: str, make: Callable[[Note | None], Any]) -> tuple[Note | None, Note]:
        """Gives the note of this moment to `make`, and stores what it returns, before anybody else has a turn.

        What `make` raises leaves everything as it was. Returns the note before and after.
        """
        with self._lock:
            before = self._notes.get(note_id)
            return before, self._save(note_id, make(before))

    def remove(self, note_id: str, check: Callable[[Note | None], None]) -> None:
        """Removes the note unless `check` raises; nobody comes between the two."""
        with self._lock:
            check(self._notes.get(note_id))
            self._notes.pop(note_id, None)

    def _save(self, note_id: str, value: Any) -> Note:
        if not isinstance(value, dict) or not isinstance(value.get("title"), str) or value["title"] == "":
            raise Refusal(422, "A note is an object with a title.")
        content = {**value, "id": note_id}
        # ASCII with escapes: JSON can carry half of a surrogate pair, UTF-8 can't.
        text = json.dumps(content, separators=(",", ":")).encode("ascii")
        # A hash never gives two contents the same tag; a counter would after a deletion, a clock within its tick.
        note = Note(note_id, content, text, f'"{hashlib.sha256(text).hexdigest()}"')
        self._notes[note_id] = note
        return note
