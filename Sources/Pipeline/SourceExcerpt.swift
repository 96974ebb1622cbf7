/// The lines of a user's file that say one thing: an entry of a YAML mapping as it was written.
package struct SourceExcerpt: Sendable, Encodable {
  package let file: String
  package let line: Int
  package let text: String

  /// The entry that begins at a place: its line and those below it that stand further to the right. Throws
  /// ``PipelineError/fileMissing(path:purpose:)`` if the file is gone.
  package init(at location: SourceLocation) throws {
    guard let source = try SourceText(path: location.file, limit: YAMLValue.byteLimit) else {
      throw PipelineError.fileMissing(path: location.file, purpose: "it was read a moment ago")
    }
    let lines = source.lines.dropFirst(location.line - 1)
    let rest = lines.dropFirst().prefix { line in
      let indent = line.prefix { $0 == " " }.count
      return indent >= location.column || indent == line.count
    }
    var entry = (lines.prefix(1) + rest)[...]
    while entry.last?.allSatisfy({ $0 == " " }) ?? false { entry = entry.dropLast() }
    file = location.file
    line = location.line
    text = entry.map { $0.dropFirst(min(location.column - 1, $0.prefix { $0 == " " }.count)) }.joined(separator: "\n")
  }
}
