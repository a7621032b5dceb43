"""The orchestrator's Lambda: answers the API, and the events of buckets, delivery pipelines and the registry.

    handler ─► events (what came) ─► app (who deals with it) ─┬─► provision    a config becomes a bundle and a delivery
                                                              ├─► status       where a pipeline stands; all pipelines
                                                              ├─► deprovision  the way back
                                                              ├─► objects      configs dropped into a bucket
                                                              ├─► approvals    a model version that was approved
                                                              ├─► finished     a delivery pipeline has done its last
                                                              └─► cards        model cards

It makes no infrastructure: it checks, bundles, stores the bundle and starts the provisioner (AWS CodeBuild) or a
delivery pipeline. What it knows of its platform (``platform.json``, ``structure.json.xz``) was put into its zip.
"""
