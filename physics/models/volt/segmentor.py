"""A Volt that says what every voxel is, for one data set or several."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from graphformers.checkpoint import PretrainedModel
from graphformers.errors import ConfigError, check_known
from graphformers.layers.truncated_normal import truncated_normal_
from graphformers.models.official_weights import Checkpoint
from graphformers.physics.models.volt.config import PUBLISHED_HEAD, VoltSegmentorConfig
from graphformers.physics.models.volt.model import Volt
from graphformers.physics.models.volt.official import segmentor_weights


class VoltSegmentor(PretrainedModel[VoltSegmentorConfig]):
    r"""Logits of the classes of a data set at every voxel.

    .. math:: z = W_d\, \mathrm{Volt}(x) + b_d

    with a head for every data set :math:`d`. With ``distillation`` a second head per data set
    learns the answers of a teacher; only ``logits_for_training`` looks at it.

    Source: Yilmaz et al. 2026, arXiv:2604.19609.
    """

    config_class = VoltSegmentorConfig

    def __init__(self, config: VoltSegmentorConfig):
        super().__init__()
        self.config = config
        self.backbone = Volt(config.backbone)
        self.heads = _heads(config)
        self.distillation_heads = _heads(config) if config.distillation else nn.ModuleDict()

    @classmethod
    def from_official(cls, state_dict: Checkpoint, config: VoltSegmentorConfig) -> "VoltSegmentor":
        """The model with weights in the layout of the published program, in evaluation mode.

        The heads of ``config.classes`` must have the published names; without ``distillation`` the
        second heads are left out. Raises ``ModelFileError`` with the keys that are missing, unknown
        or of another shape.
        """
        model = cls(config)
        weights = segmentor_weights(
            state_dict, config.backbone.depth, model, distillation=config.distillation
        )
        model.load_state_dict(weights)
        return model.eval()

    def forward(
        self,
        coordinates: Int[Tensor, "voxels space"],
        features: Float[Tensor, "voxels channels"],
        ptr: Int[Tensor, " scenes_plus_1"] | None = None,
        data_set: str = PUBLISHED_HEAD,
    ) -> Float[Tensor, "voxels classes"]:
        """Logits of the classes of ``data_set``; all scenes of a batch belong to one."""
        self._check_data_set(data_set)
        return self.heads[data_set](self.backbone(coordinates, features, ptr))

    def logits_for_training(
        self,
        coordinates: Int[Tensor, "voxels space"],
        features: Float[Tensor, "voxels channels"],
        ptr: Int[Tensor, " scenes_plus_1"] | None = None,
        data_set: str = PUBLISHED_HEAD,
    ) -> tuple[Float[Tensor, "voxels classes"], Float[Tensor, "voxels classes"]]:
        """Logits for the labels and logits for what the teacher says."""
        self._check_data_set(data_set)
        if not self.config.distillation:
            raise ConfigError("this segmentor has no second heads; build it with distillation=True")
        voxels = self.backbone(coordinates, features, ptr)
        return self.heads[data_set](voxels), self.distillation_heads[data_set](voxels)

    def _check_data_set(self, name: str) -> None:
        check_known(name, self.config.classes, "no head for the data set")


def _heads(config: VoltSegmentorConfig) -> nn.ModuleDict:
    heads = nn.ModuleDict()
    for name, classes in config.classes.items():
        heads[name] = linear = nn.Linear(config.backbone.decoder_dim, classes)
        truncated_normal_(linear)
    return heads
