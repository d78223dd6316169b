"""The inner loops of random walks on bare pointers: Warp's array indexing took most of their time.

``kernel.py`` tells what the names stand for.
"""

BLOCK_STEP = """
    const int columns = size - column < 8 ? size - column : 8;
    const int64_t channels = out.shape[1];
    auto* entry = out.data + (int64_t(pair) + column) * channels + channel;
    for (int row = node; row < node + size; ++row, entry += size * channels) {
        double total[8] = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
        for (int64_t slot = row_ptr.data[row]; slot < row_ptr.data[row + 1]; ++slot) {
            const double* other = before.data[neighbour.data[slot] - node].c;
            for (int lane = 0; lane < 8; ++lane) total[lane] += other[lane];
        }
        for (int lane = 0; lane < 8; ++lane) {
            total[lane] *= share.data[row];
            after.data[row - node].c[lane] = total[lane];
        }
        for (int lane = 0; lane < columns; ++lane) {
            double ratio = 1.0;
            if (root.data) {
                const double below = root.data[node + column + lane];
                ratio = below > 0.0 ? root.data[row] / below : 0.0;
            }
            entry[lane * channels] = total[lane] * ratio;
        }
    }
"""

# A list starts with its length. A value that underflowed must not be listed again and again.
ADVANCE = """
    const int64_t nodes = walk.shape[1];
    const double* before = walk.data + plane * nodes;
    double* after = walk.data + (plane ^ 1) * nodes;
    const int* known = reached.data + plane * (nodes + 2);
    int* arrived = reached.data + (plane ^ 1) * (nodes + 2);
    int length = 0;
    for (int position = 1; position <= known[0]; ++position) {
        const int node = known[position];
        const double flow = before[node] * share.data[node];
        if (!(flow > 0.0)) continue;
        for (int64_t slot = row_ptr.data[node]; slot < row_ptr.data[node + 1]; ++slot) {
            const int end = neighbour.data[slot];
            arrived[length + 1] = end;  // counted only if it is new: no branch to mispredict
            length += after[end] == 0.0;
            after[end] += flow;
        }
    }
    arrived[0] = length;
"""

MEET = """
    const int64_t nodes = walk.shape[1];
    const int* known = reached.data + plane * (nodes + 2);
    const double* one = walk.data + plane * nodes;
    const double* two = walk.data + other * nodes;
    double total = 0.0;
    for (int position = 1; position <= known[0]; ++position) {
        const int node = known[position];
        total += one[node] * two[node] * share.data[node];
    }
    out.data[step] = total * (row_ptr.data[start + 1] - row_ptr.data[start]);
"""

CLEAR = """
    const int64_t nodes = walk.shape[1];
    const int* known = reached.data + plane * (nodes + 2);
    for (int position = 1; position <= known[0]; ++position)
        walk.data[plane * nodes + known[position]] = 0.0;
"""
