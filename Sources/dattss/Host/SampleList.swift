import DattssCore

/// Words of a command line: pairs of path and sample, or one path and several samples.
enum SampleList {
    /// Where every word after the first reads as a sample, the first is the path of them all.
    static func partials(of words: [String]) throws(SampleListError) -> [Partial] {
        guard words.count >= 2 else { throw SampleListError(message: "expected a path and a sample, as in: backup.runs 1c") }
        var table = AccumulatorTable(capacity: words.count)
        let isOnePath = words.count > 2 && words.dropFirst().allSatisfy { (try? SampleValue($0)) != nil }
        if !isOnePath, words.count % 2 != 0 {
            throw SampleListError(message: "'\(words[words.count - 1])' has no sample behind it, expected pairs of path and sample")
        }
        for index in stride(from: 1, to: words.count, by: isOnePath ? 1 : 2) {
            let path = isOnePath ? words[0] : words[index - 1]
            guard Name.isValidPath(path.utf8) else {
                throw SampleListError(message: "'\(path)' is no path, expected 1 to 255 of A-Z a-z 0-9 _ . : ! -")
            }
            guard let sample = try? SampleValue(words[index]) else {
                throw SampleListError(
                    message: "'\(words[index])' is no sample of '\(path)', expected a number and c, ms or g: 2c, 153ms, 23g")
            }
            _ = table.add(sample, to: path)
        }
        return table.flush()
    }
}

struct SampleListError: Error, Hashable, CustomStringConvertible {
    var message: String
    var description: String { message }
}
