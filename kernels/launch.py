"""Running Warp kernels on torch tensors: torch allocates, Warp borrows.

A Warp launch on the CPU uses one thread but releases the interpreter lock, so large launches are
cut into chunks of rows for a small thread pool. On CUDA a kernel is launched whole, on torch's
current stream.
"""

import os
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from typing import cast

import torch
import warp as wp
from torch import Tensor

Argument = Tensor | float | int | None

WARP_SCALARS = {torch.float32: wp.float32, torch.float64: wp.float64}
_SCALARS = {wp.float32, wp.float64, wp.int32, wp.int64}

# Below this many multiply-adds (about 0.1 ms) handing chunks to threads costs more than it gains.
_SERIAL_WORK = 1 << 18
# More chunks than threads even out what costs do not foresee, but each costs some 30 microseconds.
_CHUNKS_PER_THREAD = 4
_CHUNK_WORK = 1 << 20
_start_lock = threading.RLock()


def launch_rows(
    kernel: wp.Kernel, ptr: Tensor, lanes: int, arguments: Sequence[Argument], work: int
) -> None:
    """Run one thread per (row, lane); the kernel's first argument is the first row of its chunk.

    ``ptr`` (rows + 1,) says how much every row has to do and ``work`` roughly how many
    multiply-adds all rows need together. ``None`` becomes a null array, tensors must be contiguous.
    """
    rows = ptr.shape[0] - 1
    if rows == 0 or lanes == 0:
        return
    borrowed = [
        _borrow(argument, parameter.type)
        for argument, parameter in zip(arguments, kernel.adj.args[1:], strict=True)
    ]
    if ptr.is_cuda:
        stream = _current_stream(ptr.device)
        wp.launch(kernel, (rows, lanes), [0, *borrowed], stream=stream, record_tape=False)
        return

    def run(first: int, last: int) -> None:
        _launch_on_cpu(kernel, (last - first, lanes), [first, *borrowed])

    _load_on_cpu(kernel.module)
    threads = torch.get_num_threads()
    if work < _SERIAL_WORK or threads == 1:
        run(0, rows)
    else:
        per_thread = min(max(1, work // (threads * _CHUNK_WORK)), _CHUNKS_PER_THREAD)
        _share_out(run, _balanced_bounds(ptr, threads * per_thread), threads)


def launch_once(kernel: wp.Kernel, arguments: Sequence[Argument]) -> None:
    """Run a kernel as a single CPU thread: for work whose order is its meaning."""
    _load_on_cpu(kernel.module)
    borrowed = [
        _borrow(argument, parameter.type)
        for argument, parameter in zip(arguments, kernel.adj.args, strict=True)
    ]
    wp.launch(kernel, 1, borrowed, device="cpu", record_tape=False)


class _Commands(threading.local):
    """The last launch of every kernel by this thread."""

    def __init__(self):
        self.of: dict[wp.Kernel, wp.Launch] = {}


_commands = _Commands()


def _launch_on_cpu(kernel: wp.Kernel, size: tuple[int, int], arguments: list[object]) -> None:
    """Launch; from the second time on without what Warp checks and looks up every time."""
    if 0 in size:  # Warp records no launch of nothing
        return
    command = _commands.of.get(kernel)
    if command is None:
        recorded = wp.launch(
            kernel, size, arguments, device="cpu", record_tape=False, record_cmd=True
        )
        command = _commands.of[kernel] = cast(wp.Launch, recorded)
    else:
        command.set_dim(size)
        command.set_params_from_ctypes(arguments)  # pyright: ignore[reportArgumentType]  (numbers, too)
    command.launch()


def _borrow(argument: Argument, parameter: object) -> object:
    """A Warp array over a tensor's memory; trailing axes become the vector type the kernel asks."""
    annotation = cast(wp.array, parameter)  # has an array's dtype and ndim, and no data
    if argument is None:
        return _null(annotation.ndim)
    if not isinstance(argument, Tensor):
        return argument
    # what from_torch does, less its checks, which in a small launch cost more than all else, and
    # less its hold on the tensor, which a recorded launch would keep alive
    array, size = annotation.__ctype__(), argument.element_size()
    array.data, array.ndim = argument.data_ptr(), annotation.ndim
    if annotation.ndim == 1 and annotation.dtype in _SCALARS:
        array.shape[0], array.strides[0] = argument.numel(), size
        return array
    for axis in range(annotation.ndim):
        array.shape[axis], array.strides[axis] = argument.shape[axis], size * argument.stride(axis)
    return array


@cache
def _null(ndim: int) -> object:
    return wp.array(dtype=wp.float32, ndim=ndim).__ctype__()


def _balanced_bounds(ptr: Tensor, chunks: int) -> list[int]:
    """Cut the rows where their cumulated cost, one per row and one per slot, is shared evenly."""
    first_slot, rows = ptr.numpy(), ptr.shape[0] - 1

    def cost(row: int) -> int:
        return int(first_slot[row]) + row

    shares = (chunk * cost(rows) // chunks for chunk in range(1, chunks))
    return [0, *(bisect_left(range(rows), share, key=cost) for share in shares), rows]


def _share_out(run: Callable[[int, int], None], bounds: list[int], threads: int) -> None:
    """Run all chunks on this thread and others; whoever is free takes the next one."""
    chunks = pairwise(bounds)

    def work() -> None:
        for first, last in chunks:
            run(first, last)

    pool = _pool(threads - 1, os.getpid())
    others = [pool.submit(work) for _ in range(threads - 1)]
    work()
    for one in others:
        if not one.cancel():  # it has begun, and may be at the last chunk still
            one.result()


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """One pool per size and process: threads do not survive a fork."""
    return ThreadPoolExecutor(threads, thread_name_prefix=f"graphformers-{process}")


@cache
def _load_on_cpu(module: wp.Module) -> None:
    """Compile and load before the first launch; Warp must not load from several threads at once."""
    with _start_lock:
        _start()
        wp.load_module(module, device="cpu", block_dim=1)


def _current_stream(device: torch.device) -> wp.Stream:
    with _start_lock:
        _start()
    return wp.stream_from_torch(torch.cuda.current_stream(device))


@cache
def _start() -> None:
    """Start Warp without its banner, and without its complaint about a machine that has no GPU."""
    wp.config.log_level = max(wp.config.log_level, wp.LOG_WARNING)
    if torch.cuda.is_available():
        wp.init()
    else:
        with native_stderr_closed():
            wp.init()


@contextmanager
def native_stderr_closed() -> Iterator[None]:
    """Drop what native code writes to standard error, which Python's ``sys.stderr`` never sees."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
