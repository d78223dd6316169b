"""Learning a heat equation on a disc: stores, training, rolling out, keeping, refusing."""

import dataclasses

import numpy as np
import pytest
import pyvista as pv
import torch

from graphformers.errors import DataError, ModelFileError
from graphformers.physics import Stepper, StepperConfig
from graphformers.physics.mesh_series import INFLOW, NODE_TYPES, NORMAL, MeshSeries
from graphformers.physics.models import PhysGTOConfig
from graphformers.physics.reading import case_from_dataset
from graphformers.physics.series_store import SeriesStore
from graphformers.training import TrainingConfig

STEPS, TIME_STEP = 7, 0.1
BETTER_THAN_STANDING_STILL = 0.5  # error of a step as a share of its change


def series(name, phase, *, times=None, fields=None):
    """Heat that spreads over a disc whose rim has a fixed temperature."""
    disc = pv.Disc(inner=0.0, outer=1.0, r_res=4, c_res=12).clean().triangulate()
    mesh = dataclasses.replace(case_from_dataset(disc), name=name)
    rim = np.linalg.norm(mesh.points, axis=1) > 0.99
    start = np.cos(2 * np.arctan2(mesh.points[:, 1], mesh.points[:, 0]) + phase)
    states = [np.where(rim, start, start + phase)]
    for _ in range(STEPS - 1):
        total, count = np.zeros(len(start)), np.zeros(len(start))
        for one, other in (mesh.edges, mesh.edges[::-1]):
            np.add.at(total, one, states[-1][other])
            np.add.at(count, one, 1)
        spread = states[-1] + 0.4 * (total / count - states[-1])
        states.append(np.where(rim, states[-1], spread))
    return MeshSeries(
        mesh=mesh,
        times=TIME_STEP * np.arange(STEPS) if times is None else times,
        node_types=np.where(rim, INFLOW, NORMAL),
        read_step=lambda step: fields or {"T": states[step][:, None]},
    )


@pytest.fixture
def store(tmp_path):
    made = (series(f"disc {number}", 0.3 * number) for number in range(4))
    return SeriesStore.write(made, tmp_path / "series.zarr", fields=["T"])


def config(epochs=2):
    architecture = PhysGTOConfig(
        dim=16, heads=2, tokens=4, blocks=1, octaves=2, hidden=16, dropout=0.0
    )
    training = TrainingConfig(epochs=epochs, batch_size=6, learning_rate=5e-3, warmup_epochs=0)
    return StepperConfig(architecture=architecture, training=training, noise=0.001)


@pytest.fixture
def fitted(store):
    return Stepper("physgto", config()).fit(store)


def test_a_graph_is_a_step_and_its_target_the_next_one(store):
    assert len(store) == 4 * (STEPS - 1)
    graph = store.select([STEPS])  # the second step of the second series
    truth = series("disc 1", 0.3)
    np.testing.assert_allclose(graph.x[:, 0], truth.read_step(1)["T"][:, 0], rtol=1e-6)
    np.testing.assert_allclose(graph.target, truth.read_step(2)["T"], rtol=1e-6)
    assert graph.x.shape[1] == 1 + NODE_TYPES
    np.testing.assert_array_equal(graph.x[:, 1:].argmax(dim=1), truth.node_types)
    assert graph.conditions.tolist() == [[pytest.approx(TIME_STEP)]]


def test_steps_of_different_series_make_one_batch(store):
    batch = store.select([0, STEPS])
    assert batch.num_graphs == 2
    assert torch.equal(batch.select([1]).x, store.select([STEPS]).x)


def test_a_stepper_learns_to_do_better_than_standing_still(store):
    stepper = Stepper("physgto", config(epochs=60)).fit(store)
    assert stepper.history_.best_value < BETTER_THAN_STANDING_STILL


def test_a_rollout_gives_one_state_per_step_and_keeps_the_rim(fitted, store):
    first = store.select([0])
    states = list(fitted.rollout(first, steps=5))
    rim = store.node_types(0) == INFLOW
    assert [state["T"].shape for state in states] == [(first.num_nodes, 1)] * 5
    for state in states:
        np.testing.assert_allclose(state["T"][rim], first.x[rim, :1], atol=1e-5)
    assert not np.allclose(states[0]["T"], states[-1]["T"])


def test_a_rollout_leaves_gradients_switched_on(fitted, store):
    for _ in fitted.rollout(store.select([0]), steps=2):
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()


def test_prescribed_values_come_back(fitted, store):
    first = store.select([0])
    rim = store.node_types(0) == INFLOW
    prescribed = torch.full((2, first.num_nodes, 1), 0.25)
    for state in fitted.rollout(first, steps=2, prescribed=prescribed):
        np.testing.assert_allclose(state["T"][rim], 0.25, atol=1e-5)
        assert not np.allclose(state["T"][~rim], 0.25)


def test_a_saved_stepper_rolls_out_the_same_bits(fitted, store, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = Stepper.load(tmp_path / "model")
    assert loaded.fields_ == ("T",)
    for one, other in zip(
        fitted.rollout(store.select([3]), steps=3),
        loaded.rollout(store.select([3]), steps=3),
        strict=True,
    ):
        np.testing.assert_array_equal(one["T"], other["T"])


def test_series_of_another_kind_are_refused(tmp_path):
    with pytest.raises(DataError, match="no field 'p'"):
        SeriesStore.write([series("one", 0.1)], tmp_path / "a.zarr", fields=["p"])
    with pytest.raises(DataError, match="used twice"):
        SeriesStore.write([series("one", 0.1)] * 2, tmp_path / "b.zarr", fields=["T"])
    bad = series("bad", 0.1, fields={"T": np.full((37, 1), np.nan)})
    with pytest.raises(DataError, match=r"step 0: field 'T'"):
        SeriesStore.write([bad], tmp_path / "c.zarr", fields=["T"])
    assert not list(tmp_path.iterdir())


def test_mixed_time_steps_are_refused(tmp_path):
    uneven = series("uneven", 0.1, times=np.arange(STEPS) ** 2.0)
    store = SeriesStore.write([uneven], tmp_path / "uneven.zarr", fields=["T"])
    with pytest.raises(DataError, match="steps of one length"):
        Stepper("physgto", config()).fit(store)


def test_times_must_ascend(tmp_path):
    with pytest.raises(DataError, match="ascending"):
        SeriesStore.write(
            [series("back", 0.1, times=-np.arange(STEPS))], tmp_path / "back.zarr", fields=["T"]
        )


def test_a_folder_of_another_estimator_is_refused(fitted, tmp_path):
    fitted.model_.save_pretrained(tmp_path)
    with pytest.raises(ModelFileError, match="bare PhysGTO"):
        Stepper.load(tmp_path)
