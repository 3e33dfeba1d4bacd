import re
from typing import Callable, NamedTuple, Optional

MOST_SQUARINGS = 1_000_000_000

# Between two looks at whether it should stop: a few milliseconds.
SLICE = 2000


class Puzzle(NamedTuple):
    base: int
    modulus: int
    squarings: int


def parse_puzzle(query: "dict[str, list[str]]") -> Optional[Puzzle]:
    """None when the parameters do not make a puzzle."""
    texts = [query.get(name, [""])[0] for name in Puzzle._fields]
    # int() alone would also take "-7", " 7 ", "1_000" and digits of other scripts.
    if not all(re.fullmatch("[0-9]{1,200}", text) for text in texts):
        return None
    puzzle = Puzzle(*map(int, texts))
    return puzzle if puzzle.modulus >= 2 and 1 <= puzzle.squarings <= MOST_SQUARINGS else None


def solve(puzzle: Puzzle, is_cancelled: Callable[[], bool]) -> Optional[int]:
    """None when it was cancelled."""
    x = puzzle.base % puzzle.modulus
    left = puzzle.squarings
    while left > 0:
        if is_cancelled():
            return None
        step = min(left, SLICE)
        # So many squarings in one call, instead of so many turns of an interpreted loop.
        x = pow(x, 1 << step, puzzle.modulus)
        left -= step
    return x
