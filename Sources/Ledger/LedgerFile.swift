private import Foundation
internal import Pipeline
internal import Platform

/// One file of a ledger: a head, then facts, one a line, fields separated by tabs.
///
/// Its name ends with the digest of its bytes, so a file is never changed, only added or removed, and whoever changes,
/// swaps or truncates lines is noticed. Two people's ledgers merge without a conflict: both files stay, and what they say
/// is read together.
struct LedgerFile {
  /// What a file is about: the cells of one stage, the estimates or the tables of one paper.
  enum Kind: String, CaseIterable {
    case stage, claims, tables
  }

  let kind: Kind
  /// Id of the stage or key of the paper.
  let subject: String
  /// The facts in the order of the file, each with its name first.
  let lines: [[Substring]]

  private static let magic = "refig ledger 1"
  /// No file of a ledger is larger, in bytes.
  private static let byteLimit = 64 << 20

  /// The text of a file. Fields hold no tab and no line break.
  static func text(_ kind: Kind, _ subject: String, _ lines: some Sequence<[String]>) -> String {
    "\(magic)\t\(kind.rawValue)\t\(subject)\n" + lines.map { $0.joined(separator: "\t") + "\n" }.joined()
  }

  /// Path of a file with such a text in the folder of a ledger: `sarao2020/stage-uniqueness-0123456789abcdef.txt`.
  static func path(_ kind: Kind, _ subject: String, text: String) -> String {
    let paper = subject.prefix { $0 != "/" }
    let name = subject.dropFirst(paper.count).replacing("/", with: "-")
    return "\(paper)/\(kind.rawValue)\(name)-\(CellKey.digest(text).prefix(16)).txt"
  }

  /// Reads a file. Throws ``PipelineError/damaged(path:reason:)`` unless its bytes are those its name was made from.
  init(_ folder: String, _ path: String) throws {
    let full = "\(folder)/\(path)"
    func damaged(_ reason: String) -> PipelineError {
      .damaged(
        path: full, reason: "\(reason); restore it from version control, or delete it and run `refig ledger update`")
    }
    guard let bytes = try Files.bytes(of: full, limit: Self.byteLimit) else {
      throw PipelineError.fileMissing(path: full, purpose: "it is a file of the ledger")
    }
    guard bytes.count <= Self.byteLimit, let text = String(validating: bytes, as: UTF8.self) else {
      throw damaged("it is not a ledger's text")
    }
    let lines = Self.parts(of: text[...], between: "\n")
    let head = Self.parts(of: lines[0], between: "\t")
    guard head.count == 3, head[0] == Self.magic, let kind = Kind(rawValue: String(head[1])), lines.last == "" else {
      throw damaged("it does not begin and end as a file of a ledger does")
    }
    self.kind = kind
    subject = String(head[2])
    guard PipelineFile.isName(subject), Self.path(kind, subject, text: text) == path else {
      throw damaged("its contents are not those its name was made from: it was edited, cut short or renamed")
    }
    self.lines = lines.dropFirst().dropLast().map { Self.parts(of: $0, between: "\t") }
  }

  /// Split by bytes, which takes a third of the time that characters take.
  private static func parts(of text: Substring, between separator: UnicodeScalar) -> [Substring] {
    text.utf8.split(separator: UInt8(ascii: separator), omittingEmptySubsequences: false).map(Substring.init)
  }

  /// The files of a ledger, sorted, relative to its folder.
  static func paths(in folder: String) throws -> [String] {
    try Files.names(in: folder).sorted().flatMap { paper in
      try Files.names(in: "\(folder)/\(paper)").sorted().filter { $0.hasSuffix(".txt") }.map { "\(paper)/\($0)" }
    }
  }
}

/// Facts of a ledger that cannot be read, in words.
struct UnreadableFact: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}
