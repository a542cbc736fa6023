/// The sum, or another merge, of any neighbouring values: of a few it is worked out as it is asked, of many out of merges of merges
/// that were prepared (a segment tree), so that long spans that overlap cost no more than short ones.
struct RangeTree {
    private let count: Int
    private let nodes: [Double]
    private let merge: (Double, Double) -> Double
    private let nothing: Double

    private static let shortMax = 24

    /// - Parameter nothing: what a merge with changes nothing.
    init(_ values: [Double], longest: Int, nothing: Double, _ merge: @escaping (Double, Double) -> Double) {
        (count, self.merge, self.nothing) = (values.count, merge, nothing)
        guard longest > Self.shortMax else {
            nodes = values
            return
        }
        var nodes = [Double](repeating: nothing, count: values.count) + values
        for node in stride(from: values.count - 1, to: 0, by: -1) { nodes[node] = merge(nodes[2 * node], nodes[2 * node + 1]) }
        self.nodes = nodes
    }

    func of(_ range: Range<Int>) -> Double {
        if nodes.count == count { return nodes[range].reduce(nothing, merge) }
        var (left, right) = (nothing, nothing)
        var (low, high) = (range.lowerBound + count, range.upperBound + count)
        while low < high {
            if low & 1 == 1 {
                left = merge(left, nodes[low])
                low += 1
            }
            if high & 1 == 1 {
                high -= 1
                right = merge(nodes[high], right)
            }
            (low, high) = (low / 2, high / 2)
        }
        return merge(left, right)
    }
}
