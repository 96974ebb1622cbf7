private import Claims
private import Figures
private import Foundation
private import Pipeline
private import Platform

extension Report {
  /// All files: those of each figure, the verdicts for programs, and last the page, `index.html`: whenever it is there, what
  /// it links to is. `folder` is where they are written to, if other reports may stand beside it.
  func files(in folder: String?) -> [OutputFile] {
    var files: [OutputFile] = []
    for entry in figures {
      guard case .success(let picture) = entry.picture else { continue }
      let figure = entry.figure
      for (ending, description) in [
        (".svg", figure.caption.unicode), (".pdf", figure.caption.unicode),
        (".gp", "gnuplot script that draws \(figure.id), with all its numbers"),
        (".json", "Where the numbers of \(figure.id) come from"),
      ] where ending != ".pdf" || picture.hasPDF {
        files.append(
          OutputFile(
            path: "figures/\(figure.id)\(ending)", description: description, copyOf: picture.stem + ending))
      }
      for table in picture.tables {
        files.append(
          OutputFile(
            path: "figures/\(figure.id)\(table.ending)",
            description: "Numbers of \(figure.id): \(table.reference.table)",
            text: table.text))
      }
    }
    files.append(
      OutputFile(
        path: "verdicts.json", description: "All claims with estimates, intervals and verdicts",
        text: { try verdicts.json() }))
    files.append(
      OutputFile(
        path: "index.html", description: "All figures, verdicts beside them, and where each number comes from",
        text: { ReportPage(self, others: { others(of: $0, beside: folder) }).html }))
    return files
  }

  /// The other profiles whose reports, in folders of their names beside that of this one, have a figure.
  private func others(of figure: String, beside folder: String?) -> [String] {
    guard let path = folder.map({ URL(fileURLWithPath: $0) }), path.lastPathComponent == profile else { return [] }
    let parent = path.deletingLastPathComponent().path
    return profiles.filter { $0 != profile && Files.sizeAndTime("\(parent)/\($0)/figures/\(figure).svg") != nil }
  }

  /// Writes the files below a folder, each whole or not at all. Returns the size of the page in bytes. Throws
  /// ``FileError``.
  package func write(to folder: String) throws -> Int {
    for file in files(in: folder) {
      try Interruption.check()
      try file.write(to: folder)
    }
    return Files.sizeAndTime("\(folder)/index.html")?.size ?? 0
  }
}
