import DattssCore
import DattssPipeline

/// How accounts are written as JSON.
enum AccountJSON {
    static func session(_ viewer: Viewer, _ space: Space, _ routes: Routes) -> JSONWriter {
        let person = routes.accounts.person(viewer.session?.user ?? viewer.user)
        var (csrf, key) = (String?.none, String?.none)
        switch viewer.credential {
        case .session(let secret, _):
            csrf = routes.accounts.keys.changeToken(of: secret)
            if viewer.role >= .administer { key = routes.accounts.key(of: viewer.user) }
        // A key that may do less gets no better one.
        case .key(let presented, let verified): key = verified.owner.scope.covers(.ingest) ? presented : nil
        case .nobody: break
        }
        var json = JSONWriter()
        json.object { json in
            json.member("user", viewer.user.string)
            json.member("email", person?.email)
            json.member("csrf", csrf)
            json.member("role", viewer.role.rawValue)
            if let session = viewer.session { member(session.user, routes.accounts, &json) }
            json.member("readOnly", space != .own || viewer.role < .edit)
            json.member("isAdmin", space == .server || (space == .own && person?.isAdmin == true))
            json.member("mail", routes.web.mailer.sends)
            json.member("key", space == .own ? key : nil)
            json.member("udp", Int64(routes.web.address.udpPort))
            json.member("statsd", routes.web.statsdUser == viewer.user)
        }
        return json
    }

    /// Who is signed in, and in which teams.
    private static func member(_ person: UserID, _ accounts: Accounts, _ json: inout JSONWriter) {
        json.member("person", person.string)
        json.array("teams") { json in
            for team in accounts.teams(of: person) {
                json.object { json in
                    json.member("user", team.owner.string)
                    json.member("role", team.role.rawValue)
                }
            }
        }
    }

    static func setup(_ signUp: WebSettings.SignUp, sendsMail: Bool, hasDemo: Bool) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.member("signUp", signUp.rawValue)
            json.member("mail", sendsMail)
            json.member("demo", hasDemo)
        }
        return json
    }

    static func proof(_ proof: String) -> JSONWriter {
        var json = JSONWriter()
        json.object { $0.member("proof", proof) }
        return json
    }

    static func sessions(_ sessions: [Accounts.Session], current: String?) -> JSONWriter {
        var json = JSONWriter()
        json.array { json in
            for session in sessions {
                json.object { json in
                    json.member("id", session.id)
                    json.member("createdAt", session.createdAt.seconds)
                    json.member("seenAt", session.seenAt.seconds)
                    json.member("address", session.address)
                    json.member("agent", session.agent)
                    json.member("isCurrent", session.id == current)
                }
            }
        }
        return json
    }

    static func keys(_ keys: [Accounts.Key]) -> JSONWriter {
        var json = JSONWriter()
        json.array { json in
            for key in keys { write(key, &json) }
        }
        return json
    }

    static func key(_ key: Accounts.Key) -> JSONWriter {
        var json = JSONWriter()
        write(key, &json)
        return json
    }

    private static func write(_ key: Accounts.Key, _ json: inout JSONWriter) {
        json.object { json in
            json.member("id", key.id)
            json.member("name", key.name)
            json.member("scope", key.scope.rawValue)
            json.member("createdAt", key.createdAt.seconds)
            json.member("lastUsedAt", key.usedAt?.seconds)
            json.member("key", key.key)
        }
    }

    static func favourites(_ favourites: [StatisticKey]) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.array("favourites") { json in
                for key in favourites {
                    json.object { json in
                        json.member("typ", key.kind.symbol)
                        json.member("pth", key.path)
                    }
                }
            }
            json.member("version", Accounts.version(of: favourites))
        }
        return json
    }

    static func units(_ units: [Accounts.StatisticUnit]) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.name(escaping: "units")
            write(units, &json)
        }
        return json
    }

    static func write(_ units: [Accounts.StatisticUnit], _ json: inout JSONWriter) {
        json.array { json in
            for statistic in units {
                json.object { json in
                    json.member("typ", statistic.key.kind.symbol)
                    json.member("pth", statistic.key.path)
                    json.member("unit", statistic.unit.rawValue)
                }
            }
        }
    }

    static func audit(_ lines: [Accounts.AuditLine], withAddresses: Bool) -> JSONWriter {
        var json = JSONWriter()
        json.array { json in
            for line in lines {
                json.object { json in
                    json.member("at", line.at.seconds)
                    json.member("action", line.action)
                    json.member("what", line.what)
                    json.member("by", line.by)
                    json.member("address", withAddresses ? line.address : "")
                }
            }
        }
        return json
    }

    static func link(_ link: String) -> JSONWriter {
        var json = JSONWriter()
        json.object { $0.member("link", link) }
        return json
    }
}
