"""Training, resuming, predicting, and the folder a run leaves behind."""

from graphformers.training.config import TrainingConfig
from graphformers.training.fit import TrainingHistory, fit, predict
from graphformers.training.objective import (
    CategoricalCrossEntropy,
    MaskedClassification,
    MaskedRegression,
    Objective,
)
from graphformers.training.report import Report
from graphformers.training.run_folder import RunFolder

__all__ = [
    "CategoricalCrossEntropy",
    "MaskedClassification",
    "MaskedRegression",
    "Objective",
    "Report",
    "RunFolder",
    "TrainingConfig",
    "TrainingHistory",
    "fit",
    "predict",
]
