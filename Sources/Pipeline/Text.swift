private import Foundation

/// Forms of texts and numbers that several modules write.
package enum Text {
  /// A duration for people.
  package static func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<99.5: String(format: seconds < 9.95 ? "%.1f s" : "%.0f s", seconds)
    case ..<5970: String(format: "%.0f min", seconds / 60)
    default: String(format: "%.1f h", seconds / 3600)
    }
  }

  /// Text as HTML and XML take it, in elements and in quoted attributes. Control characters, which neither may hold, become
  /// spaces.
  package static func escapedForXML(_ text: some StringProtocol) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      default:
        let isControl = scalar.properties.generalCategory == .control
        result.unicodeScalars.append(isControl ? " " : scalar)
      }
    }
    return result
  }
}
