from __future__ import annotations

import sys


def main(arguments: list[str]) -> None:
    command = arguments[0] if arguments else None
    if command == "add":
        add(arguments[1:])
    # The other commands go here: update, delete, mark-in-progress, mark-done, list.
    else:
        print(f"Not built yet: {command}")


def add(arguments: list[str]) -> None:
    description = arguments[0] if arguments else None
    print(f'Not built yet: adding "{description}"')


if __name__ == "__main__":
    main(sys.argv[1:])
