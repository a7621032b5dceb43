"""Right on AWS, checked: what the project emits, held against the public definitions of AWS.

    spread ──► planning (Terraform, real provider, offline) ──► plans ──► resources          botocore's service models
    sources ─► calls                                              │       states_language    Amazon States Language
    configs ─► bundles                                            │       policies           IAM's list of actions
                                                                  │       cloudformation     resource schemas
                                                                  │       pipelines, builds, events, limits, images
                                                                  └────►  permissions        roles against their work

Each checker is pure and yields findings; ``everything`` holds all of it against all of them. docs/fidelity.md says what
is held against what, and what cannot be.
"""
