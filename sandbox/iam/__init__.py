"""Who may do what: policies as AWS evaluates them, for every call that a role or a user makes."""

from __future__ import annotations
