from __future__ import annotations

import json
import os
from typing import Any, TypedDict

from refusal import Refusal

# Relative: the tasks belong to the directory in which the user types, not to the one
# that holds this program.
PATH = "tasks.json"

STATUSES = ("todo", "in-progress", "done")


class Task(TypedDict):
    id: int
    description: str
    status: str
    createdAt: str
    updatedAt: str


def read_tasks() -> list[Task]:
    """Return the tasks on disk; none if there is no file yet.

    A file that this program did not write like that is refused. To take it for an
    empty list would mean to overwrite it at the next change.
    """
    try:
        with open(PATH, encoding="utf-8") as file:
            value = json.load(file)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Refusal(f"Can't read {PATH}: {error.strerror}") from error
    except (ValueError, RecursionError):
        # Not JSON, not UTF-8, or thousands of brackets.
        value = None
    if isinstance(value, list) and all(map(is_task, value)):
        return value
    raise Refusal(
        f"{PATH} is damaged or not a task list. It was left as it is: repair it, "
        "or move it away."
    )


def write_tasks(tasks: list[Task]) -> None:
    """Replace the file as a whole.

    A rename is atomic: whoever opens the file, and whatever is left after a crash, is
    either the old list or the new one. Only one run at a time may do this, because
    they share the draft's name.
    """
    draft = f"{PATH}.draft"
    try:
        # Half a surrogate pair, which JSON may hold and UTF-8 may not, stays the
        # escape that it was.
        with open(draft, "w", encoding="utf-8", errors="backslashreplace") as file:
            json.dump(tasks, file, indent=2, ensure_ascii=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, PATH)
    except OSError as error:
        raise Refusal(f"Can't write {PATH}: {error.strerror}") from error


def is_task(value: Any) -> bool:
    texts = ("description", "createdAt", "updatedAt")
    # type() and not isinstance(): for the latter, true is an int.
    return (
        isinstance(value, dict)
        and type(value.get("id")) is int
        and value.get("status") in STATUSES
        and all(isinstance(value.get(name), str) for name in texts)
    )
