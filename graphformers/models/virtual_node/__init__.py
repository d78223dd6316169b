"""MPNN + VN: message passing with a virtual node in every graph."""

from graphformers.models.virtual_node.config import EncodingColumns, VirtualNodeMPNNConfig
from graphformers.models.virtual_node.model import VirtualNodeMPNN

__all__ = ["EncodingColumns", "VirtualNodeMPNN", "VirtualNodeMPNNConfig"]
