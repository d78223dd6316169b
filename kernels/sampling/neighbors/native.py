"""Native code of one row: how it is found, what it offers, how picks are made.

Loops here may count beyond 2^31, which those of plain Warp cannot. Names are the arguments of the
functions in ``kernel.py``.
"""

from graphformers.kernels.randomness import NATIVE_RANDOMNESS
from graphformers.kernels.sampling.addresses import (
    BAD_NEIGHBOR,
    BAD_ROW,
    BAD_WEIGHT,
    NATIVE_GRAPH,
)

# Memory answers slowly and many rows are asked for: ask early.
FIND_ROW = f"""
    {NATIVE_GRAPH}
#if !defined(__CUDA_ARCH__)
    if (row + 16 < rows.shape[0])
        __builtin_prefetch(bounds + rows.data[row + 16]);
#endif
    const int64_t node = rows.data[row];
    start.data[row] = bounds[node];
    degree.data[row] = is_sound(node) ? bounds[node + 1] - bounds[node] : {BAD_ROW};
"""

_ENTRIES = (
    NATIVE_GRAPH
    + """
    // What comes too late weighs nothing: sampling in time is weighted sampling.
    auto weight = [&](int64_t position) -> double {
        if (edge_time && edge_time[position] > latest.data[row]) return 0.0;
        if (node_time && node_time[neighbor(position)] > latest.data[row]) return 0.0;
        if (!weights) return 1.0;
        return weight_bytes == 8 ? ((const double*)weights)[position]
                                 : ((const float*)weights)[position];
    };
    const int64_t first = start.data[row];
    const int64_t size = degree.data[row];
"""
)

COUNT_ELIGIBLE = f"""
    {_ENTRIES}
    int64_t found = 0;
    double total = 0.0;
    for (int64_t p = first; p < first + size && found >= 0; ++p) {{
        const bool known = is_node(neighbor(p));
        const double value = known ? weight(p) : 0.0;
        total += value;
        found += value > 0.0;
        if (!known) found = {BAD_NEIGHBOR};
        else if (!(value >= 0.0) || total > 1.7e308) found = {BAD_WEIGHT};
    }}
    eligible.data[row] = found;
"""

_PREFETCH_ROW = """
#if !defined(__CUDA_ARCH__)
    if (row + 8 < rows.shape[0]) {
        const char* ahead = entries + start.data[row + 8] * entry_bytes;
        const int64_t bytes = degree.data[row + 8] * entry_bytes;
        for (int64_t line = 0; line < bytes && line < 256; line += 64)
            __builtin_prefetch(ahead + line);
    }
#endif
"""

_PICK_ALL = """
        for (int64_t p = first, j = 0; j < picks; ++p)
            if (!weighs || weight(p) > 0.0) chosen[j++] = p;
"""

# Floyd: pick j comes from the first size - picks + j + 1 entries, and the last of these stands in
# for one already taken. In a short row the bits of a word say what is taken; in a long one a hash
# table does, in the room of the sources, not needed yet: full only after the last pick.
_PICK_DISTINCT = """
        uint64_t taken = 0;
        int64_t* table = sources.data + out;
        for (int64_t j = 0; j < picks && size > 64; ++j) table[j] = -1;
        auto take = [&](int64_t entry) -> bool {
            if (size <= 64) {
                const bool is_new = !(taken >> entry & 1);
                taken |= 1ull << entry;
                return is_new;
            }
            int64_t slot = below(child(0, entry), picks);
            while (table[slot] >= 0 && table[slot] != entry) slot = slot + 1 < picks ? slot + 1 : 0;
            const bool is_new = table[slot] != entry;
            table[slot] = entry;
            return is_new;
        };
        for (int64_t j = 0; j < picks; ++j) {
            const int64_t last = size - picks + j;
            const int64_t drawn = below(child(stream, j), last + 1);
            const bool is_new = take(drawn);
            if (!is_new) take(last);
            chosen[j] = first + (is_new ? drawn : last);
        }
"""

# Efraimidis and Spirakis: an exponential number over the weight is a key, and the smallest keys
# win. Keys are not negative, so their bits sort as they do; they wait, in order, in the room of the
# sources.
_PICK_WEIGHTED_DISTINCT = """
        int64_t* keys = sources.data + out;
        int64_t kept = 0;
        for (int64_t p = first; picks && p < first + size; ++p) {
            const double value = weight(p);
            if (value <= 0.0) continue;
            const double key = -log(unit(child(stream, p - first))) / value;
            int64_t bits;
            memcpy(&bits, &key, 8);
            if (kept == picks && bits >= keys[picks - 1]) continue;
            kept += kept < picks;
            int64_t place = kept - 1;
            for (; place > 0 && keys[place - 1] > bits; --place) {
                keys[place] = keys[place - 1];
                chosen[place] = chosen[place - 1];
            }
            keys[place] = bits;
            chosen[place] = p;
        }
"""

# Partial sums of exponential numbers over their total are sorted uniform numbers; the picks are
# where these meet the partial sums of the weights. One pass over the row serves all of them.
_PICK_WEIGHTED_REPEATED = """
        double length = 0.0, total = 0.0;
        for (int64_t j = 0; picks && j <= picks; ++j) length -= log(unit(child(stream, j)));
        for (int64_t p = first; p < first + size; ++p) total += weight(p);
        double reached = 0.0, passed = 0.0;
        int64_t pick = -1, p = first;
        for (int64_t j = 0; j < picks; ++j) {
            reached -= log(unit(child(stream, j)));
            for (; p < first + size && (pick < 0 || passed <= reached / length * total); ++p) {
                const double value = weight(p);
                passed += value;
                if (value > 0.0) pick = p;
            }
            chosen[j] = pick;
        }
"""

PICK = f"""
    {NATIVE_RANDOMNESS}
    {_ENTRIES}
    {_PREFETCH_ROW}
    const int64_t out = out_ptr.data[row];
    const int64_t picks = out_ptr.data[row + 1] - out;
    int64_t* chosen = edges.data + out;
    uint64_t stream = child(seed, rows.data[row]);
    if (trees.data) stream = child(stream, trees.data[row]);
    if (replace && !weighs) {{
        for (int64_t j = 0; j < picks; ++j) chosen[j] = first + below(child(stream, j), size);
    }} else if (replace) {{
        {_PICK_WEIGHTED_REPEATED}
    }} else if (picks == eligible.data[row]) {{
        {_PICK_ALL}
    }} else if (!weighs) {{
        {_PICK_DISTINCT}
    }} else {{
        {_PICK_WEIGHTED_DISTINCT}
    }}
    for (int64_t j = 0; j < picks; ++j) {{
        sources.data[out + j] = neighbor(chosen[j]);
        targets.data[out + j] = first_target + row;
    }}
"""
