"""What predictions are asked for, and how good they are."""

from graphformers.tasks.metrics import Evaluation, evaluate
from graphformers.tasks.split import Split, column_split, random_split
from graphformers.tasks.targets import TargetScaling, Task, find_task

__all__ = [
    "Evaluation",
    "Split",
    "TargetScaling",
    "Task",
    "column_split",
    "evaluate",
    "find_task",
    "random_split",
]
