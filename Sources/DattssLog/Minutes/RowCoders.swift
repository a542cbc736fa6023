internal import DattssCore

/// Looks at the rows of one shape, and says which parameters suit them.
struct RowSurvey: RowCoder {
    /// For each column, how many differences there are that have so many bits more than their context.
    private var counts = [UInt32](repeating: 0, count: RowColumn.all.count * Self.widths)
    private static let widths = 128
    private static let offset = 64

    mutating func near(_ column: RowColumn, _ value: Int64, _ prediction: Int64, context: Int) -> Int64 {
        note(column, Zigzag.encode(value &- prediction), context)
        return value
    }

    mutating func above(_ column: RowColumn, _ value: Int64, _ prediction: Int64, context: Int) -> Int64 {
        note(column, UInt64(bitPattern: value &- prediction), context)
        return value
    }

    private mutating func note(_ column: RowColumn, _ difference: UInt64, _ context: Int) {
        let width = 64 - difference.leadingZeroBitCount - context
        counts[column.rawValue * Self.widths + (width + Self.offset).clamped(0, Self.widths - 1)] += 1
    }

    /// One bit more in the parameter makes a number that fits one bit longer, and one that does not one bit shorter:
    /// so the median is best.
    var parameters: RowParameters {
        var parameters = RowParameters()
        for column in RowColumn.all {
            let counts = counts[column.rawValue * Self.widths..<(column.rawValue + 1) * Self.widths]
            let total = counts.reduce(0, +)
            var passed: UInt32 = 0
            for (width, count) in counts.enumerated() {
                passed += count
                if passed * 2 >= total {
                    parameters[column] = width - Self.offset + RowColumn.noContext
                    break
                }
            }
        }
        return parameters
    }
}

struct RowWriter: RowCoder {
    var bits: BitWriter
    var parameters = RowParameters()

    mutating func near(_ column: RowColumn, _ value: Int64, _ prediction: Int64, context: Int) -> Int64 {
        write(Zigzag.encode(value &- prediction), parameters.parameter(column, context))
        return value
    }

    mutating func above(_ column: RowColumn, _ value: Int64, _ prediction: Int64, context: Int) -> Int64 {
        write(UInt64(bitPattern: value &- prediction), parameters.parameter(column, context))
        return value
    }

    private mutating func write(_ difference: UInt64, _ parameter: Int) {
        bits.writeVariable(difference, parameter: min(parameter, VariableBits.parameterMax))
    }
}
