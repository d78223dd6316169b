"""Native code of the search: what plain Warp cannot say, rows of lanes and a mask of hits."""

from string import Template

from graphformers.kernels.randomness import NATIVE_RANDOMNESS

# One call serves the queries in ``lanes`` neighbouring places of their tree: one descent for all of
# them, while every query keeps its own bound. With one lane it is the usual search for one query.
SEARCH = Template(
    NATIVE_RANDOMNESS
    + """
    using real = $real;
    constexpr int width = $leaf, lanes = $lanes, few = 64, nearby = 64;
    auto absolute = [](real a) { return a < 0 ? -a : a; };
    auto lower = [](real a, real b) { return b < a ? b : a; };
    auto higher = [](real a, real b) { return b > a ? b : a; };
    auto squared = [](real a, real b, real c) {
    #ifdef __clang__
    #pragma clang fp contract(off)
    #endif
        return (a * a + b * b) + c * c;
    };

    // Along one axis. A query has periodic images; along an open axis they lie at infinity.
    auto apart = [&](int axis, real point, real query) {
        real gap = absolute(point - query);
        if ($periodic) {
            const real before = query - period.data[axis], after = query + period.data[axis];
            gap = lower(gap, lower(absolute(point - before), absolute(point - after)));
        }
        return gap;
    };
    auto between = [&](int axis, const real* box, real from, real to) {
        auto gap = [&](real first, real last) {
            return higher(higher(box[axis] - last, first - box[3 + axis]), real(0));
        };
        real least = gap(from, to);
        if ($periodic) {
            const real length = period.data[axis];
            const real before = gap(from - length, to - length);
            least = lower(least, lower(before, gap(from + length, to + length)));
        }
        return least;
    };

    // What every query has: room for neighbours in its row, how many it found, and how far to look.
    const real* query = query_points.data + 3 * (size_t)(place - place % width) + place % width;
    real bound[lanes], farthest, low[3], high[3];
    int found[lanes], room[lanes], number[lanes];
    bool heaped[lanes];
    long long start[lanes];
    for (int axis = 0; axis < 3; ++axis) low[axis] = high[axis] = query[axis * width];
    for (int lane = 0; lane < lanes; ++lane) {
        number[lane] = query_order.data[place + lane];
        found[lane] = room[lane] = 0;
        heaped[lane] = false;
        start[lane] = 0;
        if (number[lane] >= 0) {
            start[lane] = choice == $count ? 0 : row_ptr.data[number[lane]];
            room[lane] = choice == $count ? most : row_ptr.data[number[lane] + 1] - start[lane];
            for (int axis = 0; axis < 3; ++axis) {
                low[axis] = lower(low[axis], query[axis * width + lane]);
                high[axis] = higher(high[axis], query[axis * width + lane]);
            }
        }
        bound[lane] = room[lane] > 0 ? radius : real(-1);
    }
    auto look = [&]() {  // as far as any query does
        farthest = -1;
        for (int lane = 0; lane < lanes; ++lane) farthest = higher(farthest, bound[lane]);
    };
    look();

    // Entries are ordered by key, equal keys by index. A row that loses entries is a heap, its last
    // entry on top.
    auto precedes = [](real a, long long i, real b, long long j) {
        return (a < b) | ((a == b) & (i < j));
    };
    auto sink = [&](int lane, int hole, int size, real value, long long point) {
        real* key = keys.data + start[lane];
        long long* index = indices.data + start[lane];
        for (int child; (child = 2 * hole + 1) < size; hole = child) {
            if (child + 1 < size)
                child += precedes(key[child], index[child], key[child + 1], index[child + 1]);
            if (!precedes(value, point, key[child], index[child])) break;
            key[hole] = key[child];
            index[hole] = index[child];
        }
        key[hole] = value;
        index[hole] = point;
    };
    auto heapify = [&](int lane) {
        const real* key = keys.data + start[lane];
        const long long* index = indices.data + start[lane];
        for (int hole = found[lane] / 2 - 1; hole >= 0; --hole)
            sink(lane, hole, found[lane], key[hole], index[hole]);
    };
    auto offer = [&](int lane, real value, long long point) {
        real* key = keys.data + start[lane];
        long long* index = indices.data + start[lane];
        if (found[lane] < room[lane]) {
            key[found[lane]] = value;
            index[found[lane]++] = point;
            return;
        }
        if (!heaped[lane]) heapify(lane);
        heaped[lane] = true;
        if (precedes(value, point, key[0], index[0])) sink(lane, 0, room[lane], value, point);
        if (choice == $nearest) bound[lane] = lower(bound[lane], key[0]);
    };
    auto sort = [&](int lane) {
        real* key = keys.data + start[lane];
        long long* index = indices.data + start[lane];
        const int held = found[lane];
        if (held <= few) {  // every entry finds its rank on its own: nothing to guess
            real value[few];
            int point[few];
            for (int i = 0; i < held; ++i) value[i] = key[i], point[i] = index[i];
            for (int i = 0; i < held; ++i) {
                int rank = 0;
                for (int j = 0; j < held; ++j)
                    rank += precedes(value[j], point[j], value[i], point[i]);
                key[rank] = value[i];
                index[rank] = point[i];
            }
            return;
        }
        heapify(lane);
        for (int last = held - 1; last > 0; --last) {
            const real value = key[last];
            const long long point = index[last];
            key[last] = key[0];
            index[last] = index[0];
            sink(lane, 0, last, value, point);
        }
    };

    // What looks drawn for (seed, query, point): 24 bits of it, which float32 holds exactly.
    auto drawn = [&](int lane, long long point) {
        return real(child(child(seed, number[lane]), point) >> 40);
    };
    auto measure = [&](int leaf, int lane, real* distance) {
        const real* at = points.data + 3 * width * (size_t)leaf;
        const real x = query[lane], y = query[width + lane], z = query[2 * width + lane];
        for (int i = 0; i < width; ++i)
            distance[i] = squared(
                apart(0, at[i], x), apart(1, at[width + i], y), apart(2, at[2 * width + i], z));
    };
    auto scan = [&](int leaf) {
        const real* box = boxes.data + 12 * (size_t)leaf;
        const int* point = order.data + width * (size_t)leaf;
        real near[lanes], distance[width];
        for (int lane = 0; lane < lanes; ++lane) {
            const real x = query[lane], y = query[width + lane], z = query[2 * width + lane];
            near[lane] = squared(
                between(0, box, x, x), between(1, box, y, y), between(2, box, z, z));
        }
        for (int lane = 0; lane < lanes; ++lane) {
            if (!(near[lane] <= bound[lane])) continue;
            measure(leaf, lane, distance);
            if (choice == $count) {
                int within = 0;
                for (int i = 0; i < width; ++i) within += distance[i] <= radius;
                found[lane] += within;
                if (found[lane] >= room[lane]) bound[lane] = -1;
                continue;
            }
    #ifdef __CUDA_ARCH__
            unsigned hits = 0;
            for (int i = 0; i < width; ++i) hits |= unsigned(distance[i] <= bound[lane]) << i;
    #else
            typedef real Row __attribute__((ext_vector_type(width)));
            typedef bool Bits __attribute__((ext_vector_type(width)));
            Row row;
            __builtin_memcpy(&row, distance, sizeof(row));
            const Bits within = __builtin_convertvector(row <= Row(bound[lane]), Bits);
            unsigned hits = __builtin_bit_cast(unsigned short, within);
    #endif
            for (int i = 0; hits; ++i, hits >>= 1) {
    #ifndef __CUDA_ARCH__
                const int gap = __builtin_ctz(hits);
                i += gap;
                hits >>= gap;
    #endif
                if (!(hits & 1) || (exclude && point[i] == number[lane])) continue;
                const real key = choice == $nearest ? distance[i]
                                 : choice == $first ? real(0)
                                                    : drawn(lane, point[i]);
                offer(lane, key, point[i]);
            }
        }
        look();
    };

    // A node, and how far it is from the box around the queries.
    struct Node { int first, last; real away; };
    auto subtree = [&](int first, int last) {
        const int middle = first + (last - first) / 2;
        const real* box = boxes.data + 6 * (size_t)(last - first == 1 ? 2 * first : 2 * middle - 1);
        return Node{first, last, squared(between(0, box, low[0], high[0]),
                                         between(1, box, low[1], high[1]),
                                         between(2, box, low[2], high[2]))};
    };
    auto halves = [&](const Node& node, Node& near, Node& far) {
        const int middle = node.first + (node.last - node.first) / 2;
        const Node left = subtree(node.first, middle), right = subtree(middle, node.last);
        const bool swapped = right.away < left.away;
        near = swapped ? right : left;
        far = swapped ? left : right;
    };
    const int graph = query_graph.data[place / width];
    const Node root = {leaf_ptr.data[graph], leaf_ptr.data[graph + 1], 0};
    if (root.first == root.last) farthest = -1;

    // For the nearest, look into a part of the tree nearby first: a distance within which it has
    // enough points, found by halving, bounds the search from the start.
    if (choice == $nearest && farthest >= 0) {
        Node part = root, other;
        while (part.last - part.first > nearby / width) {
            const Node whole = part;
            halves(whole, part, other);
        }
        const int middle = part.first + (part.last - part.first) / 2;
        const int size = width * (part.last - part.first);
        const real* box = boxes.data
            + 6 * (size_t)(part.last - part.first == 1 ? 2 * part.first : 2 * middle - 1);
        for (int lane = 0; lane < lanes; ++lane) {
            const real x = query[lane], y = query[width + lane], z = query[2 * width + lane];
            real distance[nearby];
            for (int leaf = part.first; leaf < part.last; ++leaf)
                measure(leaf, lane, distance + width * (leaf - part.first));
            auto corner = [&](int axis, real at) {
                return higher(absolute(box[axis] - at), absolute(box[3 + axis] - at));
            };
            real under = 0, over = squared(corner(0, x), corner(1, y), corner(2, z));
            for (int step = 0; step <= 8; ++step) {
                const real tried = step == 0 ? over : (under + over) / 2;
                int within = 0;
                for (int i = 0; i < size; ++i) within += distance[i] <= tried;
                const bool enough = within >= room[lane] + exclude;
                if (step == 0 && !enough) break;
                over = enough ? tried : over;
                under = enough ? under : tried;
                if (step == 8) bound[lane] = lower(bound[lane], over);
            }
        }
        look();
    }

    // Down to the nearer child, keeping the other one for later.
    Node waiting[64];
    int depth = 0;
    waiting[depth++] = root;
    while (depth > 0) {
        Node node = waiting[--depth];
        while (node.away <= farthest && node.last - node.first > 1) {
            const Node whole = node;
            halves(whole, node, waiting[depth++]);
        }
        if (node.away <= farthest) scan(node.first);
    }

    for (int lane = 0; lane < lanes; ++lane) {
        if (number[lane] < 0) continue;
        if (choice == $count) {
            counts.data[number[lane]] = found[lane] < most ? found[lane] : most;
            continue;
        }
        real* key = keys.data + start[lane];
        if (choice != $nearest)
            for (int i = 0; i < found[lane]; ++i) {
                const real* at = positions.data + 3 * (size_t)indices.data[start[lane] + i];
                key[i] = squared(apart(0, at[0], query[lane]), apart(1, at[1], query[width + lane]),
                                 apart(2, at[2], query[2 * width + lane]));
            }
        sort(lane);
        for (int i = 0; i < found[lane]; ++i) key[i] = sqrt(key[i]);
    }
    """
)
