private import Figures
private import Foundation
private import Pipeline

#if canImport(FoundationXML)
  private import FoundationXML
#endif

/// An SVG of gnuplot's for the inside of an HTML page: less than half as long, looking the same, with ids that no other
/// picture on the page has, and with drawing elements only, whatever the file holds.
struct InlineSVG {
  let html: HTML
  let width: Double
  let height: Double

  /// Reads a picture. `prefix` makes its ids unique, `label` is what is read aloud. Throws
  /// ``PipelineError/damaged(path:reason:)`` for a file that is not well-formed.
  init(_ svg: [UInt8], path: String, prefix: String, label: String) throws {
    let parser = XMLParser(data: Data(svg))
    let writer = Writer(prefix: prefix)
    parser.delegate = writer
    guard parser.parse(), let width = writer.width, let height = writer.height else {
      throw PipelineError.damaged(
        path: path, reason: parser.parserError?.localizedDescription ?? "it is not an SVG with a size")
    }
    (self.width, self.height) = (width, height)
    html = """
      <svg class="plot" role="img" aria-label="\(label)" viewBox="0 0 \(Self.short(width)) \(Self.short(height))" \
      fill="none" stroke="currentColor" color="#000" font-family="'DejaVu Sans',sans-serif">\
      \(HTML(trusted: writer.text))</svg>
      """
  }

  private static func short(_ number: Double) -> String { number.scriptText }

  /// Writes the elements that draw, without what they inherit anyway.
  private final class Writer: NSObject, XMLParserDelegate {
    private struct Element {
      /// What is written at its end.
      let end: String
      /// The properties its children inherit in the file, and those they inherit in what is written.
      let properties: [String: String]
      let written: [String: String]
      /// Whether nothing of it or in it is written.
      let isLeftOut: Bool
    }

    let prefix: String
    private(set) var text = ""
    private(set) var width: Double?
    private(set) var height: Double?
    private var open: [Element] = []

    private static let drawing: Set<String> = [
      "g", "path", "text", "tspan", "use", "rect", "circle", "polygon", "polyline", "line", "defs", "clipPath",
      "pattern", "linearGradient", "stop",
    ]
    private static let geometry: Set<String> = [
      "d", "x", "y", "dx", "dy", "width", "height", "r", "cx", "cy", "x1", "y1", "x2", "y2", "points", "transform",
      "viewBox", "offset", "stop-color", "patternUnits", "gradientUnits", "baseline-shift", "text-decoration",
      "fill-opacity", "stroke-opacity", "opacity", "id", "href", "clip-path",
    ]
    private static let inherited: Set<String> = [
      "fill", "stroke", "color", "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-dasharray", "font-family",
      "font-size", "font-style", "font-weight", "text-anchor", "fill-rule",
    ]
    /// What holds outside all elements by the rules of SVG, and what the outermost element of the page's picture says.
    private static let initial = [
      "fill": "#000", "stroke": "none", "color": "#000", "stroke-linecap": "butt", "stroke-linejoin": "miter",
      "font-style": "normal", "font-weight": "normal",
    ]
    private static let outermost = initial.merging(
      ["fill": "none", "stroke": "currentColor", "font-family": "DejaVu Sans"]
    ) { $1 }

    init(prefix: String) { self.prefix = prefix }

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String] = [:]
    ) {
      let parent = open.last
      if name == "svg", open.isEmpty {
        (width, height) = (attributes["width"].flatMap(Double.init), attributes["height"].flatMap(Double.init))
        return open.append(
          Element(end: "", properties: Self.initial, written: Self.outermost, isLeftOut: false))
      }
      guard let parent, !parent.isLeftOut, Self.drawing.contains(name) else {
        return open.append(Element(end: "", properties: [:], written: [:], isLeftOut: true))
      }
      var properties = parent.properties
      var attributesWritten: [String] = []
      func write(_ key: String, _ value: String) {
        attributesWritten.append(" \(key)=\"\(Text.escapedForXML(value))\"")
      }
      for (key, value) in attributes.sorted(by: { $0.key < $1.key }) {
        let key = key == "xlink:href" ? "href" : key
        let value = short(value, of: key)
        if Self.inherited.contains(key) {
          properties[key] = value
        } else if Self.geometry.contains(key), key != "id" || isReferred(value, name) {
          write(key, value)
        }
      }
      // A group says what is new in it; what draws says all that it would not inherit.
      var written = parent.written
      let isGroup = name == "g" || name == "tspan"
      for (key, value) in properties.sorted(by: { $0.key < $1.key })
      where written[key] != value && (!isGroup || attributes[key] != nil) {
        write(key, value)
        written[key] = value
      }
      let isPlain = isGroup && attributesWritten.isEmpty
      if !isPlain { text += "<\(name)\(attributesWritten.joined())>" }
      open.append(Element(end: isPlain ? "" : "</\(name)>", properties: properties, written: written, isLeftOut: false))
    }

    /// Whether something may refer to an element by its id: not to curves, which gnuplot also names.
    private func isReferred(_ id: String, _ element: String) -> Bool {
      id.contains("gpPt") || id.contains("gpDot") || ["pattern", "clipPath", "linearGradient"].contains(element)
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
      guard let element = open.popLast(), !element.end.isEmpty else { return }
      let begin = "<\(name)"
      if name != "text", name != "tspan", text.last == ">", let start = text.lastIndex(of: "<"),
        text[start...].hasPrefix(begin), !text[start...].hasPrefix("</")
      {
        // Empty: a group without content goes, anything else is closed in its first tag.
        if name == "g" || name == "defs" {
          text.removeSubrange(start...)
        } else {
          text.removeLast()
          text += "/>"
        }
      } else {
        text += element.end
      }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
      guard let element = open.last, !element.isLeftOut else { return }
      // Line breaks between elements of a picture mean nothing, but spaces in a label do.
      if !string.allSatisfy(\.isWhitespace) || element.end == "</text>" || element.end == "</tspan>" {
        text += Text.escapedForXML(string.filter { !$0.isNewline && $0 != "\t" })
      }
    }

    /// The same value in fewer signs.
    private func short(_ value: String, of key: String) -> String {
      switch key {
      case "id": return "\(prefix)-\(value)"
      // Only to what is on the page.
      case "href": return value.hasPrefix("#") ? "#\(prefix)-\(value.dropFirst())" : ""
      case "d", "points", "transform":
        return Self.packed(value)
      case "fill", "stroke", "color", "stop-color", "clip-path":
        if value.hasPrefix("url(") {
          return value.hasPrefix("url(#") ? "url(#\(prefix)-\(value.dropFirst(5).filter { $0 != " " })" : "none"
        }
        return Self.colour(value)
      default: return value
      }
    }

    /// "M39.86,181.60 L36.71,181.00  " as "M39.86,181.6L36.71,181": no space beside a letter, no zeros at the end.
    private static func packed(_ value: String) -> String {
      var result: [UInt8] = []
      var isFraction = false
      func endNumber() {
        guard isFraction else { return }
        while result.last == UInt8(ascii: "0") { result.removeLast() }
        if result.last == UInt8(ascii: ".") { result.removeLast() }
        isFraction = false
      }
      for byte in value.utf8 {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): result.append(byte)
        case UInt8(ascii: "."):
          result.append(byte)
          isFraction = true
        case UInt8(ascii: " "), UInt8(ascii: "\n"):
          endNumber()
          if let last = result.last, last != UInt8(ascii: " "), last > UInt8(ascii: "."),
            last < UInt8(ascii: "A")
          {
            result.append(UInt8(ascii: " "))
          }
        default:
          endNumber()
          if result.last == UInt8(ascii: " "), byte >= UInt8(ascii: "A") || byte == UInt8(ascii: ",") {
            result.removeLast()
          }
          result.append(byte)
        }
      }
      endNumber()
      if result.last == UInt8(ascii: " ") { result.removeLast() }
      return String(decoding: result, as: UTF8.self)
    }

    /// "rgb( 68,  68,  68)" and "#444444" as "#444".
    private static func colour(_ value: String) -> String {
      var parts: [Int] = []
      if value.hasPrefix("rgb("), value.hasSuffix(")") {
        parts = value.dropFirst(4).dropLast().split(separator: ",").compactMap { Int($0.filter { $0 != " " }) }
      } else if value.hasPrefix("#"), value.count == 7, let number = Int(value.dropFirst(), radix: 16) {
        parts = [number >> 16, number >> 8 & 255, number & 255]
      } else if value == "black" {
        parts = [0, 0, 0]
      }
      guard parts.count == 3, parts.allSatisfy({ (0...255).contains($0) }) else { return value }
      let isShort = parts.allSatisfy { $0 % 17 == 0 }
      return "#"
        + parts.map { part in
          let digits = String(part, radix: 16)
          return isShort ? String(digits.prefix(1)) : (part < 16 ? "0" : "") + digits
        }.joined()
    }
  }
}
