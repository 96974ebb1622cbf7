private import Foundation
private import Platform
private import Runner

extension RunRecord {
  /// Asks the run to end: by a file, as its head may be on another machine, and by ending its tasks; asked again, without
  /// waiting for cells at work. Returns how many arrays of tasks it had.
  package func cancel(root: String) throws -> Int {
    let name = wasAskedToEnd ? Self.cancelNowName : Self.cancelName
    try Files.write([], to: "\(folder)/\(name)", by: "\(folder)/\(name).tmp")
    let names = Set(status.jobs.map(\.name)).filter {
      SlurmArray.isName($0) && FileManager.default.fileExists(atPath: "\(root)/data/slurm/\($0)")
    }
    if !names.isEmpty { try Slurm().cancel(names.sorted()) }
    return names.count
  }
}
