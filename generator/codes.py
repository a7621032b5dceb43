"""The stable code of every kind of problem, with what it means. ``docs/errors.md`` is made from this table.

A code never changes its meaning and is never used again for another: scripts may match on it.
"""

from __future__ import annotations

from collections.abc import Mapping

FILES: Mapping[str, str] = {
    "bad-json": "The text is not JSON: a comma, quote or bracket is missing or too many, or there is a comment.",
    "bad-yaml": "The text is not YAML, or uses what configs do not: tags, keys that are not text, recursive aliases.",
    "control-character": "A text holds a character that cannot be printed, or half a surrogate pair.",
    "empty-file": "There is no config in the file: nothing, only comments, or an empty list.",
    "not-an-object": "A config is an object of keys and values; this is a text, number, list or null.",
    "not-utf-8": "The file is not UTF-8 text.",
    "repeated-key": "A key stands twice in one object, or in two spellings; only one could count.",
    "several-requests": "The API takes one request at a time.",
    "tab-indentation": "YAML is indented with spaces; this line is indented with a tab.",
    "too-deep": "The document is nested more deeply than any config needs.",
    "too-large": "The file is larger than a config can be, or its aliases expand to too much.",
}
KEYS: Mapping[str, str] = {
    "empty-value": "A required key has no value: null, an empty text or an empty object.",
    "missing-key": "A required key is missing. Some are required only with, or only without, the model registry, or "
    "for some problem types.",
    "missing-stage": "A per-stage object has no value for a stage of the platform.",
    "not-per-stage": "The key has one value for all stages, or the pipeline runs once, in the orchestrator account.",
    "unknown-key": "The key does not exist for this pipeline type. Nothing is ignored silently.",
    "unknown-stage": "A per-stage object names a stage that the platform does not have.",
}
VALUES: Mapping[str, str] = {
    "bad-format": "The text does not have the form that the key needs; the message says which.",
    "bad-json-text": "The text should be JSON, as the AWS solution writes some keys, but is not.",
    "not-allowed": "The value is not one of the few that the key takes.",
    "out-of-range": "The number is too small or too large, or not a multiple of the step.",
    "repeated": "An element that must be unique stands twice.",
    "too-few": "The list or object has too few elements.",
    "too-long": "The text has too many characters, or would make a name longer than AWS allows.",
    "too-many": "The list or object has too many elements.",
    "too-short": "The text has too few characters.",
    "unknown-pipeline-type": "There is no such pipeline type.",
    "wrong-type": "The value has another JSON type than the key takes.",
}
AWS_VALUES: Mapping[str, str] = {
    "bad-arn": "The value is not an ARN of the kind that the key takes.",
    "bad-bucket": "S3 does not allow this bucket name.",
    "bad-image-tag": "ECR does not allow this image tag.",
    "bad-image-uri": "The value is not the URI of an image in ECR.",
    "bad-json-path": "The value is not a JSONPath of the form that SageMaker takes.",
    "bad-kms-key": "The value is not the ARN of a KMS key; aliases and bare key ids are not accepted.",
    "bad-model-package": "The value is not the ARN of a model package version.",
    "bad-name": "AWS does not allow this name; usually letters, digits and hyphens are.",
    "bad-offset": "The value is not an ISO 8601 duration such as -PT1H.",
    "bad-range": "The range of a hyperparameter is not [kind, [min, max]] or [kind, [values]].",
    "bad-region": "The value does not have the form of an AWS region.",
    "bad-repository": "ECR does not allow this repository name.",
    "bad-s3-key": "The value is not the key of an object inside the assets bucket, without the bucket.",
    "bad-s3-location": "The value is not a bucket and a prefix: bucket/prefix or s3://bucket/prefix.",
    "bad-schedule": "AWS does not take a schedule of this form; monitors run hourly, every few hours or daily.",
    "bad-tag": "AWS does not allow this tag.",
    "instance-not-for-job": "The instance type exists, but not for this kind of job.",
    "unknown-instance-type": "There is no such ML instance type.",
}
RULES: Mapping[str, str] = {
    "arn-account": "A KMS key belongs to another account than the stage that uses it.",
    "arn-region": "A key, image or model package is in another region than the platform.",
    "cannot-combine": "Two keys, or two values, exclude each other.",
    "facets-do-not-fit": "The facets of bias_config and their values do not fit together.",
    "kms-local-storage": "AWS refuses a KMS key for the volume of an instance type with hardware-encrypted storage.",
    "labels-do-not-fit": "The labels of bias_config do not fit the problem type.",
    "min-above-max": "A lower bound is above, or not below, its upper bound.",
    "name-collision": "Two stages share an account, and would make a resource of the same name in it.",
    "needs-key": "A key that is given needs another one beside it.",
    "no-image": "AWS publishes no image for this combination of framework, version, Python, job and instance type.",
    "no-image-in-region": "AWS publishes the image, but not in the platform's region.",
    "no-model-package-group": "A model is to be registered, but no model package group is named or made.",
    "no-weight": "All variants have weight 0, so nothing would serve.",
    "objective-does-not-fit": "The metric does not exist for the problem type.",
    "runtime-exceeds-schedule": "A monitoring job could outlast the time to the next, which SageMaker does not allow.",
    "spot-wait-too-short": "The time for waiting and running with spot capacity is shorter than the run time alone.",
    "unknown-framework": "AWS publishes no images for a framework or algorithm of this name.",
    "unknown-framework-version": "AWS publishes images for the framework, but not in this version.",
    "volume-local-storage": "The volume size of an instance type with local storage cannot be chosen.",
    "wrong-range-kind": "The algorithm's hyperparameter has another kind than the range.",
}
PLATFORM: Mapping[str, str] = {
    "bad-blueprint": "The definition of a team's own blueprint is not valid.",
    "bad-platform-name": "The platform's name cannot be the prefix of AWS names.",
    "bad-stage-name": "The stage's name cannot be used, or is reserved.",
    "no-blueprint": "A folder named under blueprints holds no blueprint.json.",
    "unsafe-permission": "A blueprint asks for permissions that reach beyond what its pipelines own.",
}
REQUESTS: Mapping[str, str] = {
    "bad-metric-file": "The file of metrics of a model card does not follow the schema that its metric_type names.",
    "delivery-pipeline-missing": "The pipeline's delivery pipeline does not exist, so it cannot do this.",
    "missing-image": "The image that the config names does not exist.",
    "missing-model": "The SageMaker model that a model card is about does not exist in the orchestrator's account.",
    "missing-model-package": "The model package that the config names does not exist.",
    "missing-model-package-group": "The model package group that the config names does not exist.",
    "missing-object": "The object that the config names does not exist in the bucket.",
    "missing-repository": "The ECR repository that the config names does not exist.",
    "missing-training-job": "The training job that a model card is about does not exist in the orchestrator's account.",
    "model-card-operation": "The body is a model-card operation, which provisions no pipeline; send it to the API.",
    "model-has-card": "The SageMaker model has another model card already.",
    "model-package-not-approved": "The model package is not approved in the Model Registry.",
    "model-package-not-ready": "The model package is not complete.",
    "no-approved-model-package": "No version of the model package group is approved, so there is nothing to deploy.",
    "unknown-path": "The API has no such path.",
    "unknown-pipeline": "There is no pipeline of this name.",
    "unreadable-reference": "The orchestrator may not look at what the config names.",
}
GROUPS: Mapping[str, Mapping[str, str]] = {
    "Files": FILES,
    "Keys": KEYS,
    "Values": VALUES,
    "Values that AWS gives a meaning": AWS_VALUES,
    "Rules across keys": RULES,
    "Platform file and blueprints": PLATFORM,
    "Requests and what they refer to": REQUESTS,
}
CODES: Mapping[str, str] = {code: meaning for group in GROUPS.values() for code, meaning in group.items()}
