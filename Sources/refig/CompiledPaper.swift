import Foundation
import Pipeline
import Platform

/// `refig new KEY --swift`: a paper in refig's own repository, made of what the article on adding one shows.
struct CompiledPaper {
  private static let article = "Sources/Pipeline/Pipeline.docc/AddingAPaper.md"

  private let root: String
  private let key: String
  /// Name of the paper's module.
  private let module: String
  /// What files will hold, by their paths.
  private var texts: [String: String] = [:]

  /// Reads the article and makes the texts; nothing is written yet.
  init(_ key: String) throws {
    func refuse(_ reason: String) -> PipelineError { .badOption(name: "new", value: key, allowed: reason) }
    guard key.wholeMatch(of: /[a-z][a-z0-9]*/) != nil else {
      throw refuse("it names a module and a constant of Swift too: small letters and digits, a letter first")
    }
    root = ProjectOptions.nearest
    self.key = key
    let module = key.prefix(1).uppercased() + key.dropFirst()
    self.module = module
    guard Files.sizeAndTime("\(root)/\(Self.article)") != nil else {
      throw refuse("--swift adds a paper to refig's own sources, which are not here; without it, a paper needs none")
    }
    for folder in ["Sources/\(module)", "Sources/Papers/\(module)"] where Files.sizeAndTime("\(root)/\(folder)") != nil
    {
      throw refuse("\(folder) is there already; take another name")
    }
    for (path, block) in try blocks(of: text(Self.article)) {
      texts[path] = Files.sizeAndTime("\(root)/\(path)") == nil ? block : try text(path) + block
    }
    try edit("Package.swift", /let papers(?:: \[String\])? = \[(.*)\]/) { match in
      "\(match.0.dropLast())\(match.1.isEmpty ? "" : ", ")\"\(module)\"]"
    }
    let papers = "Sources/Papers/AllPapers.swift"
    try edit(papers, /(?:\w+ import \w+\n)+/) { match in
      // In the order of the modules' names.
      let imports =
        match.split(separator: "\n").map { $0.split(separator: " ") } + [["private", "import", module[...]]]
      return imports.sorted { $0[2] < $1[2] }.map { $0.joined(separator: " ") + "\n" }.joined()
    }
    try edit(papers, /\n\]/) { "\n  \(key),\($0)" }
    try edit("pipeline.yaml", /(?:^|\n)figures:\n(?:  - .*\n)*/) { "\($0)  - figures/\(key).yaml\n" }
  }

  /// The article's blocks of code with the files they belong to: the first that their section names. All carry the name of
  /// this paper.
  private func blocks(of article: String) -> [(path: String, text: String)] {
    let article = article.replacing("Smith2027", with: module).replacing("smith2027", with: key)
    return article.split(separator: "\n### ").dropFirst().compactMap { section in
      guard let path = section.firstMatch(of: /`((?:[\w\/]+\/)?\w+\.(?:swift|yaml|txt))`/)?.1,
        let block = section.firstMatch(of: /\n```(?:swift|yaml|text)\n((?:.*\n)*?)```/)?.1
      else { return nil }
      return (String(path), String(block))
    }
  }

  /// What a file holds or will hold.
  private func text(_ path: String) throws -> String {
    if let text = texts[path] { return text }
    return String(decoding: try Files.bytes(of: "\(root)/\(path)") ?? [], as: UTF8.self)
  }

  private mutating func edit<Output>(
    _ path: String, _ pattern: some RegexComponent<Output>, _ replacement: (Output) -> String
  ) throws {
    let text = try text(path)
    guard let match = text.firstMatch(of: pattern) else {
      throw PipelineError.badOption(
        name: "new", value: key, allowed: "\(path) is not laid out as \(Self.article) says; add the paper by hand")
    }
    texts[path] = text.replacingCharacters(in: match.range, with: replacement(match.output))
  }

  /// Writes the files.
  func write() throws {
    for (path, text) in texts.sorted(by: { $0.key < $1.key }) {
      try Files.save(Array(text.utf8), to: "\(root)/\(path)")
      print("wrote \(path)")
    }
    print(
      """
      made the paper \(key), an example to put your own experiment in the place of; \(Self.article) explains it
        make build                    build it
        refig run paper:\(key)        compute and draw
        refig verify paper:\(key)     check the claim
        make digests                  write down its bits
      """)
  }
}
