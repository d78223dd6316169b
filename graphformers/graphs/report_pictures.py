"""Pictures of how good predictions on graphs are."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from graphformers.graphs.target_code import TargetCode
from graphformers.tasks import Task
from graphformers.tasks.agreement_pictures import confusion_plot, parity_plot, roc_plot

Values = NDArray[np.floating]
CAPTIONS = {
    "confusion": "Share of every class that is predicted as each; on the diagonal it is right.",
    "parity": "Predicted over measured values; on the line they are equal.",
    "roc": "ROC curves; on the line predictions are no better than chance.",
}


def report_pictures(
    encoded: Values,  # (rows, targets), in the units of the code
    predicted: Values,  # (rows, columns), NaN where there are none
    code: TargetCode,
) -> Mapping[str, bytes]:
    """PNG by the name of the picture."""
    if not code.classes:
        targets = code.scaling.restore(encoded)
        if code.task is Task.REGRESSION:
            return {"parity": parity_plot(targets, predicted, code.names)}
        return {"roc": roc_plot(targets, predicted, code.names)}
    known = ~(np.isnan(encoded[:, 0]) | np.isnan(predicted).any(axis=1))
    labels = [code.classes[int(one)] for one in encoded[known, 0]]
    found = [code.classes[int(one)] for one in np.argmax(predicted[known], axis=1)]
    return {"confusion": confusion_plot(labels, found, code.classes)}
