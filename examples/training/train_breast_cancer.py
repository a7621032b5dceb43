"""Trains the example model: an XGBoost classifier of the breast cancer data set that scikit-learn ships.

Not part of the set-up: the artifact it writes is committed. To make it again:

    pip install scikit-learn xgboost-cpu && python examples/training/train_breast_cancer.py

It writes to ``examples/assets/breast-cancer/``: ``model.tar.gz`` (the booster as SageMaker's XGBoost
container reads it: a member named ``xgboost-model``), ``train.csv``, ``validation.csv`` and ``test.csv``
(label first, no header), ``labelled.csv`` (all rows, with a header), ``baseline.csv`` (a header, the label, what
the model predicts, then the features) and ``shap-baseline.csv`` (the mean of each feature).
"""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import numpy as np
import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "breast-cancer"


def main() -> None:
    """Train, print the accuracy on the held-out part, write the artifact."""
    features, labels = load_breast_cancer(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(
        features, labels, test_size=0.2, random_state=7, stratify=labels
    )
    parameters = {"objective": "binary:logistic", "max_depth": 2, "eta": 0.3, "seed": 7, "nthread": 1}
    booster = xgboost.train(parameters, xgboost.DMatrix(train_x, train_y), num_boost_round=20)
    accuracy = np.mean((booster.predict(xgboost.DMatrix(test_x)) > 0.5) == test_y)
    print(f"accuracy on {len(test_y)} held-out rows: {accuracy:.3f}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "model.tar.gz").write_bytes(_archive("xgboost-model", bytes(booster.save_raw("ubj"))))
    for name, labels_of, features_of in (
        ("train", train_y[:-80], train_x[:-80]),
        ("validation", train_y[-80:], train_x[-80:]),
        ("test", test_y[:20], test_x[:20]),
    ):
        np.savetxt(FOLDER / f"{name}.csv", np.column_stack([labels_of, features_of]), delimiter=",", fmt="%.6g")
    probability = booster.predict(xgboost.DMatrix(test_x))
    names = [str(name).replace(" ", "_") for name in load_breast_cancer().feature_names]
    np.savetxt(
        FOLDER / "labelled.csv",
        np.column_stack([np.concatenate([train_y, test_y]), np.concatenate([train_x, test_x])]),
        delimiter=",",
        fmt="%.6g",
        header=",".join(["benign", *names]),
        comments="",
    )
    np.savetxt(
        FOLDER / "baseline.csv",
        np.column_stack([test_y, probability > 0.5, probability, test_x]),
        delimiter=",",
        fmt="%.6g",
        header=",".join(["benign", "prediction", "probability", *names]),
        comments="",
    )
    np.savetxt(FOLDER / "shap-baseline.csv", test_x.mean(axis=0, keepdims=True), delimiter=",", fmt="%.6g")


def _archive(name: str, content: bytes) -> bytes:
    """Return a tar.gz with one member and no times, so that the same model gives the same bytes."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


if __name__ == "__main__":
    main()
