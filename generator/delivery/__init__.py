"""The delivery runner: what AWS CodeBuild runs from a bundle, stage by stage.

    python3 -m delivery plan           read-only role: save the plan, say in a few words what it does
    python3 -m delivery apply          deployer role: apply that very plan, then run the pipeline's jobs
    python3 -m delivery verify         read-only role: compare what is live with the plan, write the record
    python3 -m delivery provision      copy the pinned artifacts, apply the delivery pipeline, start an execution
    python3 -m delivery install STEP   before each: put in place what the build image lacks for it

A bundle carries this package at its root, so it imports nothing but itself, the standard library and
boto3. What a build is told comes from its environment (``settings.py``) and from the bundle's
``manifest.json``; the outside world is reached through ``terraform.py`` and ``aws.py`` alone.
"""
