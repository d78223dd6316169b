"""Training, stopping and resuming."""

import dataclasses
import math
import signal
from itertools import chain

import lightning.pytorch as lightning
import pytest
import torch
import torch.nn.functional as F
from lightning.pytorch.callbacks import Callback

from graphformers.errors import ConfigError, DataError
from graphformers.training import (
    CategoricalCrossEntropy,
    MaskedRegression,
    TrainingConfig,
    fit,
    predict,
)
from graphformers.training.batches import EpochBatches
from graphformers.training.run_folder import RESUME_FILE
from graphformers.training.schedule import learning_rate_factor


class StopAfter(Callback):
    """Pulls the plug in the middle of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if trainer.current_epoch == self.epoch and batch_idx == 1:
            raise RuntimeError("power cut")


def run(model, graphs, config, **options):
    train, validation = graphs.select(range(20)), graphs.select(range(20, 30))
    return fit(model, MaskedRegression("mse"), train, validation, config, **options)


@pytest.mark.parametrize("average_decay", [0.0, 0.9])
def test_resumed_run_gives_the_numbers_of_an_uninterrupted_one(
    make_model, graphs, tmp_path, average_decay
):
    config = TrainingConfig(
        epochs=6, batch_size=6, learning_rate=0.01, seed=5, average_decay=average_decay
    )
    whole_model, cut_model = make_model(), make_model()
    whole = run(whole_model, graphs, config, folder=tmp_path / "whole")
    with pytest.raises(RuntimeError, match="power cut"):
        run(cut_model, graphs, config, folder=tmp_path / "cut", callbacks=[StopAfter(3)])
    resumed_model = make_model()
    resumed = run(resumed_model, graphs, config, folder=tmp_path / "cut", resume=True)

    assert resumed.rows == whole.rows
    assert resumed.best_epoch == whole.best_epoch
    for name, value in whole_model.state_dict().items():
        assert torch.equal(resumed_model.state_dict()[name], value), name


def test_ctrl_c_reaches_the_caller_and_the_run_can_be_resumed(make_model, graphs, tmp_path):
    class PressCtrlC(Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            if trainer.current_epoch == 2:
                raise KeyboardInterrupt

    config = TrainingConfig(epochs=4, batch_size=6)
    listening = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run(make_model(), graphs, config, folder=tmp_path, callbacks=[PressCtrlC()])
    assert signal.getsignal(signal.SIGINT) is listening
    resumed = run(make_model(), graphs, config, folder=tmp_path, resume=True)
    assert resumed.rows == run(make_model(), graphs, config).rows


def test_training_lowers_the_error_and_keeps_the_best_epoch(make_model, graphs):
    model = make_model()
    history = run(model, graphs, TrainingConfig(epochs=30, batch_size=5, learning_rate=0.02))
    values = [row["validation_rmse"] for row in history.rows]
    assert values[history.best_epoch] == min(values) == history.best_value
    assert history.best_value < 0.5 * values[0]
    prediction = torch.cat(list(predict(model, graphs.select(range(20, 30)), batch_size=3)))
    error = (prediction - graphs.target[20:]).square().mean().sqrt().item()
    assert error == pytest.approx(history.best_value, rel=1e-5)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
def test_every_precision_learns_with_clipped_gradients(precision, make_model, graphs):
    config = TrainingConfig(
        epochs=20, batch_size=5, learning_rate=0.02, precision=precision, gradient_clip=1.0
    )
    history = run(make_model(), graphs, config)
    assert history.best_value < 0.5 * history.rows[0]["validation_rmse"]


def test_patience_stops_a_run_that_no_longer_improves(make_model, graphs):
    config = TrainingConfig(epochs=50, batch_size=20, learning_rate=1e-12, patience=3)
    history = run(make_model(), graphs, config)
    assert len(history.rows) < 50


def test_empty_part_is_refused(make_model, graphs):
    empty = graphs.select([])
    with pytest.raises(DataError, match="validation part is empty"):
        fit(make_model(), MaskedRegression(), graphs, empty, TrainingConfig(epochs=1))


def test_resuming_without_a_checkpoint_is_refused(make_model, graphs, tmp_path):
    with pytest.raises(DataError, match="nothing to resume"):
        run(make_model(), graphs, TrainingConfig(epochs=1), folder=tmp_path, resume=True)


def test_a_failed_write_keeps_the_previous_resume_checkpoint(
    make_model, graphs, tmp_path, monkeypatch
):
    config = TrainingConfig(epochs=2, batch_size=6)
    run(make_model(), graphs, config, folder=tmp_path)
    before = (tmp_path / RESUME_FILE).read_bytes()

    def full_disk(self, path, weights_only=False):
        path.write_bytes(b"half of a check")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lightning.Trainer, "save_checkpoint", full_disk)
    longer = TrainingConfig(epochs=3, batch_size=6)
    with pytest.raises(OSError, match="No space left"):
        run(make_model(), graphs, longer, folder=tmp_path, resume=True)
    assert (tmp_path / RESUME_FILE).read_bytes() == before
    assert not list(tmp_path.glob(".resume*"))


def test_missing_targets_do_not_change_the_loss(graphs):
    objective = MaskedRegression("l1")
    prediction = torch.zeros_like(graphs.target)
    target = graphs.target.clone()
    target[::2] = math.nan
    masked = objective.figures(prediction, target)
    kept = objective.figures(prediction[1::2], target[1::2])
    assert masked == pytest.approx(kept)


def test_batches_cover_every_graph_once_in_a_reproducible_order():
    first = EpochBatches(11, 4, shuffle=True, seed=1)
    second = EpochBatches(11, 4, shuffle=True, seed=1)
    for epoch in range(3):
        first.set_epoch(epoch)
        second.set_epoch(epoch)
        assert list(first) == list(second)
        assert sorted(chain.from_iterable(first)) == list(range(11))
    second.set_epoch(0)
    assert list(first) != list(second)


@pytest.mark.parametrize("num_graphs", [1, 2, 3, 4, 5, 8, 9])
def test_no_training_batch_of_one_is_left_over(num_graphs):
    batches = list(EpochBatches(num_graphs, 4, shuffle=True))
    assert sorted(chain.from_iterable(batches)) == list(range(num_graphs))
    assert num_graphs == 1 or all(len(one) > 1 for one in batches)


def test_learning_rate_rises_to_its_peak_and_falls_to_zero():
    def factor(epoch, schedule="cosine"):
        return learning_rate_factor(epoch, epochs=20, warmup_epochs=4, schedule=schedule)

    assert factor(2) == 0.5
    assert factor(4) == 1.0
    assert factor(12) == pytest.approx(0.5)
    assert factor(20) == pytest.approx(0.0)
    assert factor(12, "linear") == pytest.approx(0.5)
    assert factor(19, "constant") == 1.0


def test_a_floor_is_where_the_learning_rate_ends():
    def factor(epoch, schedule="cosine"):
        options = {"epochs": 20, "warmup_epochs": 4, "schedule": schedule, "floor": 0.1}
        return learning_rate_factor(epoch, **options)

    assert factor(2) == 0.5
    assert factor(4) == 1.0
    assert factor(12) == pytest.approx(0.55)
    assert factor(20) == pytest.approx(0.1)
    assert factor(12, "linear") == pytest.approx(0.55)


PLATEAU = TrainingConfig(
    epochs=9,
    batch_size=20,
    learning_rate=1e-6,  # too small to improve anything by the least that counts
    final_learning_rate=2e-7,
    warmup_epochs=0.0,
    schedule="plateau",
    plateau_patience=1,
)


def test_a_plateau_halves_the_learning_rate_down_to_the_last(make_model, graphs):
    rates = [row["learning_rate"] for row in run(make_model(), graphs, PLATEAU).rows]
    assert rates[0] == 1e-6
    assert rates[-1] == 2e-7
    assert set(rates) == {1e-6, 5e-7, 2.5e-7, 2e-7}
    assert rates == sorted(rates, reverse=True)


def test_a_run_on_a_plateau_resumes_to_the_same_numbers(make_model, graphs, tmp_path):
    config = dataclasses.replace(PLATEAU, batch_size=10)
    with pytest.raises(RuntimeError, match="power cut"):
        run(make_model(), graphs, config, folder=tmp_path, callbacks=[StopAfter(4)])
    resumed = run(make_model(), graphs, config, folder=tmp_path, resume=True)
    assert resumed.rows == run(make_model(), graphs, config).rows
    assert len({row["learning_rate"] for row in resumed.rows}) == 4


def test_cross_entropy_of_classes_leaves_out_what_is_unknown(graphs):
    logits = torch.randn(30, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(30) % 3
    target = labels[:, None].float()
    target[::2] = math.nan
    objective = CategoricalCrossEntropy()
    expected = F.cross_entropy(logits[1::2], labels[1::2]).item()
    assert objective.figures(logits, target)["cross_entropy"] == pytest.approx(expected, rel=1e-6)


def test_weights_of_classes_follow_how_often_a_batch_has_them(graphs):
    logits = torch.randn(30, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0] * 20 + [1] * 10)  # class 2 is not there
    batch = dataclasses.replace(graphs, target=labels[:, None].float())
    weights = torch.tensor([10 / 30, 20 / 30, 0.0])
    expected = F.cross_entropy(logits, labels, weight=weights)
    loss = CategoricalCrossEntropy(weighted=True).loss(logits, batch)
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"schedule": "plateau"}, "warmup_epochs must be 0"),
        ({"learning_rate": 1e-3, "final_learning_rate": 1e-2}, "must not exceed"),
        ({"plateau_factor": 1.0}, "plateau_factor"),
    ],
)
def test_schedules_that_contradict_themselves_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        TrainingConfig(**settings)


@pytest.mark.parametrize(
    ("field", "value"), [("epochs", 0), ("learning_rate", -1.0), ("average_decay", 1.0)]
)
def test_settings_out_of_range_are_refused(field, value):
    with pytest.raises(ConfigError, match=field):
        TrainingConfig(**{field: value})


def test_a_long_average_does_not_hold_a_short_run_at_its_random_start(make_model, graphs):
    raw = run(make_model(), graphs, TrainingConfig(epochs=10, batch_size=5, learning_rate=0.02))
    averaged = run(
        make_model(),
        graphs,
        TrainingConfig(epochs=10, batch_size=5, learning_rate=0.02, average_decay=0.999),
    )
    first, best = averaged.rows[0]["validation_rmse"], averaged.best_value
    assert best < 0.5 * (first + raw.best_value)


def test_whole_numbers_in_a_model_are_not_averaged(make_model, graphs):
    """Their mean with themselves, rounded towards zero, can be another number."""
    model = make_model()
    numbers = torch.arange(1000)
    model.register_buffer("numbers", numbers.clone(), persistent=False)
    run(model, graphs, TrainingConfig(epochs=2, batch_size=5, average_decay=0.99))
    assert torch.equal(model.numbers, numbers)


def test_a_run_that_is_there_is_kept_and_other_files_stay(make_model, graphs, tmp_path, caplog):
    caplog.set_level("INFO")
    config = TrainingConfig(epochs=1, batch_size=6)
    run(make_model(), graphs, config, folder=tmp_path)
    first = (tmp_path / RESUME_FILE).read_bytes()
    (tmp_path / "table.csv").write_text("mine")
    for _ in range(2):
        run(make_model(), graphs, config, folder=tmp_path)
    assert (tmp_path / "previous-1" / RESUME_FILE).read_bytes() == first
    assert (tmp_path / "previous-2" / "log").is_dir()
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        *("log", "previous-1", "previous-2", RESUME_FILE, "table.csv"),
    ]
    assert "is kept in" in caplog.text
