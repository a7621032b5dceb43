"""Small repairs, one service a module: what moto forgets, refuses or does not have.

Each module says in its first lines what is wrong without it, and `tests/sandbox/test_repairs.py` holds a
test for each against the AWS API.
"""

from __future__ import annotations
