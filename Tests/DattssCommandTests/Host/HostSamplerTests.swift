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

    @Test("watched programs, the container, connections and thermometers are sampled")
    func watchedPrograms() {
        // Goal: what several processes of one name take, between two looks, also when one of them has just begun.
        let files = Files()
        func stat(_ number: Int, _ name: String, _ ticks: Int, start: Int, pages: Int) {
            let rest = "S 1 1 1 0 -1 4194304 9 0 0 0 \(ticks) 10 0 0 20 0 1 0 \(start) 2597352 \(pages) 18446744073709551615 1 1"
            files.set("/proc/\(number)/stat", "\(number) (\(name)) \(rest)\n")
        }
        let folders = Mutex<[String: [String]]>([
            "/proc": ["1", "20", "21", "30", "self"], "/proc/20/fd": [".", "..", "0", "1"], "/proc/21/fd": [".", "..", "0"],
            "/sys/class/thermal": ["thermal_zone0", "cooling_device0"],
        ])
        var source = files.source
        source.names = { folder in folders.withLock { $0[folder] } }
        stat(1, "init", 900, start: 1, pages: 7)
        stat(20, "nginx", 100, start: 50, pages: 10)
        stat(21, "nginx", 200, start: 60, pages: 5)
        stat(30, "a (bad) name th", 5, start: 60, pages: 3)
        files.set("/proc/uptime", "1000.00 900.00\n")
        files.set("/proc/sys/fs/file-nr", "1073\t3\t2466165\n")
        files.set(
            "/proc/net/tcp", "  sl  local_address rem_address   st\n   0: 0100007F:A5B5 00000000:0000 0A 0\n   1: 0:1 0:2 01 0\n")
        files.set("/proc/net/tcp6", "  sl  local_address rem_address   st\n   0: 0:1 0:2 03 0\n   1: 0:1 0:2 01 0\n")
        files.set("/sys/class/thermal/thermal_zone0/type", "x86 pkg.temp\n")
        files.set("/sys/class/thermal/thermal_zone0/temp", "48250\n")
        files.set("/proc/self/cgroup", "0::/\n")
        files.set("/sys/fs/cgroup/memory.current", "5000\n")
        files.set("/sys/fs/cgroup/memory.stat", "anon 3000\ninactive_file 1500\n")
        files.set("/sys/fs/cgroup/memory.max", "max\n")
        files.set("/sys/fs/cgroup/cpu.max", "150000 100000\n")
        files.set("/sys/fs/cgroup/cpu.stat", "usage_usec 1000000\nnr_throttled 1\nthrottled_usec 0\n")
        var sampler = HostSampler(prefix: "h", watching: ["nginx", "a (bad) name that is long", "gone"], source: source)
        let first = sampler.sample()
        #expect(value("h.watch.nginx.processes", first)?.value == 2 && value("h.watch.nginx.cpu", first) == nil)
        #expect(value("h.watch.nginx.memory", first)?.value == 15 * 4096 && value("h.watch.nginx.files", first)?.value == 3)
        #expect(value("h.watch.a__bad__name_that_is_long.processes", first)?.value == 1)
        #expect(value("h.watch.a__bad__name_that_is_long.files", first) == nil)
        #expect(value("h.watch.gone.processes", first)?.value == 0 && value("h.watch.gone.memory", first) == nil)
        #expect(value("h.files.open", first)?.value == 1070)
        #expect(value("h.tcp.established", first)?.value == 2 && value("h.tcp.syn_received", first)?.value == 1)
        #expect(value("h.tcp.listen", first)?.value == 1 && value("h.tcp.time_wait", first)?.value == 0)
        #expect(value("h.temperature.x86_pkg_temp", first)?.value == 48.25)
        #expect(value("h.container.memory", first)?.value == 3500 && value("h.container.memory_limit", first) == nil)
        #expect(value("h.container.cpu_limit", first)?.value == 150 && value("h.container.cpu", first) == nil)

        // Ten seconds later: 100 ticks of one, 50 of one that has begun, and the number of another is used again.
        files.set("/proc/uptime", "1010.00 900.00\n")
        files.set("/sys/fs/cgroup/cpu.stat", "usage_usec 3000000\nthrottled_usec 500000\n")
        stat(20, "nginx", 200, start: 50, pages: 10)
        stat(21, "nginx", 30, start: 100_500, pages: 5)
        stat(22, "nginx", 700, start: 70, pages: 1)
        folders.withLock { $0["/proc"] = ["20", "21", "22"] }
        let second = sampler.sample()
        #expect(value("h.watch.nginx.cpu", second)?.value == 100 * (100 + 40) / 100.0 / 10)
        #expect(value("h.container.cpu", second)?.value == 20 && value("h.container.throttled", second)?.value == 5)
        #expect(value("h.watch.nginx.processes", second)?.value == 3)
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
