import DattssCore
import Foundation
import Testing

@testable import DattssServer

@Suite("The date of an answer")
struct InternetDateTests {
    @Test("is as RFC 9110 has it")
    func example() {
        #expect(InternetDate.http(Timestamp(seconds: 784_111_777)) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(InternetDate.http(Timestamp(milliseconds: 784_111_777_999)) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(InternetDate.http(Timestamp(seconds: 784_111_778)) == "Sun, 06 Nov 1994 08:49:38 GMT")
    }

    /// Goal: every day of four years, and any second of them.
    @Test("agrees with Foundation's")
    func oracle() {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = .gmt
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        for day in 0..<1461 {
            let second = Int64(1_767_225_600 + day * 86_400 + day * 7919 % 86_400)
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(second)))
            #expect(InternetDate.http(Timestamp(seconds: second)) == expected)
        }
    }
}
