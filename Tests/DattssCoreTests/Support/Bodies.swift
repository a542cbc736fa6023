import DattssCore

extension BatchDecoder {
    static func decode(_ text: String, limits: Limits = Limits()) throws(WireError) -> Batch {
        try decode(Array(text.utf8), limits: limits)
    }

    static func decode(_ bytes: [UInt8], limits: Limits = Limits()) throws(WireError) -> Batch {
        try bytes.withUnsafeBufferPointer { bytes throws(WireError) in try decode(UnsafeRawBufferPointer(bytes), limits: limits) }
    }
}

/// JSON of bodies, with a place to break.
enum Bodies {
    static let counter =
        #"{"typ":"c","pth":"routes.get","sum":376,"cnt":340,"max":3,"min":1,"top":3,"bot":1,"fst":1,"lst":2,"pct":0.1,"emp":false}"#
    static let timer =
        #"{"typ":"ms","pth":"db.time","sum":6,"cnt":3,"max":3,"min":1,"top":3,"bot":1,"fst":2,"lst":3,"pct":0.1,"emp":true,"skt":{"z":0,"p":[-1,1,31,1,50,1]}}"#
    static let gauge =
        #"{"typ":"g","pth":"users","sum":-1.5e2,"cnt":1,"max":-150,"min":-150,"top":-150,"bot":-150,"fst":-150,"lst":-150}"#

    static func body(c: String = "", ms: String = "", g: String = "", rest: String = "") -> String {
        #"{"prt":{"c":[\#(c)],"ms":[\#(ms)],"g":[\#(g)]}\#(rest)}"#
    }

    static let valid = body(
        c: counter, ms: timer, g: gauge,
        rest: #","nam":"a\u0070i","upt":12.5,"cid":"6f1c","seq":17,"é\n":[true,null,"\ud83d\ude00"]"#)

    /// A timer with one field replaced, or left out for nil.
    static func timer(_ field: String, _ value: String?) -> String {
        let fields = [
            ("typ", #""ms""#), ("pth", #""t""#), ("sum", "6"), ("cnt", "3"), ("max", "3"), ("min", "1"), ("top", "3"),
            ("bot", "1"), ("fst", "2"), ("lst", "3"), ("pct", "0.1"), ("emp", "true"), ("skt", #"{"z":0,"p":[-1,1,31,1,50,1]}"#),
        ]
        let members = fields.compactMap { name, sound in
            (name == field ? value : sound).map { #""\#(name)":\#($0)"# }
        }
        return "{\(members.joined(separator: ","))}"
    }
}
