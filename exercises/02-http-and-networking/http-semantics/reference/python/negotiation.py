from __future__ import annotations

import re


def media_type(field: str | None) -> str:
    """The type without its parameters, in lower case: `Application/JSON; charset=utf-8` is `application/json`."""
    return (field or "").split(";", 1)[0].strip().lower()


def accepts_json(field: str | None) -> bool:
    """Whether an Accept field allows application/json: the most specific range decides (RFC 9110, 12.5.1)."""
    if field is None:
        return True
    allowed = {media_type(part): not _has_no_weight(part) for part in field.split(",")}
    ranges = ("application/json", "application/*", "*/*")
    return next((allowed[name] for name in ranges if name in allowed), False)


def matches_weakly(field: str, etag: str) -> bool:
    """Whether If-None-Match has this tag: weak comparison, `W/"a"` equals `"a"` (RFC 9110, 8.8.3.2)."""
    return field.strip() == "*" or etag in (tag[2:] if tag.startswith("W/") else tag for tag in _tags_in(field))


def matches_strongly(field: str, etag: str) -> bool:
    """Whether If-Match has this tag: strong comparison, a weak tag equals nothing."""
    return field.strip() == "*" or etag in _tags_in(field)


def _has_no_weight(media_range: str) -> bool:
    return re.search(r";\s*q=0(\.0*)?\s*(;|$)", media_range, re.IGNORECASE) is not None


def _tags_in(field: str) -> list[str]:
    return re.findall(r'(?:W/)?"[^"]*"', field)
