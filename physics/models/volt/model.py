"""The model: voxels to tokens, blocks, tokens to voxels."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from graphformers.checkpoint import PretrainedModel
from graphformers.errors import ShapeError
from graphformers.layers.precision import at_least_float32
from graphformers.layers.rotary_code import RotaryCode
from graphformers.layers.truncated_normal import truncated_normal_
from graphformers.models.official_weights import Checkpoint
from graphformers.physics.models.required import required
from graphformers.physics.models.volt.block import Scenes, VoltBlock
from graphformers.physics.models.volt.config import VoltConfig, VoltSizes
from graphformers.physics.models.volt.decoder import Decoder
from graphformers.physics.models.volt.official import backbone_weights
from graphformers.physics.models.volt.tokenizer import Tokenizer, find_patches


class Volt(PretrainedModel[VoltConfig]):
    r"""Features of voxels by attention among patches of them.

    .. math::
        t = \mathrm{tokenize}(x), \qquad t \leftarrow \mathrm{block}_b(t), \qquad
        y = \mathrm{decode}(t)

    Scenes may differ in size and nothing passes between them, but for the statistics of the batch
    normalisations in training. Coordinates are integers, one per voxel edge; negative and large
    ones are taken, as only differences count: moving a scene by whole patches changes nothing.
    Angles are computed for the coordinates at hand, there is no table to run out of. Cost grows
    with the square of the tokens of a scene.

    Source: Yilmaz et al. 2026, arXiv:2604.19609. Ours drops paths for whole scenes, also knows
    flat scenes of two axes, and lets the last of several rows in one voxel count.
    """

    config_class = VoltConfig

    def __init__(self, config: VoltConfig):
        super().__init__()
        self.config = config
        self.rotary_code = RotaryCode.along_axes(_frequencies(config))
        self.tokenizer = Tokenizer(config.channels, config.patch_voxels, config.dim)
        last = max(config.depth - 1, 1)
        drop_paths = [config.drop_path * number / last for number in range(config.depth)]
        self.blocks = nn.ModuleList(VoltBlock(config, one) for one in drop_paths)
        self.decoder = Decoder(config.dim, config.decoder_dim, config.patch_voxels)
        self.apply(_draw)

    @classmethod
    def from_official(cls, state_dict: Checkpoint, config: VoltConfig) -> "Volt":
        """The model with weights in the layout of the published program, in evaluation mode.

        Takes the weights of the backbone, alone or out of a whole segmentor, whose heads are left
        out. Raises ``ModelFileError`` with the names that are missing, unknown or of another shape.
        """
        model = cls(config)
        model.load_state_dict(backbone_weights(state_dict, config.depth, model))
        return model.eval()

    def forward(
        self,
        coordinates: Int[Tensor, "voxels space"],
        features: Float[Tensor, "voxels channels"],
        ptr: Int[Tensor, " scenes_plus_1"] | None = None,
    ) -> Float[Tensor, "voxels decoder_dim"]:
        """Features of every voxel; ``ptr`` says where each of several scenes begins."""
        features = required("features", features, self.config.channels)
        self._check_coordinates(coordinates, features)
        if ptr is None:
            ptr = torch.tensor([0, coordinates.shape[0]], device=coordinates.device)
        patches = find_patches(coordinates, ptr, self.config.patch)
        if torch.compiler.is_compiling():  # which must know that there is something to normalise
            for rows in (patches.num_tokens, coordinates.shape[0]):
                torch._check(rows > (1 if self.training else 0))
        cells = patches.cell.to(at_least_float32(features))
        scenes = Scenes(patches.ptr, self.rotary_code(cells))
        tokens = self.tokenizer(features, patches)
        for block in self.blocks:
            tokens = block(tokens, scenes)
        return self.decoder(tokens, patches)

    def _check_coordinates(self, coordinates: Tensor, features: Tensor) -> None:
        expected = (features.shape[0], self.config.space)
        whole = not (coordinates.is_floating_point() or coordinates.is_complex())
        if tuple(coordinates.shape) != expected or not whole:
            raise ShapeError(
                f"coordinates must be integers {expected}; "
                f"got {tuple(coordinates.shape)} {coordinates.dtype}"
            )


def _frequencies(sizes: VoltSizes) -> list[Tensor]:
    """Geometric from 1 to ``1 / rotary_base``, both included, for every axis."""
    base = torch.tensor(sizes.rotary_base, dtype=torch.float64)
    return [
        base ** -torch.linspace(0, 1, pairs, dtype=torch.float64) for pairs in sizes.rotary_pairs
    ]


def _draw(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        truncated_normal_(module)
