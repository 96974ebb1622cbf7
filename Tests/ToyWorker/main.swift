import Foundation
import Pipeline
import Platform
import Runner
import Slurm
import Store
import ToyPaper

// usage: toy-worker STORE                                serve a runner
//        toy-worker STORE --batch FILE --slice K/N       compute a slice, as a task of a cluster
//        toy-worker --trap WORD ...                      print words, and trap at one that is "trap"
//        toy-worker --head FOLDER WORKER                 run the project in a folder on a cluster
let words = CommandLine.arguments
let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
if words[1] == "--head" {
  do {
    _ = try toyRun(in: words[2], worker: words[3])
  } catch {
    FileHandle.standardError.write(Data(ErrorMessage.text(of: error).utf8))
    exit(ErrorMessage.exitCode(of: error).rawValue)
  }
} else if words[1] == "--trap" {
  for word in words.dropFirst(2) {
    print(
      TrapGuard.trapped.contains(word) ? "not \(word)" : TrapGuard.guarding(word) { [word][word == "trap" ? 1 : 0] })
  }
} else if words.count == 6 {
  Interruption.listen()
  try SlurmTask(
    file: words[3], slice: words[5], store: Store(root: words[1]), worker: [own, words[1], "--no-claims"]
  ).run(output: 1)
} else {
  let isTask = words.count == 3
  if isTask { signal(SIGTERM, SIG_IGN) }
  try Worker(catalogue: toyCatalogue(), store: Store(root: words[1]), claims: !isTask).serve(input: 0, output: 1)
}
