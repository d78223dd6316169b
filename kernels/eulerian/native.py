"""Native code of one graph's walk, phase by phase; ``kernel.py`` tells what the names stand for.

Everything here works on bare pointers, one graph after the other on one thread: the phases are
chains of dependent look-ups, which Warp's array indexing slows down threefold.
"""

from graphformers.kernels.randomness import NATIVE_RANDOMNESS

LARGEST_TABLE = 16  # its numbers have this many bits

# Every tensor of a batch and its element type; ``kernel.py`` tells what it holds.
TENSORS = {
    **dict.fromkeys(("node_ptr", "edge_ptr", "number", "end_ptr", "next"), "int64_t"),
    **dict.fromkeys(("upward", "downward", "length", "step_from", "step_to"), "int64_t"),
    **dict.fromkeys(("step_edge", "step_opposite"), "int64_t"),
    **dict.fromkeys(("low", "high", "incident", "parts", "order", "parent", "odd"), "int"),
    **dict.fromkeys(("label", "via", "queue", "copies", "taken"), "int"),
    **dict.fromkeys(("stack", "stack_edge", "trail", "table"), "int"),
}

_NAMES = (
    "".join(
        f"    auto* {name} = ({kind}*)batch.data[{place}];\n"
        for place, (name, kind) in enumerate(TENSORS.items())
    )
    + """
    const int64_t first = node_ptr[graph], last = node_ptr[graph + 1];
    parts += first + graph;
    auto across = [&](int edge, int node) -> int { return low[edge] + high[edge] - node; };
"""
)

# Fisher-Yates at every node, so that two walks of one graph differ in more than their start.
SHUFFLE_INCIDENT = (
    NATIVE_RANDOMNESS
    + _NAMES
    + """
    const uint64_t stream = child(child(seed, number[graph]), 0);
    uint64_t draws = 0;
    for (int64_t node = first; node < last; ++node)
        for (int64_t slot = end_ptr[node + 1] - 1; slot > end_ptr[node]; --slot) {
            const int64_t choices = slot - end_ptr[node] + 1;
            const int64_t other = end_ptr[node] + below(child(stream, draws++), choices);
            const int kept = incident[slot];
            incident[slot] = incident[other];
            incident[other] = kept;
        }
"""
)

# Breadth first, one tree per connected part.
GROW_FOREST = (
    _NAMES
    + """
    for (int64_t node = first; node < last; ++node) parent[node] = -2;
    int count = 0;
    int64_t head = first, tail = first;
    for (int64_t root = first; root < last; ++root) {
        if (parent[root] != -2) continue;
        parts[count++] = tail;
        parent[root] = -1;
        order[tail++] = root;
        for (; head < tail; ++head) {
            const int node = order[head];
            for (int64_t slot = end_ptr[node]; slot < end_ptr[node + 1]; ++slot) {
                const int end = across(incident[slot], node);
                if (parent[end] != -2) continue;
                parent[end] = incident[slot];
                order[tail++] = end;
            }
        }
    }
    parts[count] = tail;
    part_count.data[graph] = count;
"""
)

# How many odd nodes a part has, and how many independent cycles; LIMIT + 1 stands for too many.
# The table of pairs holds lengths of 23 bits, so it is kept to parts of 2^19 nodes.
COUNT_ODD = (
    _NAMES
    + """
    int64_t ends = 0, odd_nodes = 0;
    for (int64_t place = parts[part]; place < parts[part + 1]; ++place) {
        const int node = order[place];
        int degree = 0;
        for (int64_t slot = end_ptr[node]; slot < end_ptr[node + 1]; ++slot)
            degree += across(incident[slot], node) != node;
        odd[node] = degree & 1;
        odd_nodes += degree & 1;
        ends += degree;
    }
    const int64_t size = parts[part + 1] - parts[part], cycles = ends / 2 - size + 1;
    parity.data[2 * worker] = odd_nodes <= LIMIT && size < 1 << 19 ? odd_nodes : LIMIT + 1;
    parity.data[2 * worker + 1] = cycles <= LIMIT ? cycles : LIMIT + 1;
""".replace("LIMIT", str(LARGEST_TABLE))
)

# Odd neighbours first: every such pair costs a single edge, and most nodes find a partner.
PAIR_NEIGHBOURS = (
    _NAMES
    + """
    for (int64_t place = parts[part]; place < parts[part + 1]; ++place) {
        const int node = order[place];
        for (int64_t slot = end_ptr[node]; slot < end_ptr[node + 1] && odd[node]; ++slot) {
            const int end = across(incident[slot], node);
            if (end == node || !odd[end]) continue;
            copies[incident[slot]] = 2;
            odd[node] = odd[end] = 0;
        }
    }
"""
)

# From the leaves up, an odd node doubles the edge to its parent, which changes the parent's parity.
JOIN_ALONG_TREE = (
    _NAMES
    + """
    for (int64_t place = parts[part + 1] - 1; place > parts[part]; --place) {
        const int node = order[place];
        if (!odd[node]) continue;
        copies[parent[node]] ^= 3;
        odd[across(parent[node], node)] ^= 1;
    }
"""
)

# Every other choice of edges to double differs from the one at hand by a set S of the cycles that
# the edges beside the tree close. An edge on the cycles L changes if S and L share an odd number of
# cycles, so the number of doubled edges is a constant minus half of sum_L w_L (-1)^|S & L|, w_L
# counting the single edges on the cycles L less the double ones: a Walsh-Hadamard transform.
JOIN_BY_CYCLES = (
    _NAMES
    + """
    table += int64_t(worker) << LIMIT;
    auto beside_tree = [&](int edge, int node) -> bool {  // true at one of its ends
        const int end = across(edge, node);
        return node < end && parent[node] != edge && parent[end] != edge;
    };
    for (int set = 0; set < 1 << cycles; ++set) table[set] = 0;
    for (int64_t place = parts[part]; place < parts[part + 1]; ++place) label[order[place]] = 0;
    int cycle = 0;
    for (int64_t place = parts[part]; place < parts[part + 1]; ++place) {
        const int node = order[place];
        for (int64_t slot = end_ptr[node]; slot < end_ptr[node + 1]; ++slot) {
            if (!beside_tree(incident[slot], node)) continue;
            label[node] ^= 1 << cycle;
            label[across(incident[slot], node)] ^= 1 << cycle;
            table[1 << cycle++] += 1;
        }
    }
    for (int64_t place = parts[part + 1] - 1; place > parts[part]; --place) {
        const int node = order[place];
        table[label[node]] += copies[parent[node]] == 1 ? 1 : -1;
        label[across(parent[node], node)] ^= label[node];
    }
    for (int half = 1; half < 1 << cycles; half *= 2)
        for (int block = 0; block < 1 << cycles; block += 2 * half)
            for (int set = block; set < block + half; ++set) {
                const int left = table[set], right = table[set + half];
                table[set] = left + right;
                table[set + half] = left - right;
            }
    int best = 0;
    for (int set = 1; set < 1 << cycles; ++set)
        if (table[set] > table[best]) best = set;
    cycle = 0;
    for (int64_t place = parts[part]; place < parts[part + 1]; ++place) {
        const int node = order[place];
        int shared = label[node] & best;
        for (int bits = LIMIT / 2; bits; bits /= 2) shared ^= shared >> bits;
        if (place > parts[part] && shared & 1) copies[parent[node]] ^= 3;
        for (int64_t slot = end_ptr[node]; slot < end_ptr[node + 1]; ++slot)
            if (beside_tree(incident[slot], node) && best >> cycle++ & 1)
                copies[incident[slot]] ^= 3;
    }
""".replace("LIMIT", str(LARGEST_TABLE))
)

# table[set]: fewest edges that join the odd nodes of a set in pairs, and the pair added last. The
# next pair always holds the first node still missing, so every pairing is met once.
JOIN_BY_PAIRS = (
    _NAMES
    + """
    int* distance = label;
    table += int64_t(worker) << LIMIT;
    int nodes[LIMIT], lengths[LIMIT][LIMIT], count = 0;
    auto search = [&](int start) {
        int64_t head = first, tail = first;
        for (int64_t place = parts[part]; place < parts[part + 1]; ++place)
            distance[order[place]] = -1;
        distance[start] = 0;
        for (queue[tail++] = start; head < tail; ++head) {
            const int node = queue[head];
            for (int64_t slot = end_ptr[node]; slot < end_ptr[node + 1]; ++slot) {
                const int end = across(incident[slot], node);
                if (distance[end] >= 0) continue;
                distance[end] = distance[node] + 1;
                via[end] = incident[slot];
                queue[tail++] = end;
            }
        }
    };
    for (int64_t place = parts[part]; place < parts[part + 1]; ++place)
        if (odd[order[place]]) nodes[count++] = order[place];
    for (int one = 0; one < count; ++one) {
        search(nodes[one]);
        for (int two = 0; two < count; ++two) lengths[one][two] = distance[nodes[two]];
    }
    const int all = (1 << count) - 1;
    for (int set = 1; set <= all; ++set) table[set] = 0x7fffffff;
    table[0] = 0;
    for (int set = 0; set < all; ++set) {
        if (table[set] == 0x7fffffff) continue;
        int one = 0;
        while (set >> one & 1) ++one;
        for (int two = one + 1; two < count; ++two) {
            if (set >> two & 1) continue;
            const int joined = set | 1 << one | 1 << two;
            const int entry = (table[set] & ~255) + (lengths[one][two] << 8 | one << 4 | two);
            if (entry < table[joined]) table[joined] = entry;
        }
    }
    for (int set = all; set; ) {
        const int one = table[set] >> 4 & 15, two = table[set] & 15;
        search(nodes[one]);
        for (int node = nodes[two]; node != nodes[one]; node = across(via[node], node))
            copies[via[node]] ^= 3;
        set ^= 1 << one | 1 << two;
    }
""".replace("LIMIT", str(LARGEST_TABLE))
)

# Hierholzer: walk until stuck, which can only be at the start; back up to the last node with edges
# left and insert a detour there. ``trail`` is the closed walk, one edge after the other.
TRACE = (
    NATIVE_RANDOMNESS
    + _NAMES
    + """
    const int64_t slots = 2 * edge_ptr[graph] + first;
    stack += slots, stack_edge += slots, trail += slots;
    step_from += slots, step_to += slots, step_edge += slots, step_opposite += slots;
    auto write = [&](int64_t step, int from, int to, int64_t along, int64_t against) {
        step_from[step] = from;
        step_to[step] = to;
        step_edge[step] = along >= 0 ? along : against;
        step_opposite[step] = along >= 0 ? against : -1;
    };
    int* turn = queue + first;
    const uint64_t root = child(seed, number[graph]);
    for (int part = 0; part < count; ++part) {  // Fisher-Yates, from the front
        const int other = below(child(child(root, 1), part), part + 1);
        turn[part] = turn[other];
        turn[other] = part;
    }
    int64_t written = 0;
    int here = -1;
    for (int one = 0; one < count; ++one) {
        const int begin = parts[turn[one]], size = parts[turn[one] + 1] - begin;
        const int start = order[begin + below(child(child(root, 2), turn[one]), size)];
        int64_t depth = 0, length = 0, unseen = 0;
        stack[0] = start;
        while (depth >= 0) {
            const int node = stack[depth];
            int64_t& slot = next[node];
            while (slot < end_ptr[node + 1] && copies[incident[slot]] <= 0) ++slot;
            if (slot < end_ptr[node + 1]) {
                const int edge = incident[slot];
                if (!taken[edge]) taken[edge] = 1, ++unseen;
                --copies[edge];
                stack_edge[depth++] = edge;
                stack[depth] = across(edge, node);
            } else {
                if (depth > 0) trail[length++] = stack_edge[depth - 1];
                --depth;
            }
        }
        if (here >= 0) write(written++, here, start, -1, -1);
        here = start;
        const bool reversed = child(child(root, 3), turn[one]) & 1;
        for (int64_t step = 0; unseen > 0; ++step) {  // up to the last edge not seen before
            const int edge = trail[reversed ? length - 1 - step : step];
            if (taken[edge] == 1) taken[edge] = 2, --unseen;
            const int there = across(edge, here);
            if (here <= there) write(written++, here, there, upward[edge], downward[edge]);
            else write(written++, here, there, downward[edge], upward[edge]);
            here = there;
        }
    }
    length[graph] = written;
"""
)
