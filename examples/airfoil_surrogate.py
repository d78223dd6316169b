"""Learn the flow around airfoils from solved cases, then ask about one that was not among them.

python examples/airfoil_surrogate.py
"""

from pathlib import Path

import numpy as np

from graphformers.physics import Surrogate, SurrogateConfig, bundled_airfoils, read_case
from graphformers.physics.external_flow import coefficients
from graphformers.physics.pictures import comparison_picture, write_picture
from graphformers.training import TrainingConfig


def main() -> None:
    cases = bundled_airfoils()  # a folder of VTU files with a cases.csv that says their split
    training = TrainingConfig(epochs=4, batch_size=1, learning_rate=2e-3, threads=1)
    surrogate = Surrogate(config=SurrogateConfig(training=training))
    surrogate.fit(cases, fields=["p", "U"])

    unseen = cases / "0000.vtu"
    flow = surrogate.predict(unseen)  # a PyVista data set with p, p_truth, p_error, U, ...
    error = np.linalg.norm(flow["p_error"]) / np.linalg.norm(flow["p_truth"])
    print(f"pressure of {unseen.name}: relative L2 error {error:.2f} after four epochs")

    case = read_case(unseen)
    predicted = surrogate.predict_fields(case)
    lift = coefficients(case, predicted).lift
    solver = case.results["lift_coefficient"]
    print(f"lift coefficient {lift:.2f}, solver {solver:.2f}")

    picture = Path("airfoil_pressure.png")
    write_picture(comparison_picture(case, predicted["p"], "p"), picture)
    print(f"picture: {picture}")


if __name__ == "__main__":
    main()
