internal import CPlatform
internal import Glibc

// What it costs to watch 20,000 statistics of one user for what is unusual: `scripts/usual-cost` compiles this together with what it
// measures, which is no part of any library's interface. Reading the minutes from the log is not in the figures.

func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func seconds(_ body: () -> Void) -> Double {
    let begun = processorSeconds()
    body()
    return processorSeconds() - begun
}

func residentMebibytes() -> Double {
    guard let file = fopen("/proc/self/statm", "r") else { return .nan }
    defer { fclose(file) }
    var (size, resident) = (0, 0)
    withUnsafeMutablePointer(to: &size) { size in
        withUnsafeMutablePointer(to: &resident) { resident in
            _ = withVaList([size, resident]) { vfscanf(file, "%ld %ld", $0) }
        }
    }
    return Double(resident * 4096) / 1_048_576
}

let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 20_000
let stepsDone: Int64 = 24
let kinds: [Kind] = [.counter, .gauge, .timer]
let keys = (0..<count).map { StatisticKey(kinds[$0 % 3], "shop.checkout.host-\($0).orders") }.sorted()
let first = UsualSlot(1000 * UsualSlot.perDay)
guard let ann = UserID("ann") else { exit(70) }

/// A minute in which each of them comes once; in a storm each tenth is not what it was.
func minute(isStorm: Bool) -> UserMinute {
    UserMinute(
        user: ann,
        aggregates: keys.enumerated().map { index, key in
            Partial(key, Aggregate(sample: isStorm && index % 10 == 0 ? 5000 : Double(index % 50) + 6))
        })
}

let (calm, storm) = (minute(isStorm: false), minute(isStorm: true))
let before = residentMebibytes()
var user = WatchedUser(beginning: first)
var room = count
user.add(first.minute, calm, room: &room)
var random = SystemRandomNumberGenerator()
let learning = seconds {
    for (index, key) in keys.enumerated() {
        let steps = (Int64(0)..<900).map { step in
            (slot: UsualSlot(first.index - 900 + step), value: Double(index % 50) + 5 + Double.random(in: 0..<4, using: &random))
        }
        user.learned(key, UsualWatched(UsualMeasure(key.kind), steps: steps), at: first.minute)
    }
    user.rank()
}
var (minutes, steps, worst) = (0.0, 0.0, 0.0)
for step in 1...stepsDone {
    let slot = UsualSlot(first.index + step)
    let minute = step > stepsDone / 2 ? storm : calm
    minutes += seconds { for offset in 0..<UsualSlot.minutes { user.add(slot.minute.advanced(by: offset), minute, room: &room) } }
    let cost = seconds { user.advance(to: UsualSlot(slot.index + 1)) }
    (steps, worst) = (steps + cost, max(worst, cost))
}
// (As the server does once a minute: what learning took and gave back is nobody's.)
_ = memory_return_free()
let kept = residentMebibytes() - before
var list = UnusualList()
let listing = seconds { list = user.list }
let listed = residentMebibytes() - before - kept
let mean = (minutes + steps) / Double(stepsDone)
print("\(count) statistics, of which \(list.statistics.count) are unusual at the end")
print(
    "a step                 \(mean) s of CPU: five minutes taken in, and all judged (\(steps / Double(stepsDone)), at most \(worst))"
)
print("the list of a request  \(listing) s, \(listed) MiB")
print("learned once a day     \(learning) s, of three days of steps each")
print("kept                   \(kept) MiB")
