"""Turn the angle of attack of a surrogate, and leave pictures of what it predicts.

python examples/view_surrogate.py
"""

from pathlib import Path

from graphformers.physics import Surrogate, SurrogateConfig, bundled_airfoils
from graphformers.physics.app import Session
from graphformers.physics.pictures import write_views
from graphformers.training import TrainingConfig


def main() -> None:
    airfoils = bundled_airfoils()
    training = TrainingConfig(epochs=2, batch_size=1, warmup_epochs=1, threads=1)
    surrogate = Surrogate(config=SurrogateConfig(training=training))
    surrogate.fit([airfoils / f"{number:04d}.vtu" for number in (1, 4, 5, 6, 9, 12)], ["p", "U"])

    session = Session(surrogate)
    session.open(airfoils / "0000.vtu")
    for angle in (-2.0, 2.0, 6.0):
        session.set("angle_of_attack_deg", angle)
        if forces := session.forces():
            print(f"{angle:4.0f} degrees: lift coefficient {forces.lift:.3f}")
    print("(two epochs teach it hardly anything; examples/airfoil_surrogate.py trains longer)")

    for path in write_views(session.dataset(), "p", Path("pictures")):
        print(f"picture: {path}")
    surrogate.save("surrogate")
    print("for the page: graphformers physics app surrogate")


if __name__ == "__main__":
    main()
