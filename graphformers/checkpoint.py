"""Model folders: ``model.safetensors`` beside ``config.json``, and nothing that can execute.

``config.json`` holds the format version, the kind of model and its configuration, whatever the
estimator needs to use it again (preprocessing, target scaling, vocabulary), and the versions of the
libraries that wrote it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from graphformers.configuration import Json, config_from_json, config_to_json
from graphformers.errors import ModelFileError, check_known
from graphformers.files import replacing

FORMAT_VERSION = 1
WEIGHTS = "model.safetensors"
CONFIG = "config.json"
USED_BY = {  # what a person does with the run of each estimator
    "PropertyPredictor": "graphformers molecules predict",
    "GraphPredictor": "graphformers graphs predict",
    "Surrogate": "graphformers physics predict",
    "Stepper": "graphformers physics rollout",
}
RECORDED_LIBRARIES = ("graphformers", "torch", "torch-geometric", "warp-lang", "rdkit", "pyvista")


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """What a model folder holds: kind, configuration, the estimator's sections and the tensors."""

    kind: str
    config: Json
    tensors: Mapping[str, Tensor]
    sections: Mapping[str, Json] = field(default_factory=dict)

    def write(self, folder: str | Path) -> None:
        """Write both files; an interruption leaves the previous pair in place."""
        folder = Path(folder)
        weights = save({name: tensor.contiguous() for name, tensor in self.tensors.items()})
        document = {
            "format_version": FORMAT_VERSION,
            "kind": self.kind,
            "config": self.config,
            **self.sections,
            "library_versions": library_versions(),
            "weights_sha256": hashlib.sha256(weights).hexdigest(),
        }
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        with replacing(folder / WEIGHTS) as new_weights, replacing(folder / CONFIG) as new_config:
            new_weights.write_bytes(weights)
            new_config.write_text(text, encoding="utf-8")

    @staticmethod
    def read(folder: str | Path) -> "ModelFile":
        """Read and check a model folder.

        Raises ``ModelFileError`` when a file is missing or damaged, when the two files come from
        different saves, or when a newer format wrote them.
        """
        folder = Path(folder)
        document = _read_document(folder)
        try:
            weights = (folder / WEIGHTS).read_bytes()
            tensors = load(weights)
        except (OSError, SafetensorError) as error:
            raise ModelFileError(f"{folder / WEIGHTS} cannot be read: {error}") from error
        if hashlib.sha256(weights).hexdigest() != document.get("weights_sha256"):
            raise ModelFileError(
                f"{folder}: {WEIGHTS} and {CONFIG} come from different saves; save the model again"
            )
        fixed = {"format_version", "kind", "config", "library_versions", "weights_sha256"}
        sections = {name: value for name, value in document.items() if name not in fixed}
        return ModelFile(
            kind=str(document["kind"]),
            config=document["config"],  # pyright: ignore[reportArgumentType]
            tensors=tensors,
            sections=sections,  # pyright: ignore[reportArgumentType]
        )

    def section(self, name: str) -> Json:
        """One section of the document; ``ModelFileError`` when the folder does not have it."""
        if name not in self.sections:
            raise ModelFileError(
                f"this folder holds a bare {self.kind} without {name!r}; "
                "it was not written by the estimator that reads it"
            )
        return self.sections[name]

    def estimator(self, kind: str) -> Json:
        """The section of the estimator that wrote the folder; ``ModelFileError`` for another."""
        found = self.section("estimator")
        if found.get("kind") != kind:
            other = str(found.get("kind"))
            hint = f": use {USED_BY[other]}" if other in USED_BY else ""
            raise ModelFileError(f"the folder holds a {other}; expected a {kind}{hint}")
        return found


Config = TypeVar("Config")
Model = TypeVar("Model", bound="PretrainedModel")


class PretrainedModel(nn.Module, Generic[Config]):
    """A model built from a configuration dataclass that can be saved and published presets.

    A subclass names its ``config_class`` and keeps its configuration in ``config``. The class
    methods of the configuration that take no argument are the presets.
    """

    config_class: ClassVar[type]
    config: Config

    @classmethod
    def preset(cls: type[Model], name: str) -> Model:
        """The model in a published configuration, with fresh weights: ``Model.preset("zinc")``."""
        check_known(name, preset_names(cls.config_class), f"{cls.__name__} has no preset")
        return cls(preset_config(cls.config_class, name))

    def model_file(self, sections: Mapping[str, Json] | None = None) -> ModelFile:
        """What ``save_pretrained`` writes, with an estimator's own sections."""
        return ModelFile(
            kind=type(self).__name__,
            config=config_to_json(self.config),
            tensors={name: value.detach().cpu() for name, value in self.state_dict().items()},
            sections=sections or {},
        )

    def save_pretrained(self, folder: str | Path) -> None:
        """Write ``model.safetensors`` and ``config.json`` into a folder."""
        self.model_file().write(folder)

    @classmethod
    def from_pretrained(cls: type[Model], folder: str | Path) -> Model:
        """Load what ``save_pretrained`` wrote; the outputs are the same bits."""
        return cls.from_model_file(ModelFile.read(folder))

    @classmethod
    def from_model_file(cls: type[Model], file: ModelFile) -> Model:
        """Build the model a ``ModelFile`` describes, in evaluation mode."""
        if file.kind != cls.__name__:
            raise ModelFileError(f"expected a {cls.__name__}; the folder holds a {file.kind}")
        model = cls(config_from_json(cls.config_class, file.config))
        try:
            model.load_state_dict(dict(file.tensors))
        except RuntimeError as error:
            raise ModelFileError(f"weights do not fit the configuration: {error}") from error
        return model.eval()


def preset_names(config_class: type) -> list[str]:
    """Names of a configuration's presets, as the command line writes them: ``pcqm4m-small``."""
    return [
        name.replace("_", "-")
        for name, value in vars(config_class).items()
        if isinstance(value, classmethod) and not name.startswith("_")
    ]


def preset_config(config_class: type[Config], name: str) -> Config:
    """The configuration of a preset that ``preset_names`` lists."""
    return getattr(config_class, name.replace("-", "_"))()


def library_versions() -> dict[str, str]:
    """Installed versions of the libraries a result depends on."""
    versions = {}
    for name in RECORDED_LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _read_document(folder: Path) -> Json:
    path = folder / CONFIG
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelFileError(f"{folder} is not a model folder: it has no {CONFIG}") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelFileError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict) or not {"format_version", "kind", "config"} <= set(document):
        raise ModelFileError(f"{path} does not describe a model of this package")
    version = document["format_version"]
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise ModelFileError(
            f"{path} has format version {version}; this graphformers reads up to "
            f"{FORMAT_VERSION}: pip install --upgrade graphformers"
        )
    return document
