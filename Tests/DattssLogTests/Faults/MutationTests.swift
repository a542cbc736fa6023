import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: promise "decoders never trap". Inputs of every decoder are mutated, a million times altogether, with their checksums
/// put right where a checksum would hide the decoder; each is decoded or refused.
@Suite struct MutationTests {
    struct Decoder: Sendable, CustomTestStringConvertible {
        var name: String
        /// Its share of the mutations.
        var share = 1.0
        var inputs: [[UInt8]]
        var decode: @Sendable ([UInt8]) throws -> Void
        var testDescription: String { name }
    }

    private static let count = Campaign.size("DATTSS_MUTATIONS", default: 1_000_000)

    @Test("a million mutations of the inputs of all decoders: decoded or refused, never a trap", arguments: decoders)
    func mutations(decoder: Decoder) throws {
        var mutator = Mutator(seed: UInt64(Campaign.seed))
        var (decoded, refused) = (0, 0)
        let shares = Self.decoders.reduce(0) { $0 + $1.share }
        for input in decoder.inputs { #expect(throws: Never.self, "an input as it is") { try decoder.decode(input) } }
        for _ in 0..<Int(Double(Self.count) * decoder.share / shares) + 1 {
            let input = mutator.random.element(of: decoder.inputs)
            let mutated = mutator.mutate(input, splicing: mutator.random.element(of: decoder.inputs))
            do {
                try decoder.decode(mutated)
                decoded += 1
            } catch is LogError {
                refused += 1
            }
        }
        // Neither all refused nor all decoded: the mutations reach deep.
        #expect(decoded > 0 && refused > 0, "\(decoder.name): \(decoded) decoded, \(refused) refused, seed \(Campaign.seed)")
    }
}
