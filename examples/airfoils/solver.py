"""OpenFOAM v1912: write a simpleFoam case with Spalart-Allmaras, run it, read the coefficients."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from poly_mesh import HEADER
from solved_cases.openfoam import coefficient_columns, run_program

SPEED = 1.0  # m/s, with a chord of 1 m
TURBULENCE_RATIO = 3.0  # nuTilda / nu far away, as fully turbulent flow wants it
WINDOW = 80  # last iterations over which the lift has to stand still
LARGEST_DRIFT = 0.02


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What one solution is computed for."""

    angle_of_attack_deg: float
    reynolds: float
    iterations: int = 700
    span: float = 0.1

    @property
    def velocity(self) -> tuple[float, float]:
        """The airfoil is fixed, the flow turns."""
        angle = np.deg2rad(self.angle_of_attack_deg)
        return SPEED * np.cos(angle), SPEED * np.sin(angle)

    @property
    def viscosity(self) -> float:
        """Kinematic, m2/s."""
        return SPEED / self.reynolds


def write_case(case: Path, flow: Flow) -> None:
    """Everything but the mesh."""
    u, v = flow.velocity
    far_nu_tilda = TURBULENCE_RATIO * flow.viscosity
    far_nut = far_nu_tilda * wall_damping(TURBULENCE_RATIO)
    write(case / "constant" / "transportProperties", transport(flow.viscosity))
    write(case / "constant" / "turbulenceProperties", TURBULENCE)
    write(case / "system" / "controlDict", control(flow))
    write(case / "system" / "fvSchemes", SCHEMES)
    write(case / "system" / "fvSolution", SOLUTION)
    velocity = f"({u:.10g} {v:.10g} 0)"
    far = f"type freestreamVelocity; freestreamValue uniform {velocity};"
    write_field(case, "U", "0 1 -1", velocity, far, "type noSlip;")
    far = "type freestreamPressure; freestreamValue uniform 0;"
    write_field(case, "p", "0 2 -2", "0", far, "type zeroGradient;")
    far = f"type freestream; freestreamValue uniform {far_nu_tilda:.6g};"
    wall = "type fixedValue; value uniform 0;"
    write_field(case, "nuTilda", "0 2 -1", f"{far_nu_tilda:.6g}", far, wall)
    far = f"type freestream; freestreamValue uniform {far_nut:.6g};"
    wall = "type nutUSpaldingWallFunction; value uniform 0;"
    write_field(case, "nut", "0 2 -1", f"{far_nut:.6g}", far, wall)


def run(case: Path) -> dict[str, float]:
    """Solve and return the coefficients of the last iteration; ``RuntimeError`` when that fails."""
    run_program(case, "simpleFoam")
    return last_coefficients(case)


def last_coefficients(case: Path) -> dict[str, float]:
    """Lift, drag and moment; ``RuntimeError`` while the lift still moves."""
    found = coefficient_columns(case)
    drift = float(np.ptp(found["Cl"][-WINDOW:]))
    if not drift <= LARGEST_DRIFT:  # also where it is not a number
        raise RuntimeError(f"{case}: not converged, the lift moved by {drift:.3g} at the end")
    names = {"lift": "Cl", "drag": "Cd", "moment": "CmPitch"}
    return {f"{name}_coefficient": float(found[column][-1]) for name, column in names.items()}


def wall_damping(ratio: float) -> float:
    """Spalart-Allmaras: nut / nuTilda = chi^3 / (chi^3 + 7.1^3), chi = nuTilda / nu."""
    return ratio**3 / (ratio**3 + 7.1**3)


def write_field(case: Path, name: str, exponents: str, inside: str, far: str, wall: str) -> None:
    kind = "volVectorField" if name == "U" else "volScalarField"
    write(
        case / "0" / name,
        f"dimensions [{exponents} 0 0 0 0];\ninternalField uniform {inside};\n"
        f"boundaryField\n{{\n    farfield {{ {far} }}\n    airfoil {{ {wall} }}\n"
        "    sides { type empty; }\n}\n",
        kind=kind,
    )


def write(path: Path, text: str, *, kind: str = "dictionary") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER.format(kind=kind, name=path.name) + text)


def transport(viscosity: float) -> str:
    return f"transportModel Newtonian;\nnu {viscosity:.10g};\n"


def control(flow: Flow) -> str:
    u, v = flow.velocity
    return f"""application simpleFoam;
startFrom startTime;
startTime 0;
stopAt endTime;
endTime {flow.iterations};
deltaT 1;
writeControl timeStep;
writeInterval {flow.iterations};
writePrecision 10;
functions
{{
    coefficients
    {{
        type forceCoeffs;
        libs ("libforces.so");
        patches (airfoil);
        rho rhoInf;
        rhoInf 1;
        magUInf {SPEED};
        lRef 1;
        Aref {flow.span};
        CofR (0.25 0 0);
        pitchAxis (0 0 -1);
        dragDir ({u:.10g} {v:.10g} 0);
        liftDir ({-v:.10g} {u:.10g} 0);
    }}
    stress
    {{
        type wallShearStress;
        libs ("libfieldFunctionObjects.so");
        patches (airfoil);
        writeControl writeTime;
    }}
}}
"""


TURBULENCE = """simulationType RAS;
RAS
{
    RASModel SpalartAllmaras;
    turbulence on;
    printCoeffs off;
}
"""

SCHEMES = """ddtSchemes { default steadyState; }
gradSchemes { default cellLimited Gauss linear 1; grad(p) Gauss linear; }
divSchemes
{
    default none;
    div(phi,U) bounded Gauss linearUpwind grad(U);
    div(phi,nuTilda) bounded Gauss upwind;
    div((nuEff*dev2(T(grad(U))))) Gauss linear;
}
laplacianSchemes { default Gauss linear limited corrected 0.5; }
interpolationSchemes { default linear; }
snGradSchemes { default limited corrected 0.5; }
wallDist { method meshWave; }
"""

SOLUTION = """solvers
{
    p { solver GAMG; smoother GaussSeidel; tolerance 1e-8; relTol 0.05; }
    "(U|nuTilda)"
    {
        solver smoothSolver;
        smoother symGaussSeidel;
        tolerance 1e-9;
        relTol 0.05;
        nSweeps 2;
    }
}
SIMPLE
{
    nNonOrthogonalCorrectors 0;
    consistent yes;
    residualControl { p 1e-6; U 1e-6; nuTilda 1e-6; }
}
relaxationFactors { equations { U 0.8; nuTilda 0.7; } }
"""
