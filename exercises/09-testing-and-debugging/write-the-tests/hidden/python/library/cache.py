"""The cache of this run: a right one, or one that breaks a promise of README.md.

CACHE_VARIANT names it, by its line in variants.txt.
"""

import os

_VARIANT = os.environ.get("CACHE_VARIANT", "as-given")

if _VARIANT == "linked-list":
    from cache_linked_list import Cache
elif _VARIANT == "sorted-array":
    from cache_sorted_array import Cache
elif _VARIANT == "jumping-clock":
    from cache_jumping_clock import Cache
elif _VARIANT == "slow-machine":
    from cache_slow_machine import Cache
else:
    from cache_as_given import Cache

__all__ = ["Cache"]
