private import Foundation

extension Report {
  /// Writes the page as `index.html`, and beside it the files of each figure and the verdicts for programs. The page comes
  /// last: whenever it is there, what it links to is. Returns the size of the page in bytes. Throws
  /// ``PipelineError/notWritable(path:reason:)``.
  package func write(to folder: String, of project: Project) throws -> Int {
    for entry in figures {
      guard case .success(let picture) = entry.picture else { continue }
      let stem = "\(folder)/figures/\(entry.figure.id)"
      let sidecar = "\(Gallery.folder(of: entry.figure, in: project))/\(entry.figure.name).json"
      let files: [(String, [UInt8])] = [
        (".svg", picture.svg), (".pdf", picture.pdf), (".gp", Array(picture.script.utf8)),
        (".csv", Array(picture.csv.utf8)), (".json", try Store.bytes(of: sidecar) ?? []),
      ]
      for (ending, bytes) in files { try Self.write(bytes, to: stem + ending) }
    }
    try Self.write(Array(verdicts.json().utf8), to: folder + "/verdicts.json")
    let page = Array(try ReportPage(self).html.utf8)
    try Self.write(page, to: folder + "/index.html")
    return page.count
  }

  private static func write(_ bytes: [UInt8], to path: String) throws {
    try Store.write(bytes, to: path, by: "\(path).\(getpid()).tmp")
  }
}
