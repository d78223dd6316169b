"""Sines and cosines of where a point lies from the centre of its row, one thread per row.

Angles are reduced and the series summed in float64 whatever the precision of the result: the
compiler turns the loop over frequencies into vector instructions, which calls of ``sin`` prevent.
"""

from functools import cache
from typing import no_type_check

import warp as wp

_WAVES = """
    const double quarter_turn_high = 1.5707963267948966, quarter_turn_low = 6.123233995736766e-17;
    const int waves = frequencies.shape[0];
    const int space = points.shape[1];
    const auto* centre = centres.data + space * (size_t)row;
    for (long long slot = row_ptr.data[row]; slot < row_ptr.data[row + 1]; ++slot) {
        const auto* point = points.data + space * (size_t)index.data[slot];
        auto* written = out.data + 2 * (size_t)(space + 1) * waves * slot;
        double length = 0;
        for (int axis = 0; axis <= space; ++axis, written += 2 * waves) {
            // the difference rounds as the points do; the last coordinate is its length
            auto gap = axis < space ? centre[axis] - point[axis] : centre[0];
            const double coordinate = axis < space ? double(gap) : sqrt(length);
            length += coordinate * coordinate;
            for (int wave = 0; wave < waves; ++wave) {
                const double angle = coordinate * double(frequencies.data[wave]);
                const double turns = rint(angle * 0.6366197723675814);
                const double near = fma(-turns, quarter_turn_high, angle);
                const double rest = fma(-turns, quarter_turn_low, near);
                const double square = rest * rest;
                double sine = 0, cosine = 0;
                for (int term = 17; term >= 3; term -= 2)  // Taylor series on an eighth of a turn
                    sine = (1 - sine) * square * (1.0 / (term * (term - 1)));
                for (int term = 18; term >= 2; term -= 2)
                    cosine = (1 - cosine) * square * (1.0 / (term * (term - 1)));
                sine = rest * (1 - sine);
                cosine = 1 - cosine;
                const long long quadrant = (long long)turns;
                const double first = quadrant & 1 ? cosine : sine;
                const double second = quadrant & 1 ? sine : cosine;
                written[wave] = quadrant & 2 ? -first : first;
                written[waves + wave] = (quadrant + 1) & 2 ? -second : second;
            }
        }
    }
"""


@cache
@no_type_check
def waves_kernel(scalar: type) -> wp.Kernel:
    """Waves of every edge."""
    module = wp.get_module(f"graphformers.pooling.{scalar.__name__}")

    @wp.func_native(_WAVES)
    def waves(
        row: int,
        points: wp.array2d[scalar],
        centres: wp.array2d[scalar],
        row_ptr: wp.array[wp.int64],
        index: wp.array[wp.int64],
        frequencies: wp.array[scalar],
        out: wp.array2d[scalar],
    ): ...

    @wp.kernel(enable_backward=False, module=module)
    def waves_kernel(
        first: int,  # first row of this chunk
        points: wp.array2d[scalar],  # (points, space)
        centres: wp.array2d[scalar],  # (rows, space)
        row_ptr: wp.array[wp.int64],  # (rows + 1,)
        index: wp.array[wp.int64],  # (edges,) point of every slot
        frequencies: wp.array[scalar],  # (waves,)
        out: wp.array2d[scalar],  # (edges, 2 * (space + 1) * waves), written
    ):
        offset, _lane = wp.tid()
        waves(first + offset, points, centres, row_ptr, index, frequencies, out)

    return waves_kernel
