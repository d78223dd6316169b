"""PPGT: plain transformers as graph learners."""

from graphformers.models.ppgt.config import PairConfig, PPGTConfig
from graphformers.models.ppgt.heads import GELUGraphHeadConfig, GELUNodeHeadConfig
from graphformers.models.ppgt.model import PPGT

__all__ = ["PPGT", "GELUGraphHeadConfig", "GELUNodeHeadConfig", "PPGTConfig", "PairConfig"]
