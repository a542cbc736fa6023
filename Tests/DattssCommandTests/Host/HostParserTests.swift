import DattssCore
import Testing

@testable import DattssServer
@testable import dattss

/// Every parser is given the text of a file of the kernel, as a machine wrote it.
@Suite struct HostParserTests {
    @Test("processor times: nice is user, interrupts are system, guests are not counted twice")
    func processorTimes() throws {
        let text = "cpu  100 10 50 800 20 3 7 10 5 2\ncpu0 1 2 3 4\nprocs_running 3\n"
        #expect(
            ProcessorTimes(stat: text) == ProcessorTimes(user: 110, system: 60, idle: 800, iowait: 20, steal: 10))
        #expect(RunningProcesses.count(stat: text) == 3)
        #expect(ProcessorTimes(stat: "cpu  1 2 3 4\n") == ProcessorTimes(user: 3, system: 3, idle: 4, iowait: 0, steal: 0))
        #expect(ProcessorTimes(stat: "cpu  1 2\n") == nil)
        #expect(ProcessorTimes(stat: "") == nil)
    }

    @Test("a process's line is read behind its name, whatever the name is")
    func processStat() {
        let rest =
            "R 12580 12580 28042 0 -1 4194304 99 0 0 0 7 5 0 0 20 0 1 0 2597352 3133440 413 18446744073709551615 94105176924160"
        let stat = ProcessStat(stat: "12599 (a) b (c) \(rest)\n")
        #expect(stat == ProcessStat(name: "a) b (c", ticks: 12, start: 2_597_352, residentPages: 413))
        #expect(ProcessStat(stat: "12599 (cat) R 1 2\n") == nil)
        #expect(ProcessStat(stat: "12599 cat\n") == nil)
        #expect(ProcessStat(stat: ") (") == nil)
    }

    @Test("open files are those that are allocated and not free")
    func openFiles() {
        #expect(OpenFiles.count(fileNr: "1073\t0\t2466165\n") == 1073)
        #expect(OpenFiles.count(fileNr: "10\t12\t99\n") == 0)
        #expect(OpenFiles.count(fileNr: "10\n") == nil)
        #expect(RunningProcesses.blocked(stat: "procs_running 3\nprocs_blocked 2\n") == 2)
    }

    @Test(
        "a container is one that is the root of its groups",
        arguments: [("0::/\n", true), ("0::/system.slice/x\n", false), ("9:cpu:/\n", false)])
    func container(text: String, isRoot: Bool) { #expect(Container.isRoot(cgroup: text) == isRoot) }

    @Test("limits of a container are numbers, or max")
    func containerLimits() {
        #expect(Container.number("max\n") == nil && Container.number("1048576\n") == 1_048_576)
        #expect(Container.percent(cpuMax: "max 100000\n") == nil && Container.percent(cpuMax: "50000 100000\n") == 50)
        #expect(Container.percent(cpuMax: "50000 0\n") == nil)
        #expect(Container.field("usage_usec", in: "usage_usec 7\nuser_usec 8\n") == 7)
        #expect(Container.field("usage", in: "usage_usec 7\n") == nil)
    }

    @Test(
        "temperatures are thousandths of a degree",
        arguments: [("48250\n", 48.25), ("-3000", -3), ("0\n", nil), ("-274000", nil), ("x", nil), ("", nil)] as [(String, Double?)]
    )
    func temperatures(text: String, degrees: Double?) { #expect(Temperatures.degrees(text) == degrees) }

    @Test("shares of the processors add up to 100, also when a number runs backwards")
    func percentages() throws {
        let earlier = ProcessorTimes(user: 100, system: 50, idle: 800, iowait: 20, steal: 0)
        let now = ProcessorTimes(user: 130, system: 60, idle: 860, iowait: 15, steal: 0)
        let percentages = try #require(now.percentages(since: earlier))
        #expect(percentages.map(\.name) == ["user", "system", "iowait", "idle", "steal"])
        #expect(percentages.map(\.percent) == [30, 10, 0, 60, 0])
        #expect(now.percentages(since: now) == nil)
    }

    @Test("load averages and the time since the start")
    func load() {
        let load = LoadAverage(loadavg: "0.52 1.04 2.08 2/345 6789\n")
        #expect(load?.oneMinute == 0.52 && load?.fiveMinutes == 1.04 && load?.fifteenMinutes == 2.08)
        #expect(LoadAverage(loadavg: "0.52\n") == nil)
        #expect(Uptime.seconds(uptime: "350735.47 234388.90\n") == 350_735.47)
    }

    @Test(
        "the processors that a process may run on are the bits of a mask",
        arguments: [
            ("Name:\tdattss\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n", 2), ("Cpus_allowed:\t1\n", 1),
            ("Cpus_allowed:\tff,ffffffff\n", 40), ("Cpus_allowed:\t00000000,80000001\n", 2), ("Cpus_allowed:\t0\n", nil),
            ("Cpus_allowed:\tx1\n", nil), ("Cpus_allowed:\n", nil), ("Cpus_allowed_list:\t0-1\n", nil), ("", nil),
        ] as [(String, Int?)])
    func allowedProcessors(status: String, count: Int?) {
        #expect(EventLoops.allowedProcessors(status: status) == count)
    }

    @Test("memory is in bytes; what is used is what is not available")
    func memory() {
        let memory = MemoryUse(
            meminfo: """
                MemTotal:        1000 kB
                MemFree:          100 kB
                MemAvailable:     600 kB
                Buffers:           50 kB
                Cached:           400 kB
                SwapTotal:        200 kB
                SwapFree:         150 kB
                HugePages_Total:    0
                """)
        #expect(memory?.used == 400 * 1024 && memory?.available == 600 * 1024)
        #expect(memory?.cached == 450 * 1024 && memory?.swapUsed == 50 * 1024)
        #expect(MemoryUse(meminfo: "MemTotal: 1000 kB\n") == nil)
    }

    @Test("disks: no partitions, no loops, no memory, nothing that was never used; sectors are 512 bytes")
    func disks() {
        let disks = DiskTraffic.disks(
            diskstats: """
                   7       0 loop0 5 0 8 0 0 0 0 0 0 0 0
                   8       0 sda 100 5 2000 30 50 6 4000 40 0 60 70 0 0 0 0
                   8       1 sda1 90 5 1800 30 50 6 4000 40 0 60 70 0 0 0 0
                   8      16 sdb 0 0 0 0 0 0 0 0 0 0 0
                 259       0 nvme0n1 7 0 8 1 9 0 10 1 0 1 1
                 259       1 nvme0n1p1 7 0 8 1 9 0 10 1 0 1 1
                 252       0 zram0 7 0 8 1 9 0 10 1 0 1 1
                 253       0 dm-0 1 0 1 1 1 0 1 1 0 1 1
                 bad line
                """)
        #expect(disks.keys.sorted() == ["dm-0", "nvme0n1", "sda"])
        #expect(
            disks["sda"]
                == DiskTraffic(readOperations: 100, readBytes: 2000 * 512, writeOperations: 50, writeBytes: 4000 * 512))
    }

    @Test("mount points: local disks once each, at their shortest path, with blanks read")
    func mounts() {
        let paths = MountPoints.real(
            mounts: """
                proc /proc proc rw 0 0
                tmpfs /dev/shm tmpfs rw 0 0
                /dev/vda1 / ext4 rw 0 0
                /dev/vda1 /var/lib/docker ext4 rw 0 0
                /dev/vdb /mnt/my\\040disk xfs rw 0 0
                /dev/loop3 /snap/core squashfs ro 0 0
                server:/export /net nfs rw 0 0
                tank/home /home zfs rw 0 0
                """)
        #expect(paths == ["/", "/home", "/mnt/my disk"])
        #expect(paths.map(StatisticName.mountPoint) == ["root", "home", "mnt_my_disk"])
        #expect(MountPoints.unescaped("a\\134b\\0") == "a\\b\\0")
    }

    @Test("interfaces: no loopback, none that is silent, and a number may follow the colon at once")
    func network() {
        let interfaces = NetworkTraffic.interfaces(
            dev: """
                Inter-|   Receive                                                |  Transmit
                 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
                    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0
                  eth0:1500 12 1 0 0 0 0 0 2500 22 2 0 0 0 0 0
                eth0:1: 10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0
                  ifb0:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
                """)
        #expect(interfaces.keys.sorted() == ["eth0", "eth0:1"])
        #expect(
            interfaces["eth0"]
                == NetworkTraffic(
                    receivedBytes: 1500, receivedPackets: 12, receiveErrors: 1, sentBytes: 2500, sentPackets: 22, sendErrors: 2))
    }

    @Test(
        "names of foreign things become components of a path",
        arguments: [
            ("web1.example.org", "web1_example_org"), ("eth0:1", "eth0:1"), ("dm-0", "dm-0"), ("größe", "gr____e"), ("", "_"),
        ])
    func components(name: String, expected: String) {
        #expect(StatisticName.component(name) == expected)
    }
}
