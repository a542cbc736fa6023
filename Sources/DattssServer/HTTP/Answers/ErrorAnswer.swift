import DattssCore
import DattssPipeline
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// An error as every route answers it: `{"error":{"name":…,"message":…}}`.
struct ErrorAnswer: Error {
    var status: HTTPResponse.Status
    var name: String
    var message: String
    var headers: HTTPFields = [:]

    init(_ status: HTTPResponse.Status, _ name: ErrorName, _ message: String) {
        (self.status, self.name, self.message) = (status, name.rawValue, message)
    }

    init(_ status: HTTPResponse.Status, _ reason: WireError.Reason, _ message: String) {
        (self.status, self.name, self.message) = (status, reason.rawValue, message)
    }

    init(_ error: WireError) {
        self.init(Self.status(of: error.reason), error.reason, error.message)
        switch error.reason {
        case .overloaded, .logUnavailable, .outcomeUnknown, .shuttingDown: headers[.retryAfter] = "1"
        case .unauthorized: headers[.wwwAuthenticate] = "Bearer"
        // The rest of such a body is not worth reading.
        case .bodyTooLarge, .requestTimeout: headers[.connection] = "close"
        default: break
        }
    }

    /// What came is no request, or only the beginning of one; nothing more is read of the connection.
    init(brokenRequest error: any Error) {
        self.init(.badRequest, .malformed, "the request broke off or is not HTTP: \(error)")
        headers[.connection] = "close"
    }

    private static func status(of reason: WireError.Reason) -> HTTPResponse.Status {
        switch reason {
        case .malformed, .badPath, .badKind, .badValue, .badName, .missingField: .badRequest
        case .unsupportedEncoding: .unsupportedMediaType
        case .staleSequence: .conflict
        case .unauthorized: .unauthorized
        case .wrongScope: .forbidden
        case .bodyTooLarge, .tooManyPartials: .contentTooLarge
        case .statisticLimit: .tooManyRequests
        case .overloaded, .logUnavailable, .outcomeUnknown, .shuttingDown: .serviceUnavailable
        case .requestTimeout: .requestTimeout
        }
    }

    init(_ error: AccountError) {
        switch error.code {
        case .unknown: self.init(.notFound, .notFound, error.description)
        case .exists: self.init(.conflict, .exists, error.description)
        case .badName: self.init(.badRequest, .badName, error.description)
        case .tooMany: self.init(.conflict, .tooMany, error.description)
        case .refused: self.init(.forbidden, .forbidden, error.description)
        case .linkExpired: self.init(.gone, .linkExpired, error.description)
        case .unavailable: self.init(WireError(.logUnavailable, error.description))
        case .unconfirmed: self.init(WireError(.outcomeUnknown, error.description))
        case .badSecret, .fileSystem: self = .internalError
        }
    }

    init(_ refusal: TurnRefusal) {
        switch refusal {
        case .tooManyOfUser:
            self.init(.tooManyRequests, .tooManyQueries, "too many queries of this user wait already")
            headers[.retryAfter] = "1"
        case .tooMany, .abandoned: self.init(WireError(.overloaded, "too many queries wait already"))
        }
    }

    /// What is wrong is the server's own affair, and goes to its log: it may name files, or what a database was asked.
    static let internalError = ErrorAnswer(.internalServerError, .internal, "the server failed; its log says why")

    /// Writes the answer from within a connection, and closes behind it.
    func send(_ context: ChannelHandlerContext) {
        let body = json.bytes
        var fields = headers
        fields[.contentType] = "application/json; charset=utf-8"
        fields[.contentLength] = String(body.count)
        fields[.connection] = "close"
        let head = HTTPResponse(status: status, headerFields: fields)
        context.write(NIOAny(HTTPResponsePart.head(head)), promise: nil)
        context.write(NIOAny(HTTPResponsePart.body(ByteBuffer(bytes: body))), promise: nil)
        let closed = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        closed.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        context.writeAndFlush(NIOAny(HTTPResponsePart.end(nil)), promise: closed)
    }

    var json: JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.object("error") { json in
                json.member("name", name)
                json.member("message", message)
            }
        }
        return json
    }

    var response: Response {
        var response = Response(json: json, status: status)
        for field in headers { response.headers.append(field) }
        return response
    }
}

extension Response {
    init(json: JSONWriter, status: HTTPResponse.Status = .ok) {
        self.init(
            status: status, headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }

    init(text: String, type: String = "text/plain; charset=utf-8", status: HTTPResponse.Status = .ok) {
        self.init(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

/// Turns whatever a route throws into an ``ErrorAnswer``.
struct ErrorAnswers<Context: RequestContext>: RouterMiddleware {
    /// What a browser shows where there is nothing.
    let missingPage: DashboardFiles.File

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as ErrorAnswer {
            return error.response
        } catch let error as WireError {
            return ErrorAnswer(error).response
        } catch let refusal as TurnRefusal {
            return ErrorAnswer(refusal).response
        } catch let error as AccountError {
            let answer = ErrorAnswer(error)
            if answer.status == .internalServerError {
                context.logger.error("\(request.method) \(request.uri.path) failed: \(error)")
            }
            return answer.response
        } catch let error as HTTPError where error.status == .notFound && Self.isForPeople(request) {
            return missingPage.response(to: request, status: .notFound)
        } catch let error as HTTPError where error.status == .notFound {
            return ErrorAnswer(.notFound, .notFound, "there is nothing at \(request.method) \(request.uri.path)").response
        } catch let error as HTTPError {
            return ErrorAnswer(error.status, .http, error.body ?? error.status.reasonPhrase).response
        } catch let error as CancellationError {
            throw error
        } catch let error as HTTPParserError {
            // The sender's mistake, or the end of the connection in the middle of a request.
            return ErrorAnswer(brokenRequest: error).response
        } catch  where error is ChannelError || error is IOError {
            return ErrorAnswer(brokenRequest: error).response
        } catch {
            context.logger.error("\(request.method) \(request.uri.path) failed: \(error)")
            return ErrorAnswer.internalError.response
        }
    }
}

extension ErrorAnswers {
    /// Whether a browser asks for a page.
    private static func isForPeople(_ request: Request) -> Bool {
        request.isRead && request.headers[values: .accept].contains { $0.lowercased().contains("text/html") }
    }
}

extension WireError {
    /// So much waits for readers that there is no room for more.
    static let tooManyAnswers = WireError(.overloaded, "too many large answers are under way")
    /// So many bodies wait to be read that there is no room for another.
    static let tooManyBodies = WireError(.overloaded, "too many large bodies wait to be read")
    /// So many bodies are coming that there is no room for another.
    static let tooManyUploads = WireError(.overloaded, "too many bodies are on their way at once")
}
