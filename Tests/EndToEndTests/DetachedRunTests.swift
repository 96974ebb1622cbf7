import Foundation
import TestSupport
import Testing

/// Runs that go on by themselves, and how they are ended.
@Suite struct DetachedRunTests {
  @Test("a run whose first cell never ends is left to itself with its id, and ends when cancel is typed twice")
  func endless() throws {
    let folder = try ProgramTests.Folder(
      """
      experiments: {my/walk: {command: [python3, walk.py], outputs: {y: {meaning: a number}}}}
      stages: {my/walk: {replicas: 2}}

      """,
      program: """
        import refig, time

        @refig.experiment
        def walk(p, rng):
            time.sleep(10_000)

        refig.main()
        """)
    let started = try folder.refig("run", "-j1", "--detach")
    #expect(started.status == 0, "\(started.output)\(started.errors)")
    let id = try #require(started.output.split(separator: " ").dropFirst().first.map(String.init))
    #expect(started.output.contains("refig cancel \(id)"))
    let first = try folder.start("cancel", id)
    let record = folder.workspace.path + "/data/runs/\(id)"
    while !FileManager.default.fileExists(atPath: record + "/cancel") { usleep(10_000) }
    let second = try folder.refig("cancel", id)
    #expect(second.output == "run \(id) is cancelled\n", "\(second.output)\(second.errors)")
    first.waitUntilExit()
    #expect(try folder.programs() == 0)
    #expect(try folder.refig("cancel", id).output == "run \(id) is over\n")
  }
}
