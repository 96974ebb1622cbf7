private import Claims
private import Figures
private import Foundation
private import Platform

extension Report {
  /// A file of the report, by its path in the report's folder.
  struct File {
    let path: String
    let bytes: [UInt8]
    let description: String
  }

  /// All files: those of each figure, the verdicts for programs, and last the page, `index.html`: whenever it is there, what
  /// it links to is.
  func files(of project: Project) throws -> [File] {
    var files: [File] = []
    for entry in figures {
      guard case .success(let picture) = entry.picture else { continue }
      let figure = entry.figure
      let sidecar = "\(project.stem(of: figure)).json"
      for (ending, bytes, description) in [
        (".svg", picture.svg, figure.caption), (".pdf", picture.pdf ?? [], figure.caption),
        (".gp", Array(picture.script.utf8), "gnuplot script that draws \(figure.id), with all its numbers"),
        (".csv", Array(picture.csv.utf8), "The numbers of \(figure.id)"),
        (".json", try Files.bytes(of: sidecar) ?? [], "Where the numbers of \(figure.id) come from"),
      ] where ending != ".pdf" || picture.pdf != nil {
        files.append(File(path: "figures/\(figure.id)\(ending)", bytes: bytes, description: description))
      }
    }
    files.append(
      File(
        path: "verdicts.json", bytes: Array(try verdicts.json().utf8),
        description: "All claims with estimates, intervals and verdicts"))
    files.append(
      File(
        path: "index.html", bytes: Array(ReportPage(self).html.utf8),
        description: "All figures, verdicts beside them, and where each number comes from"))
    return files
  }

  /// Writes the files below a folder. Returns the size of the page in bytes. Throws
  /// ``FileError``.
  package func write(to folder: String, of project: Project) throws -> Int {
    let files = try files(of: project)
    for file in files {
      let path = "\(folder)/\(file.path)"
      try Files.write(file.bytes, to: path, by: "\(path).\(getpid()).tmp")
    }
    return files.last?.bytes.count ?? 0
  }
}
