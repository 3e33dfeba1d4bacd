from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from datetime import datetime, timezone

from in_turn import in_turn
from refusal import Refusal
from task_file import STATUSES, Task, read_tasks, write_tasks


def main() -> int:
    # Whatever the machine is set to, the tasks are UTF-8.
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.stderr.reconfigure(encoding="utf-8")
    try:
        arguments = parser().parse_args([as_utf8(word) for word in sys.argv[1:]])
        print(arguments.run(arguments))
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """What can be typed. argparse itself explains mistakes, on stderr, and exits."""
    result = argparse.ArgumentParser(
        prog="task-cli", description="Keeps a to-do list in the current directory."
    )
    commands = result.add_subparsers(metavar="<command>", required=True)

    def command(
        name: str, run: Callable[[argparse.Namespace], str], explanation: str
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=explanation, description=explanation)
        added.set_defaults(run=run)
        return added

    adding = command("add", add, "Add a task.")
    adding.add_argument("description", type=text)

    updating = command("update", update, "Give a task another description.")
    updating.add_argument("id")
    updating.add_argument("description", type=text)

    command("delete", delete, "Remove a task.").add_argument("id")

    for status in ("in-progress", "done"):
        marking = command(f"mark-{status}", mark, f'Set the status "{status}".')
        marking.set_defaults(status=status)
        marking.add_argument("id")

    listing = command("list", list_tasks, "Show all tasks, or those with one status.")
    listing.add_argument("status", nargs="?", choices=STATUSES)
    return result


def add(arguments: argparse.Namespace) -> str:
    with in_turn():
        tasks = read_tasks()
        # One more than the highest, not than the number of tasks: after a delete that
        # one may still be in use.
        new_id = max((task["id"] for task in tasks), default=0) + 1
        created_at = now()
        tasks.append(
            {
                "id": new_id,
                "description": arguments.description,
                "status": "todo",
                "createdAt": created_at,
                "updatedAt": created_at,
            }
        )
        write_tasks(tasks)
    return f"Task added successfully (ID: {new_id})"


def update(arguments: argparse.Namespace) -> str:
    change(arguments.id, description=arguments.description)
    return f"Task updated successfully (ID: {arguments.id})"


def mark(arguments: argparse.Namespace) -> str:
    change(arguments.id, status=arguments.status)
    return f"Task marked as {arguments.status} (ID: {arguments.id})"


def delete(arguments: argparse.Namespace) -> str:
    with in_turn():
        tasks = read_tasks()
        tasks.remove(find(tasks, arguments.id))
        write_tasks(tasks)
    return f"Task deleted successfully (ID: {arguments.id})"


def list_tasks(arguments: argparse.Namespace) -> str:
    # Without a turn: the file is replaced as a whole, so a reader always gets a
    # consistent list.
    lines = [
        f"{task['id']}  {task['status']:<11}  {task['description']}"
        for task in read_tasks()
        if arguments.status in (None, task["status"])
    ]
    return "\n".join(lines) or "No tasks"


def change(wanted: str, **properties: str) -> None:
    """Read, change and write a task in one turn.

    What was read before it could be out of date by then.
    """
    with in_turn():
        tasks = read_tasks()
        find(tasks, wanted).update(properties, updatedAt=now())
        write_tasks(tasks)


def find(tasks: list[Task], wanted: str) -> Task:
    # Compared as text, because int() would also take " 1", "+1" and "0_1" for 1.
    for task in tasks:
        if str(task["id"]) == wanted:
            return task
    raise Refusal(f'There is no task with the ID "{wanted}".')


def text(argument: str) -> str:
    if not argument.strip():
        raise argparse.ArgumentTypeError("a task needs a description")
    return argument


def as_utf8(argument: str) -> str:
    # Python decoded it by the locale, in a way that can be taken back.
    try:
        return os.fsencode(argument).decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal("An argument is not UTF-8.") from None


def now() -> str:
    at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return at.replace("+00:00", "Z")


if __name__ == "__main__":
    sys.exit(main())
