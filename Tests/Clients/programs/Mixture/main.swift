import DattssClient
import Foundation

// Three periods of a known mixture. Between them it waits for the test to go on.

let stats = Dattss(Dattss.Configuration(process: "mixture"))
stats.start()
for period in 0..<3 {
    for i in 0..<400 {
        stats.agg("mix.hits", i == 0 ? "1c!" : "1c")
        stats.count("mix.bytes", by: Double(i % 7))
        stats.time("mix.wait", milliseconds: Double(1 + i * 37 % 500) + 0.5)
        stats.agg("mix.load", "\(period * 1000 + i - 200)g")
        // Waits: samples of one period are to go out in several pushes.
        if i % 100 == 0 { Thread.sleep(forTimeInterval: 0.06) }
    }
    try say("period \(period)")
    _ = readLine()
}
// No stop and no flush: the end of the program has to send the rest.
try say("{\"dropped\": \(stats.drops.total)}")

/// Unlike `print`, not when a buffer is full.
func say(_ line: String) throws {
    try FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8))
}
