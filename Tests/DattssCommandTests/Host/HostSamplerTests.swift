import DattssCore
import Synchronization
import Testing

@testable import dattss

@Suite struct HostSamplerTests {
    /// The files of a machine, which the test changes between two looks.
    private final class Files: Sendable {
        let texts = Mutex<[String: String]>([:])
        func set(_ path: String, _ text: String) { texts.withLock { $0[path] = text } }
        var source: HostSource {
            HostSource(
                text: { path in self.texts.withLock { $0[path] } }, usedPercent: { $0 == "/" ? 42 : nil }, processCount: { 7 })
        }
    }

    private func value(_ path: String, _ samples: [HostSampler.Sample]) -> SampleValue? {
        samples.first { $0.path == path }?.sample
    }

    @Test("the first look gives gauges, the second also what happened in between")
    func deltas() {
        let files = Files()
        files.set("/proc/stat", "cpu  100 0 100 800 0 0 0 0\nprocs_running 2\n")
        files.set("/proc/diskstats", "8 0 sda 10 0 100 0 20 0 200 0 0 0 0\n")
        files.set("/proc/net/dev", "eth0: 1000 10 0 0 0 0 0 0 2000 20 0 0 0 0 0 0\n")
        files.set("/proc/mounts", "/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /gone ext4 rw 0 0\n")
        var sampler = HostSampler(prefix: "host.web1", source: files.source)
        let first = sampler.sample()
        #expect(first.allSatisfy { $0.sample.kind == .gauge })
        #expect(first.map(\.path).sorted() == ["host.web1.processes.running", "host.web1.processes.total", "host.web1.space.root"])

        files.set("/proc/stat", "cpu  175 0 100 825 0 0 0 0\nprocs_running 2\n")
        files.set("/proc/diskstats", "8 0 sda 13 0 108 0 20 0 200 0 0 0 0\n8 16 sdb 5 0 5 0 5 0 5 0 0 0 0\n")
        files.set("/proc/net/dev", "eth0: 400 10 0 0 0 0 0 0 2500 21 0 0 0 0 0 0\n")
        let second = sampler.sample()
        #expect(value("host.web1.cpu.user", second) == SampleValue(value: 75, kind: .gauge))
        #expect(value("host.web1.cpu.idle", second)?.value == 25)
        #expect(value("host.web1.disk.sda.read", second) == SampleValue(value: 8 * 512, kind: .counter))
        #expect(value("host.web1.disk.sda.read_ops", second)?.value == 3)
        #expect(value("host.web1.disk.sda.write", second)?.value == 0)
        #expect(value("host.web1.disk.sdb.read", second) == nil, "a new disk has nothing to compare with")
        #expect(value("host.web1.net.eth0.rx", second)?.value == 0, "an interface that began anew is not a negative count")
        #expect(value("host.web1.net.eth0.tx", second)?.value == 500)
    }

    @Test("a machine without these files gives nothing, and does not fail")
    func nothing() {
        var sampler = HostSampler(
            prefix: "h", source: HostSource(text: { _ in nil }, usedPercent: { _ in nil }, processCount: { nil }))
        #expect(sampler.sample().isEmpty)
    }

    #if os(Linux)
        @Test("this machine answers, with valid paths and finite values")
        func thisMachine() {
            var sampler = HostSampler(prefix: "host.\(StatisticName.component(HostSource.hostName))")
            _ = sampler.sample()
            let samples = sampler.sample()
            #expect(samples.contains { $0.path.hasSuffix(".load.1m") })
            #expect(samples.contains { $0.path.hasSuffix(".processes.total") && $0.sample.value > 0 })
            #expect(samples.allSatisfy { Name.isValidPath($0.path.utf8) && $0.sample.value.isFinite })
        }
    #endif
}
