private import Foundation
private import Pipeline
private import Platform

/// How a project is to be cited, as CITATION.cff says it: https://citation-file-format.github.io.
enum CitationFile {
  /// The author that `refig new` puts in.
  static let placeholder = "Given Surname"

  /// Authors and title, of the preferred citation if there is one. Nil without the file, without a title in it, and for a
  /// file that is not YAML: it is the project's, not refig's to refuse.
  static func text(at path: String) -> String? {
    guard Files.sizeAndTime(path) != nil else { return nil }
    do {
      let file = try YAMLValue.document(at: path, purpose: "it says how to cite", diagnostics: Diagnostics())
      return text(of: file.member("preferred-citation") ?? file)
    } catch {
      return nil
    }
  }

  private static func text(of reference: YAMLValue) -> String? {
    guard let title = reference.member("title")?.line else { return nil }
    var authors: [String] = []
    if case .list(let values) = reference.member("authors")?.content {
      authors = values.map { author in
        let parts = ["given-names", "name-particle", "family-names", "name-suffix"].compactMap {
          author.member($0)?.line
        }
        return parts.isEmpty ? author.member("name")?.line ?? "" : parts.joined(separator: " ")
      }.filter { !$0.isEmpty }
    }
    return authors.isEmpty ? title : "\(authors.joined(separator: ", ")): \(title)"
  }
}

extension YAMLValue {
  /// The value of a key, of a mapping that has it.
  fileprivate func member(_ name: String) -> YAMLValue? {
    guard case .mapping(let pairs) = content else { return nil }
    return pairs.first { $0.key.line == name }?.value
  }

  /// A text on one line, if it is one and not empty.
  fileprivate var line: String? {
    let text: String
    switch content {
    case .word(let word): text = word
    case .number(let number): text = number.text
    default: return nil
    }
    let words = text.split(whereSeparator: \.isWhitespace)
    return words.isEmpty ? nil : ErrorMessage.visible(words.joined(separator: " "))
  }
}
