/// The thermometers of a machine: `/sys/class/thermal/thermal_zone*` of its zones, and `/sys/class/hwmon/hwmon*` of its chips, in
/// thousandths of a degree Celsius.
enum Temperatures {
    /// Degrees Celsius by the name of the thermometer; the warmest where several have one name.
    static func read(_ source: HostSource) -> [String: Double] {
        var found: [String: Double] = [:]
        func note(_ name: String?, _ text: String?) {
            guard let name = name.map(trimmed), !name.isEmpty, let degrees = text.flatMap(degrees) else { return }
            found[name] = max(found[name] ?? degrees, degrees)
        }
        for zone in source.names("/sys/class/thermal") ?? [] where zone.hasPrefix("thermal_zone") {
            let folder = "/sys/class/thermal/\(zone)"
            note(source.text("\(folder)/type"), source.text("\(folder)/temp"))
        }
        for chip in source.names("/sys/class/hwmon") ?? [] {
            let folder = "/sys/class/hwmon/\(chip)"
            let name = source.text("\(folder)/name").map(trimmed) ?? chip
            for file in source.names(folder) ?? [] where file.hasPrefix("temp") && file.hasSuffix("_input") {
                let sensor = String(file.dropLast("_input".count))
                let label = source.text("\(folder)/\(sensor)_label").map(trimmed) ?? sensor
                note("\(name)_\(label)", source.text("\(folder)/\(file)"))
            }
        }
        return found
    }

    /// - Returns: nil for what no thermometer says: a sensor that is not there reads 0 or below absolute zero.
    static func degrees(_ text: String) -> Double? {
        guard let thousandths = Double(trimmed(text)), thousandths > -273_150, thousandths != 0, thousandths < 1_000_000 else {
            return nil
        }
        return thousandths / 1000
    }

    private static func trimmed(_ text: String) -> String {
        ProcText.words(text[...].prefix { $0 != "\n" }).joined(separator: "_")
    }
}
