"""The local AWS: what `mlops demo` and `mlops sandbox` run everything against, with no AWS account.

The story, in the order of a request:

1. `server` is one WSGI application in one process: moto's own server (a simulation of the AWS APIs), with our
   control routes and the API Gateway's URL in front of it, and with readable errors where moto has none.
2. `accounts` decides whose request it is: an access key id of exactly 12 digits is the root of that account,
   an `ASIA...` key is a session of an assumed role.
3. `iam` decides whether it may: identity policies, permissions boundaries, trust policies, bucket policies.
   Root of an account is never refused inside it.
4. moto answers, as mended and completed by the extensions that `extensions` lists, one service a module.
   What AWS would do by itself afterwards (run a build, invoke a function, deliver an event) happens in
   threads and processes that call back by HTTP with the credentials of the role that AWS would use:
   `context`.

It is a rehearsal stage, not a product for production: no isolation between tenants, no durability, no quotas.
A fault of the simulation is mended here; Terraform modules are written for AWS and never bent to suit it.
"""

from __future__ import annotations
