import Foundation
import TestSupport
import Testing

/// Mistakes that a new user makes in a project that `refig new` made: each is told with what, where, why and what to do.
@Suite struct MistakeMessageTests {
  private struct Mistake: Sendable, CustomTestStringConvertible {
    let file, old, new, told: String
    var testDescription: String { "\(file): \(new)" }
  }

  private static let mistakes = [
    ("pipeline.yaml", "{count: 400,", "{count: -400,", "pipeline.yaml:18:23: stage 'mine/walk': count = -400 is not"),
    (
      "pipeline.yaml", "{count: 400, perCell: 100}\n", "many\n",
      "pipeline.yaml:18:15: stage 'mine/walk': 'replicas' must be"
    ),
    ("pipeline.yaml", "figures/mine.yaml]", "figures/min.yaml]", "pipeline.yaml:4:11: figures: there is no file"),
    ("pipeline.yaml", "    sweep", "\tsweep", "pipeline.yaml:17:1: not valid YAML: a tab; indent with spaces"),
    (
      "pipeline.yaml", "walk.py]", "wlk.py]",
      "pipeline.yaml:7:3: experiment 'mine/walk': the project has no file 'wlk.py'"
    ),
    (
      "pipeline.yaml", "[python3, walk.py]", "[pyton, walk.py]",
      "is the first word of `command:` installed, and on PATH?"
    ),
    (
      "pipeline.yaml", "steps: [16,", "steps: [1.5,",
      "pipeline.yaml:17:22: stage 'mine/walk': 'steps' must be a whole number"
    ),
    (
      "figures/mine.yaml", "from: [mine/walk]\n    acc", "from: [mine/wlk]\n    acc",
      "figures/mine.yaml:19:11: claim 'diffusion': unknown stage 'mine/wlk'; did you mean 'mine/walk'?"
    ),
    (
      "figures/mine.yaml", "slope: {of", "slop: {of",
      "figures/mine.yaml:18:16: claim 'diffusion': unknown key 'slop'; did you mean 'slope'?"
    ),
    ("walk.py", "end**2", "1 / np.float64(0)", "NameError: name 'np' is not defined (walk.py:9"),
    ("walk.py", "end**2", "end * float('inf')", "inf; results are finite numbers, and a replica that has none fails"),
    ("walk.py", "end**2", "[end, end]", "returned shape (2,), declared axes []: a single number is meant (walk.py:4"),
    ("walk.py", "\"squaredDistance\": end**2", "", "did not return 'squaredDistance', which pipeline.yaml declares"),
  ].map { Mistake(file: $0.0, old: $0.1, new: $0.2, told: $0.3) }

  private static func project() throws -> Workspace {
    let workspace = try Workspace()
    let made = try runProgram(try productPath("refig"), ["new", "mine"], in: workspace.path)
    try #require(made.status == 0, "\(made.errors)")
    return workspace
  }

  @Test("a mistake is told with its place and what to do", arguments: mistakes)
  private func told(mistake: Mistake) throws {
    let workspace = try Self.project()
    let text = try workspace.read("mine/\(mistake.file)")
    try #require(text.contains(mistake.old))
    try workspace.write(text.replacing(mistake.old, with: mistake.new), to: "mine/\(mistake.file)")
    let run = try runProgram(try productPath("refig"), ["run", "-j1"], in: workspace.path + "/mine")
    #expect([2, 3].contains(run.status) && run.errors.contains(mistake.told), "\(run.errors)")
  }

  @Test("an empty file is told to be one", arguments: ["pipeline.yaml", "figures/mine.yaml"])
  func emptyFile(name: String) throws {
    let workspace = try Self.project()
    try workspace.write("", to: "mine/\(name)")
    let run = try runProgram(try productPath("refig"), ["run"], in: workspace.path + "/mine")
    #expect(
      run.status == 2 && run.errors.contains("\(name):1:1: the file is empty; docs/yaml.md lists"), "\(run.errors)")
  }

  @Test("outputs of one name that differ in kind are no one quantity of a claim")
  func twoOutputs() throws {
    let workspace = try Self.project()
    let pipeline = try workspace.read("mine/pipeline.yaml")
      .replacing(
        "\nstages:\n",
        with: """
            mine/path:
              command: [python3, walk.py]
              parameters: {steps: 16}
              outputs:
                squaredDistance: {axes: [step], meaning: squared distance at each step}

          stages:
            mine/path: {sweep: [{steps: [512, 1024]}]}

          """)
    try workspace.write(pipeline, to: "mine/pipeline.yaml")
    let figures = try workspace.read("mine/figures/mine.yaml")
    let place = "figures/mine.yaml:18:28: claim 'diffusion': 'squaredDistance' is "
    for (from, told) in [
      ("[mine/walk, mine/path]", "a single number in mine/walk, but an array over [step] in mine/path; leave one"),
      ("[mine/path, mine/walk]", "an array over [step] in mine/path, but a single number in mine/walk; leave one"),
    ] {
      try workspace.write(
        figures.replacing("from: [mine/walk]\n    accept", with: "from: \(from)\n    accept"),
        to: "mine/figures/mine.yaml")
      let run = try runProgram(try productPath("refig"), ["verify"], in: workspace.path + "/mine")
      #expect(run.status == 2 && run.errors.contains(place + told), "\(run.errors)")
    }
    // A table is of one experiment, as it always was.
    try workspace.write(
      figures.replacing("from: [mine/walk], draw", with: "from: [mine/walk, mine/path], draw"),
      to: "mine/figures/mine.yaml")
    let drawn = try runProgram(try productPath("refig"), ["run"], in: workspace.path + "/mine")
    #expect(
      drawn.errors.contains("stage 'mine/path' runs mine/path, but the table 'mine/walk' is of mine/walk"),
      "\(drawn.errors)")
  }
}
