private import Foundation

/// JSON as refig writes it for other programs.
package enum JSON {
  /// A value as JSON with sorted keys, on one line or indented. A number that is not finite becomes `null`: JSON has no
  /// word for it. Throws `EncodingError`.
  package static func text(_ value: some Encodable, indented: Bool = false) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if indented { encoder.outputFormatting.insert(.prettyPrinted) }
    // What no text that is encoded can hold.
    let mark = UUID().uuidString
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: mark, negativeInfinity: mark, nan: mark)
    return String(decoding: try encoder.encode(value), as: UTF8.self).replacing("\"\(mark)\"", with: "null")
  }
}
