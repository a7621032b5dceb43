"""Write generator/data/instances.json: which ML instance type exists for which kind of job, and its hardware.

Sources, both installed with the development packages:
- the enumerations of botocore's SageMaker service model say which types each kind of job takes;
- the EC2 DescribeInstanceTypes data that moto ships says which of them have local storage that hardware encrypts
  (AWS refuses a KMS key for it), accelerators, and Arm processors. The few types that EC2 no longer lists
  are given here by hand.

Usage: python tools/instance_table.py
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import moto

TARGET = Path(__file__).parent.parent / "generator" / "data" / "instances.json"
JOB_KINDS = {
    "endpoint": "ProductionVariantInstanceType",
    "transform": "TransformInstanceType",
    "training": "TrainingInstanceType",
    "processing": "ProcessingInstanceType",
}
# Not in EC2's list any more (or not yet): accelerator and local storage in GB from AWS's instance pages.
BY_HAND: dict[str, tuple[str, int]] = {
    "dl1.24xlarge": ("gaudi", 4000),
    "p2.xlarge": ("gpu", 0),
    "p2.8xlarge": ("gpu", 0),
    "p2.16xlarge": ("gpu", 0),
    "p3.2xlarge": ("gpu", 0),
    "p3.8xlarge": ("gpu", 0),
    "p3.16xlarge": ("gpu", 0),
    "p6e-gb200.36xlarge": ("gpu", 22500),
}


def main() -> None:
    """Write the table and say how many types it holds."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    listed = {kind: set(model.shape_for(shape).enum) for kind, shape in JOB_KINDS.items()}
    resource = Path(moto.__file__).parent / "ec2" / "resources" / "instance_types.json.gz"
    ec2: dict[str, Any] = json.loads(gzip.decompress(resource.read_bytes()))
    types = {}
    for name in sorted(set().union(*listed.values())):
        short = name.removeprefix("ml.")
        mask = sum(1 << index for index, kind in enumerate(JOB_KINDS) if name in listed[kind])
        processor, local_gb = hardware(short, ec2)
        types[short] = [mask, processor, local_gb]
    document = {
        "about": "ML instance type (without ml.) to [kinds of job as a bit mask, processor, local storage in GB]; "
        "made by tools/instance_table.py",
        "sources": [
            f"botocore {botocore.__version__}, SageMaker service model: {', '.join(JOB_KINDS.values())}",
            f"EC2 DescribeInstanceTypes as shipped in moto {moto.__version__}",
        ],
        "kinds": list(JOB_KINDS),
    }
    head = json.dumps(document, indent=1)[:-2]
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row, separators=(',', ':'))}" for name, row in types.items())
    TARGET.write_text(f'{head},\n "types": {{\n{rows}\n }}\n}}\n', encoding="utf-8")
    print(f"{TARGET.name}: {len(types)} instance types")


def hardware(name: str, ec2: dict[str, Any]) -> tuple[str, int]:
    """Return processor (cpu, arm, gpu, neuron, gaudi) and local storage in GB that hardware encrypts, else 0."""
    found = ec2.get(name)
    if found is None:
        return BY_HAND[name]
    storage = found.get("InstanceStorageInfo", {})
    local_gb = storage.get("TotalSizeInGB", 0) if storage.get("EncryptionSupport") == "required" else 0
    if "NeuronInfo" in found or "InferenceAcceleratorInfo" in found or name.startswith(("inf", "trn")):
        return "neuron", local_gb
    if "GpuInfo" in found:
        return "gpu", local_gb
    arm = "arm64" in found.get("ProcessorInfo", {}).get("SupportedArchitectures", ())
    return ("arm" if arm else "cpu"), local_gb


if __name__ == "__main__":
    main()
