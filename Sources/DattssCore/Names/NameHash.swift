import Synchronization

/// Hashes names, eight bytes at a time: multiplies and folds, like wyhash (https://github.com/wangyi-fudan/wyhash). Keyed at
/// random, so that nobody can choose names that collide.
struct NameHash: Sendable {
    /// The state that a name begins with.
    let seed = seeds.withLock { $0.next() }

    /// (The system is asked once: a call for each table, of which a datagram can make hundreds, is the dearest part of one.)
    private static let seeds = Mutex(SplitMix64(seed: .random(in: .min ... .max)))

    /// - Parameter tag: names with different tags have different hashes.
    @inline(__always)
    func callAsFunction(_ name: UnsafeBufferPointer<UInt8>, _ tag: UInt8) -> UInt32 {
        HashedName(name, self).hash(tag)
    }

    /// The state after another word of a name.
    @inline(__always)
    static func mixed(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }
}

/// A name and its hash. The search for the end of a name has all of its words in hand, and hashes them on the way.
///
///     words  [load.som][e.path.9]    rest  [7       ]    zeros behind it, and at least one
struct HashedName {
    let bytes: UnsafeBufferPointer<UInt8>
    /// What stands behind the last whole word.
    let rest: UInt64
    private let state: UInt64

    /// - Parameter state: that after all whole words.
    @inline(__always)
    init(_ bytes: UnsafeBufferPointer<UInt8>, rest: UInt64, state: UInt64) {
        (self.bytes, self.rest) = (bytes, rest)
        self.state = NameHash.mixed(state, rest ^ UInt64(truncatingIfNeeded: bytes.count) << 56)
    }

    @inline(__always)
    init(_ bytes: UnsafeBufferPointer<UInt8>, _ hash: NameHash) {
        var state = hash.seed
        for index in 0..<bytes.count / 8 { state = NameHash.mixed(state, bytes.word(at: index * 8)) }
        self.init(bytes, rest: bytes.lastWord, state: state)
    }

    @inline(__always)
    func hash(_ tag: UInt8) -> UInt32 {
        UInt32(truncatingIfNeeded: state ^ (state >> 32)) ^ UInt32(tag) &* 0x9E37_79B1
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Eight bytes, which lie in this buffer; the first one is the lowest.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        UInt64(littleEndian: UnsafeRawBufferPointer(self).loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// What stands behind the last whole word.
    @inline(__always)
    fileprivate var lastWord: UInt64 {
        let length = count % 8
        if length == 0 { return 0 }
        // The last eight, some of them for the second time: no loop, whose end would be guessed wrong.
        if count >= 8 { return word(at: count - 8) >> UInt64(8 * (8 - length)) }
        return reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
