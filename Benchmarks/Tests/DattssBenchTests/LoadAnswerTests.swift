import Testing

@testable import DattssBench

@Suite("Load: answers")
struct LoadAnswerTests {
    private func read(_ bytes: [UInt8]) throws -> HTTPAnswer? {
        try bytes.withUnsafeBufferPointer { bytes throws(LoadError) in try HTTPAnswer(bytes) }
    }

    private let refusal = Array(
        ("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\ncontent-length: 52\r\nConnection: close\r\n\r\n"
            + #"{"error":{"name":"overloaded","message":"too much"}}"#).utf8)

    /// Goal: it does not matter in how many pieces an answer arrives.
    @Test("an answer is found when its last byte is there, and not before")
    func dripFed() throws {
        for count in 0..<refusal.count { #expect(try read(Array(refusal[..<count])) == nil, "\(count) bytes") }
        let answer = try #require(try read(refusal))
        #expect(answer.status == 503 && answer.isLast && answer.hasRetryAfter && answer.length == refusal.count)
        #expect(HTTPAnswer.errorName(status: 503, refusal[answer.body]) == "overloaded")
        #expect(try read(refusal + Array("HTTP/1.1 200".utf8))?.length == refusal.count)
    }

    @Test("a plain answer keeps the connection")
    func plain() throws {
        let bytes = Array("HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: keep-alive\r\n\r\n{\"ok\":true}".utf8)
        let answer = try #require(try read(bytes))
        #expect(answer.status == 200 && !answer.isLast && !answer.hasRetryAfter)
        #expect(HTTPAnswer.errorName(status: 404, bytes[answer.body]) == "status 404")
    }

    @Test(
        "what is no answer is an error",
        arguments: [
            "SSH-2.0-OpenSSH_9.6\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ])
    func nonsense(text: String) {
        #expect(throws: LoadError.self) { try read(Array(text.utf8)) }
    }
}
