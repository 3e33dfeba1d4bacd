"""What each method does to each URL, apart from sockets and threads."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from email.message import Message
from typing import Callable

from body import parse_json
from merge_patch import merge_patch
from negotiation import accepts_json, matches_strongly, matches_weakly, media_type
from notes import Note, Notes
from refusal import Refusal


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Message
    body: bytes

    def field(self, name: str) -> str | None:
        """The value of a header field; one that is repeated is a list (RFC 9110, 5.3)."""
        values = self.headers.get_all(name)
        return None if values is None else ", ".join(values)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


MERGE_PATCH = "application/merge-patch+json"

notes = Notes()


def answer(request: Request) -> Reply:
    path = request.target.split("?", 1)[0]
    match = re.fullmatch(r"/notes/([A-Za-z0-9_-]{1,64})", path)
    if path != "/notes" and match is None:
        raise Refusal(404, "Notes are under /notes.")
    handlers = FOR_COLLECTION if match is None else FOR_NOTE
    allow = ", ".join([*handlers, "OPTIONS"])
    if request.method == "OPTIONS":
        return Reply(204, {"Allow": allow})
    handler = handlers.get(request.method)
    if handler is None:
        raise Refusal(405, f"Use {allow}.", {"Allow": allow})
    if request.method != "DELETE" and not accepts_json(request.field("Accept")):
        raise Refusal(406, "There is only JSON.")
    return handler(request, match.group(1) if match else "")


def refused(refusal: Refusal) -> Reply:
    body = json.dumps({"status": refusal.status, "title": refusal.reason}).encode()
    return Reply(refusal.status, {"Content-Type": "application/problem+json", **refusal.headers}, body)


def list_all(_request: Request, _id: str) -> Reply:
    return _json(200, b"[%s]" % b",".join(note.text for note in notes.all()))


def create(request: Request, _id: str) -> Reply:
    _expect_type(request, "application/json")
    note = notes.add(parse_json(request.body))
    return _json(201, note.text, {"Location": f"/notes/{note.id}", "ETag": note.etag})


def read(request: Request, note_id: str) -> Reply:
    note = _existing(notes.find(note_id))
    known = request.field("If-None-Match")
    if known is not None and matches_weakly(known, note.etag):
        return Reply(304, {"ETag": note.etag})
    return _json(200, note.text, {"ETag": note.etag})


def replace(request: Request, note_id: str) -> Reply:
    _expect_type(request, "application/json")
    value = parse_json(request.body)

    def make(before: Note | None) -> object:
        _check_preconditions(request, before)
        return value

    before, note = notes.change(note_id, make)
    # No ETag: what is stored is not byte for byte what the client sent (RFC 9110, 9.3.4).
    return _json(200 if before else 201, note.text)


def patch(request: Request, note_id: str) -> Reply:
    _expect_type(request, MERGE_PATCH, {"Accept-Patch": MERGE_PATCH})
    changes = parse_json(request.body)

    def make(before: Note | None) -> object:
        _check_preconditions(request, _existing(before))
        return merge_patch(_existing(before).content, changes)

    _, note = notes.change(note_id, make)
    return _json(200, note.text, {"ETag": note.etag})


def remove(request: Request, note_id: str) -> Reply:
    notes.remove(note_id, lambda note: _check_preconditions(request, _existing(note)))
    return Reply(204)


Handler = Callable[[Request, str], Reply]

FOR_COLLECTION: dict[str, Handler] = {"GET": list_all, "HEAD": list_all, "POST": create}
FOR_NOTE: dict[str, Handler] = {"GET": read, "HEAD": read, "PUT": replace, "PATCH": patch, "DELETE": remove}


def _existing(note: Note | None) -> Note:
    if note is None:
        raise Refusal(404, "There is no such note.")
    return note


def _expect_type(request: Request, expected: str, headers: dict[str, str] | None = None) -> None:
    if media_type(request.field("Content-Type")) != expected:
        raise Refusal(415, f"Send {expected}.", headers)


def _check_preconditions(request: Request, note: Note | None) -> None:
    wanted = request.field("If-Match")
    if wanted is not None and not (note and matches_strongly(wanted, note.etag)):
        raise Refusal(412, "The note is not the one that If-Match names.")
    unwanted = request.field("If-None-Match")
    if unwanted is not None and note and matches_weakly(unwanted, note.etag):
        raise Refusal(412, "The note is one that If-None-Match excludes.")


def _json(status: int, body: bytes, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, {"Content-Type": "application/json", **(headers or {})}, body)
