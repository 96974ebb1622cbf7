private import Claims
private import Figures
private import Foundation
private import Pipeline
private import Platform

extension Report {
  /// All files: those of each figure, the verdicts for programs, and last the page, `index.html`: whenever it is there, what
  /// it links to is.
  var files: [OutputFile] {
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
      files.append(
        OutputFile(path: "figures/\(figure.id).csv", description: "The numbers of \(figure.id)", text: picture.csv))
    }
    files.append(
      OutputFile(
        path: "verdicts.json", description: "All claims with estimates, intervals and verdicts",
        text: { try verdicts.json() }))
    files.append(
      OutputFile(
        path: "index.html", description: "All figures, verdicts beside them, and where each number comes from",
        text: { ReportPage(self).html }))
    return files
  }

  /// Writes the files below a folder, each whole or not at all. Returns the size of the page in bytes. Throws
  /// ``FileError``.
  package func write(to folder: String) throws -> Int {
    for file in files {
      try Interruption.check()
      try file.write(to: folder)
    }
    return Files.sizeAndTime("\(folder)/index.html")?.size ?? 0
  }
}
