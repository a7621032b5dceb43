"""AWS operations as plain functions: the request is checked against botocore's model, the answer follows it.

moto trusts what botocore sends, and botocore checks required keys and types only. AWS checks patterns, enums,
lengths and ranges too, so a name that is too long passes moto and fails on AWS. `shapes` finds such values
and words them as AWS does; `operations` calls a function with the checked request and serves it as one
operation of a service.
"""

from __future__ import annotations
