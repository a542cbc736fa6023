import DattssCore
import DattssPipeline
import DattssTestSupport
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import DattssServer

/// Goal: what is decided about a member counts at once, also for what is open already, and for answers that are shared.
@Suite("Teams, while a stream is open")
struct TeamStreamTests {
    private let world: TeamWorld

    init() throws { world = try TeamWorld() }

    private func open(_ caller: TeamWorld.Caller) async throws -> (stream: StreamText, reading: Task<Void, any Error>) {
        let response = try await world.routes.makeRouter().buildResponder()
            .begin(.get, "/api/v1/live?user=\(caller.asksFor)", headers: world.headers(world.signIn(caller.user)))
        #expect(response.status == .ok)
        let stream = StreamText()
        return (stream, Task { try await response.body.write(stream) })
    }

    /// Turns the feeds until it is so.
    private func turning(_ condition: () -> Bool) async throws -> Bool {
        try await eventually {
            await world.routes.feeds.turn()
            return condition()
        }
    }

    @Test("it ends with the membership, and tells nothing that happened afterwards", arguments: [false, true])
    func removal(isDeletion: Bool) async throws {
        let (member, reading) = try await open(.view)
        let (owner, ownReading) = try await open(.owner)
        world.routes.processes.note("before", of: world.shop)
        #expect(try await turning { member.contains("before") && owner.contains("before") })

        let view = try #require(TeamWorld.Caller.view.user)
        if isDeletion {
            try world.accounts.delete(view, at: world.clock.now())
        } else {
            try world.accounts.remove(view, fromTeamOf: world.shop, by: .commandLine, at: world.clock.now())
        }
        world.routes.processes.note("afterwards", of: world.shop)
        #expect(try await turning { member.isFinished && owner.contains("afterwards") })
        try await reading.value
        #expect(!member.contains("afterwards"))
        #expect(!owner.isFinished)
        ownReading.cancel()
    }

    @Test("it ends with the team when the owner is deleted")
    func deletion() async throws {
        let (member, reading) = try await open(.administer)
        try world.accounts.delete(world.shop, at: world.clock.now())
        #expect(try await turning { member.isFinished })
        try await reading.value
        let session = try world.signIn(TeamWorld.Caller.administer.user)
        #expect(try await world.answer(.get, "/api/v1/status?user=shop", session).name == "403 forbidden")
    }

    @Test("it goes on with another role, and the next request has that role")
    func roles() async throws {
        let (member, reading) = try await open(.edit)
        let edit = try #require(TeamWorld.Caller.edit.user)
        let session = try world.signIn(edit)
        func mark() async throws -> String {
            try await world.answer(.post, "/api/v1/marks?user=shop", session, body: #"{"text":"deployed"}"#).name
        }
        #expect(try await mark() == "201")
        try world.accounts.setRole(.view, of: edit, in: world.shop, by: .commandLine, at: world.clock.now())
        #expect(try await mark() == "403 role_needed")
        world.routes.processes.note("more", of: world.shop)
        #expect(try await turning { member.contains("more") })
        try world.accounts.setRole(.edit, of: edit, in: world.shop, by: .commandLine, at: world.clock.now())
        #expect(try await mark() == "201")
        reading.cancel()
    }

    /// Goal: the answer to one is kept for others who ask at the same time, and is still none for those who may not see it.
    @Test("a status that was just worked out is not given to who was removed")
    func shared() async throws {
        let view = try #require(TeamWorld.Caller.view.user)
        let (member, owner) = (try world.signIn(view), try world.signIn(world.shop))
        for session in [owner, member] {
            #expect(try await world.answer(.get, "/api/v1/status?user=shop", session).status == 200)
        }
        try world.accounts.remove(view, fromTeamOf: world.shop, by: .commandLine, at: world.clock.now())
        #expect(try await world.answer(.get, "/api/v1/status?user=shop", owner).status == 200)
        #expect(try await world.answer(.get, "/api/v1/status?user=shop", member).name == "403 forbidden")
        #expect(try await world.answer(.get, "/api/v1/status", member).status == 200)
    }

    @Test("the command line's change counts with the next look at the file, within a second")
    func otherProcess() async throws {
        let view = try #require(TeamWorld.Caller.view.user)
        let session = try world.signIn(view)
        let shell = try Accounts(directory: world.folder.path)
        try shell.remove(view, fromTeamOf: world.shop, by: .commandLine, at: world.clock.now())
        try world.accounts.refresh()
        #expect(try await world.answer(.get, "/api/v1/status?user=shop", session).name == "403 forbidden")
    }
}

/// What a stream has said so far.
private final class StreamText: ResponseBodyWriter, Sendable {
    private let state = Mutex((text: "", isFinished: false))

    var isFinished: Bool { state.withLock { $0.isFinished } }
    func contains(_ text: String) -> Bool { state.withLock { $0.text.contains(text) } }
    func write(_ buffer: ByteBuffer) { state.withLock { $0.text += String(buffer: buffer) } }
    func finish(_ trailingHeaders: HTTPFields?) { state.withLock { $0.isFinished = true } }
}
