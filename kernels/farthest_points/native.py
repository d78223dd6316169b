"""Native code of farthest-point sampling: a tournament over the tree that every pick replays."""

from string import Template

# A node knows the point farthest from all picks. A pick closer to none of a node's points than
# they are to earlier picks changes nothing in it: the bound of its box decides, exactly.
SAMPLE = Template(
    """
    using real = $real;
    constexpr int width = $leaf;
    auto higher = [](real a, real b) { return b > a ? b : a; };
    auto squared = [](real a, real b, real c) {
    #ifdef __clang__
    #pragma clang fp contract(off)
    #endif
        return (a * a + b * b) + c * c;
    };
    auto middle = [](int first, int last) { return first + (last - first) / 2; };
    auto box_of = [&](int first, int last) {
        return last - first == 1 ? 2 * first : 2 * middle(first, last) - 1;
    };
    auto farther = [&](real a, int i, real b, int j) {
        return (a > b) | ((a == b) & (order.data[i] < order.data[j]));
    };

    const int first = leaf_ptr.data[graph], last = leaf_ptr.data[graph + 1];
    struct Node { int first, last; } waiting[64], *visited = (Node*)visits.data + 2 * (size_t)first;
    int chosen = starts.data[graph];  // a place
    for (long long pick = pick_ptr.data[graph]; pick < pick_ptr.data[graph + 1]; ++pick) {
        picks.data[pick] = order.data[chosen];
        const int home = chosen / width;
        const real* own = points.data + 3 * width * (size_t)home + chosen % width;
        const real at[3] = {own[0], own[width], own[2 * width]};
        distances.data[chosen] = -1;
        int depth = 0, count = 0;
        waiting[depth++] = {first, last};
        while (depth > 0) {
            const Node node = waiting[--depth];
            const int box = box_of(node.first, node.last);
            const real* edge = boxes.data + 6 * (size_t)box;
            real gap[3];
            for (int axis = 0; axis < 3; ++axis)
                gap[axis] = higher(
                    higher(edge[axis] - at[axis], at[axis] - edge[3 + axis]), real(0));
            const bool holds = (node.first <= home) & (home < node.last);
            if (squared(gap[0], gap[1], gap[2]) >= far.data[box] && !holds) continue;
            if (node.last - node.first > 1) {
                visited[count++] = node;
                waiting[depth++] = {middle(node.first, node.last), node.last};
                waiting[depth++] = {node.first, middle(node.first, node.last)};
                continue;
            }
            const real* point = points.data + 3 * width * (size_t)node.first;
            real* nearest = distances.data + width * (size_t)node.first;
            for (int i = 0; i < width; ++i) {
                const real away = squared(point[i] - at[0], point[width + i] - at[1],
                                          point[2 * width + i] - at[2]);
                nearest[i] = away < nearest[i] ? away : nearest[i];
            }
            int best = width * node.first;
            for (int i = best + 1; i < width * node.last; ++i)
                if (farther(distances.data[i], i, distances.data[best], best)) best = i;
            far.data[box] = distances.data[best];
            farthest.data[box] = best;
        }
        while (count > 0) {  // children come after their parents
            const Node node = visited[--count];
            const int split = middle(node.first, node.last), box = box_of(node.first, node.last);
            const int left = box_of(node.first, split), right = box_of(split, node.last);
            const bool from_left = farther(
                far.data[left], farthest.data[left], far.data[right], farthest.data[right]);
            far.data[box] = far.data[from_left ? left : right];
            farthest.data[box] = farthest.data[from_left ? left : right];
        }
        chosen = farthest.data[box_of(first, last)];
    }
    """
)
