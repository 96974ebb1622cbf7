import Foundation
import TestSupport
import Testing

/// Stages whose replicas read those of another stage with their own numbers, or all of them.
@Suite struct OwnReplicasTests {
  private typealias Folder = ProgramTests.Folder

  private static let experiments = """
    experiments:
      mine/noise:
        command: [python3, walk.py]
        parameters: {size: 1, weak: 99}
        outputs: {place: {axes: [place], meaning: number}, x: {meaning: x}, path: {axes: [place], meaning: twice x}}
      mine/sum: {command: [python3, walk.py], random: false, outputs: {y: {meaning: sum}, count: {meaning: replicas}}}
      mine/all-at-once: {command: [python3, walk.py], random: false, outputs: {y: {meaning: sum}, count: {meaning: replicas}}}
      mine/jitter: {command: [python3, walk.py], outputs: {y: {meaning: mean with little noise}}}

    """

  private static let program = """
    import numpy as np
    import refig

    @refig.experiment
    def noise(p, rng, cell):
        if cell.replicas[0] >= p.weak and p.size == 3:
            raise refig.Failure("too weak")
        x = rng.normal()
        return {"place": [0, 1], "x": x, "path": [x, 2 * x]}

    @refig.experiment
    def sum(p, rng, cell):
        points = cell.inputs["up"]
        for point in points:
            assert point.replicas == cell.replicas and point.arrays["x"].shape == (1,)
            assert point.arrays["path"].shape == (1, 2) and list(point.arrays["place"]) == [0, 1]
        return {"y": np.sum([point.parameters.size * point.arrays["path"][0, 1] for point in points]) / 2,
                "count": len(points[0].replicas)}

    @refig.experiment(vectorised=True)
    def all_at_once(p, rng, cell):
        points = cell.inputs["up"]
        count = len(rng)
        for point in points:
            assert point.replicas == cell.replicas and point.arrays["path"].shape == (count, 2)
            assert list(point.arrays["place"]) == [0, 1]
        return {"y": np.sum([point.parameters.size * point.arrays["x"] for point in points], axis=0),
                "count": [len(point.replicas) for _ in range(count)]}

    @refig.experiment
    def jitter(p, rng, cell):
        return {"y": np.mean([point.arrays["x"].mean() for point in cell.inputs["up"]]) + rng.normal(0, 1e-3)}

    refig.main()
    """

  private static func rows(_ folder: Folder, _ stage: String, _ output: String) throws -> [[Double]] {
    let result = try folder.refig("data", stage, "--csv", "--output", output)
    #expect(result.status == 0, "\(result.errors)")
    return result.output.split(separator: "\n").dropFirst().map { $0.split(separator: ",").compactMap { Double($0) } }
  }

  private static let claim = "statement: s, source: ours, kind: observation, because: b, "

  @Test(
    "each replica reads the one with its own number of every point, however both stages are cut",
    arguments: [(1, "-j1"), (2, "-j2"), (5, "-j0")])
  func right(perCell: Int, workers: String) throws {
    let folder = try Folder(
      Self.experiments + """
        stages:
          mine/noise: {sweep: [{size: [1, 2, 3]}], replicas: {count: 9, perCell: 4}}
          mine/sum: {inputs: {up: {stage: mine/noise, replicas: own}}, replicas: {count: 8, perCell: \(perCell)}}
          mine/all-at-once: {inputs: {up: {stage: mine/noise, replicas: own}}, replicas: {count: 8, perCell: \(perCell)}}
          third: {experiment: mine/jitter, inputs: {up: {stage: mine/noise, replicas: own}}, replicas: {count: 8, perCell: \(perCell)}}

        """, program: Self.program)
    let run = try folder.refig("run", workers)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let noise = try Self.rows(folder, "mine/noise", "x")
    #expect(noise.count == 27)
    // Columns: size, replica, the number.
    let expected = (0..<8).map { replica in
      noise.filter { Int($0[1]) == replica }.enumerated().reduce(0) {
        $0 + Double($1.offset + 1) * ($1.element.last ?? 0)
      }
    }
    #expect(Set(expected).count == 8)
    for stage in ["mine/sum", "mine/all-at-once"] {
      let sums = try Self.rows(folder, stage, "y")
      #expect(sums.map { Int($0[0]) } == Array(0..<8))
      for (row, expected) in zip(sums, expected) { expectClose(try #require(row.last), expected, relative: 1e-12) }
    }
    #expect(try Self.rows(folder, "mine/sum", "count").allSatisfy { $0.last == 1 })
    #expect(try Self.rows(folder, "mine/all-at-once", "count").allSatisfy { Int($0.last ?? 0) <= perCell })

    let tried = try folder.refig("try", "mine/sum", "--stage", "mine/sum", "--replica", "6", "--json")
    let value = try #require(tried.output.firstMatch(of: /"y"\s*:\s*([-0-9.e]+)/)?.1, "\(tried.output)\(tried.errors)")
    expectClose(try #require(Double(value)), expected[6], relative: 1e-12)
    let beyond = try folder.refig("try", "mine/sum", "--stage", "mine/sum", "--replica", "9")
    #expect(beyond.status == 2 && beyond.errors.contains("'up' has no replica 9"), "\(beyond.errors)")
    // Behind the line come bytes that are no text.
    let request = "'\(try productPath("refig"))' try mine/sum --stage mine/sum --replica 6 --request | head -n 1"
    let asked = try runProgram("sh", ["-c", request], in: folder.workspace.path).output
    #expect(asked.contains(#""own":["up"]"#) && !asked.contains("[0,1,2"), "\(asked.prefix(2000))")

    let explained = try folder.refig("explain", "mine/sum", "--manifest").output
    #expect(explained.contains("as 'up', each replica the one with its own number"), "\(explained)")
    // Cells of four replicas at each of three points: so many of them hold the first block's.
    #expect(explained.matches(of: /own\.up [0-9a-f]{64}/).count == (perCell > 4 ? 6 : 3), "\(explained)")
    #expect(try folder.refig("graph").output.contains("← mine/noise (own replicas)"))
    #expect(try folder.refig("run", workers).output.contains("0 computed"))
  }

  @Test("a replica that failed in the other stage fails here, with the reason, uncomputed and counted")
  func failures() throws {
    let folder = try Folder(
      Self.experiments + """
        figures: [mine.yaml]
        stages:
          mine/noise: {parameters: {weak: 7}, sweep: [{size: [1, 3]}], replicas: {count: 9, perCell: 4}}
          mine/sum: {inputs: {up: {stage: mine/noise, replicas: own}}, replicas: {count: 9, perCell: 2}}
          mine/all-at-once: {inputs: {up: {stage: mine/noise, replicas: own}}, replicas: {count: 9, perCell: 3}}
          next: {experiment: mine/jitter, inputs: {up: {stage: mine/noise, replicas: own}}, replicas: 8}

        """, program: Self.program)
    try folder.workspace.write(
      "claims:\n  a: {\(Self.claim)estimate: {mean: y}, from: [mine/sum], accept: [-.inf, .inf]}\n", to: "mine.yaml")
    let run = try folder.refig("run", "-j1")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    for stage in ["mine/sum", "mine/all-at-once"] {
      #expect(try Self.rows(folder, stage, "y").map { Int($0[0]) } == Array(0..<7))
      let explained = try folder.refig("explain", stage).output
      for replica in [7, 8] {
        #expect(
          explained.contains("1 failed replica: replica \(replica) of mine/noise at size = 3 failed"), "\(explained)")
      }
    }
    let verified = try folder.refig("verify", "--json").output
    #expect(verified.contains("2 of 9 replicas failed"), "\(verified)")
    let tried = try folder.refig("try", "mine/sum", "--stage", "mine/sum", "--replica", "8")
    #expect(tried.status == 3 && tried.errors.contains("replica 8 of mine/noise at size = 3 failed"), "\(tried.errors)")
  }

  @Test("keys of cells that read all replicas are those of earlier refigs; with `own` there are others")
  func keys() throws {
    let folder = try Folder(
      """
      experiments:
        mine/noise: {command: [python3, walk.py], parameters: {size: 1}, outputs: {x: {meaning: x}}}
        mine/sum: {command: [python3, walk.py], random: false, outputs: {y: {meaning: y}}}
      stages:
        mine/noise: {sweep: [{size: [1, 2]}], replicas: {count: 4, perCell: 2}}
        mine/sum: {inputs: {up: mine/noise}}

      """,
      program: """
        import refig

        @refig.experiment
        def noise(p, rng):
            return {"x": p.size}

        @refig.experiment
        def sum(p, rng, cell):
            return {"y": cell.inputs["up"][1].arrays["x"].sum()}

        refig.main()
        """)
    func names() throws -> Set<Substring> { Set(try folder.cells().keys.compactMap { $0.split(separator: "/").last }) }
    #expect(try folder.refig("run", "-j1").status == 0)
    let before: Set<Substring> = [
      "5bc3b936dc886a0ba1c20fcdcf3c4ecbd389df453de7d607020f9a5b479bc30b.h5",
      "714bb089e56c6d7df157e109f937758cf6a52c4440be2b408eef31366059632c.h5",
      "a0fbe09b02f776351c42c7a17de254b6a45138c25d94384abbc63ddfcb6feb8c.h5",
      "a5f04719aac84fe64ac7cc41749608ba19858aef862db4386dce571c3b689214.h5",
      "b8dac7167ca3e95e70c2211dcc0aa67e7cd7eb6df570b6f7940060fbf2f1f1be.h5",
    ]
    #expect(try names() == before)
    let text = try folder.workspace.read("pipeline.yaml")
    for (input, count) in [("{stage: mine/noise, replicas: all}", 0), ("{stage: mine/noise, replicas: own}", 1)] {
      try folder.workspace.write(text.replacing("{up: mine/noise}", with: "{up: \(input)}"), to: "pipeline.yaml")
      let run = try folder.refig("run", "-j1")
      #expect(run.output.contains("\(count) computed"), "\(run.output)\(run.errors)")
    }
    #expect(try names().subtracting(before).count == 1)
  }

  @Test("replicas that share a random draw decide nothing, also through a stage between; with their own they do")
  func sharedChance() throws {
    let folder = try Folder(
      Self.experiments + """
        figures: [mine.yaml]
        stages:
          one: {experiment: mine/noise}
          many: {experiment: mine/noise, replicas: 200}
          shared: {experiment: mine/jitter, inputs: {up: one}, replicas: 200}
          single: {experiment: mine/jitter, inputs: {up: many}}
          own: {experiment: mine/jitter, inputs: {up: {stage: many, replicas: own}}, replicas: 200}

        """,
      program: Self.program)
    func judge(_ stage: String, _ estimate: String, expect verdict: String, accept: String) throws -> String {
      try folder.workspace.write(
        "claims:\n  a: {\(Self.claim)estimate: \(estimate), from: [\(stage)], accept: \(accept), expect: \(verdict)}\n",
        to: "mine.yaml")
      let result = try folder.refig("verify", "--json")
      #expect(result.status == 0, "\(stage): \(result.output)\(result.errors)")
      return result.output
    }
    try folder.workspace.write("claims: {}\n", to: "mine.yaml")
    // The mean is 0. What the spread of replicas that share a draw would say refutes it with certainty.
    #expect(try folder.refig("run", "-j2", "--quiet").status == 0)
    let values = try Self.rows(folder, "shared", "y").compactMap(\.last)
    let mean = values.reduce(0, +) / 200
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 199
    #expect(abs(mean) > 0.01 + 8 * (variance / 200).squareRoot(), "the draw of this seed is not near 0")
    for estimate in ["{mean: y}", "{median: y}", "{greatest: y}"] {
      let told = try judge("shared", estimate, expect: "inconclusive", accept: "[-0.01, 0.01]")
      #expect(told.contains("all replicas of shared read the same random replicas of one"), "\(told)")
      #expect(told.contains("{up: {stage: one, replicas: own}}"), "\(told)")
    }
    let told = try judge("single", "{median: y}", expect: "inconclusive", accept: "[-9, 9]")
    #expect(told.contains("the one replica of single reads all replicas of many"), "\(told)")
    _ = try judge("own", "{mean: y}", expect: "confirmed", accept: "[-0.6, 0.6]")
    _ = try judge("own", "{mean: y}", expect: "refuted", accept: "[3, 4]")
  }

  @Test("a stage that reads its own of one whose replicas share a draw shares it too")
  func sharedFurtherUp() throws {
    let folder = try Folder(
      Self.experiments + """
          mine/last: {command: [python3, walk.py], random: false, outputs: {z: {meaning: z}}}
        figures: [mine.yaml]
        stages:
          one: {experiment: mine/noise}
          shared: {experiment: mine/jitter, inputs: {up: one}, replicas: 40}
          after: {experiment: mine/last, inputs: {up: {stage: shared, replicas: own}}, replicas: 40}

        """,
      program: Self.program.replacing(
        "refig.main()",
        with: """
          @refig.experiment
          def last(p, rng, cell):
              return {"z": cell.inputs["up"][0].arrays["y"][0]}

          refig.main()
          """))
    try folder.workspace.write(
      "claims:\n  a: {\(Self.claim)estimate: {mean: z}, from: [after], accept: [-9, 9], expect: inconclusive}\n",
      to: "mine.yaml")
    let result = try folder.refig("verify", "--json")
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(result.output.contains("nor is that of after, which reads shared"), "\(result.output)")
  }

  @Test("docs/own-paper.md: its stages read each their own replicas")
  func page() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let page = try String(contentsOf: root.appending(path: "docs/own-paper.md"), encoding: .utf8)
    let section = try #require(page.components(separatedBy: "\n## Results of another stage").last)
    let stages = try #require(section.firstMatch(of: /```yaml\n([^`]*)```/)).1
    let folder = try Folder(
      """
      experiments:
        mypaper/edges: {command: [python3, walk.py], parameters: {size: 1}, outputs: {x: {meaning: x}}}
        mypaper/summary: {command: [python3, walk.py], random: false, outputs: {y: {meaning: y}}}

      """ + stages,
      program: """
        import refig

        @refig.experiment
        def edges(p, rng):
            return {"x": rng.random() + p.size}

        @refig.experiment
        def summary(p, rng, cell):
            return {"y": sum(float(point.arrays["x"][0]) for point in cell.inputs["edges"])}

        refig.main()
        """)
    #expect(try folder.refig("run", "-j1").status == 0)
    let sums = try Self.rows(folder, "mypaper/summary", "y").compactMap(\.last)
    #expect(sums.count == 100 && Set(sums).count == 100 && sums.allSatisfy { (5...7).contains($0) })
    // What it draws itself is no chance, what it reads is: noise in its place is noticed.
    try folder.workspace.write("figures: [mine.yaml]\n" + folder.workspace.read("pipeline.yaml"), to: "pipeline.yaml")
    try folder.workspace.write(
      "claims:\n  a: {\(Self.claim)estimate: {mean: y}, from: [mypaper/summary], accept: [5, 7]}\n", to: "mine.yaml")
    let fooled = try folder.refig("mutate", "--synthetic")
    #expect(fooled.status == 0, "\(fooled.output)\(fooled.errors)")
  }

  @Test("a module that was edited twice within a second counts as it stands, and no bytecode is left")
  func bytecode() throws {
    let pipeline = """
      experiments:
        mine/f: {command: [python3, walk.py], sources: [helper.py], outputs: {x: {meaning: x}}}
      stages: {mine/f: {}}

      """
    let program =
      "import refig\nimport helper\n\n@refig.experiment\ndef f(p, rng):\n    return {\"x\": helper.VALUE}\n\nrefig.main()\n"
    func edit(_ folder: Folder, _ value: Int) throws {
      try folder.workspace.write("VALUE = \(value)\n", to: "helper.py")
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000 + Double(value) / 10)],
        ofItemAtPath: folder.workspace.path + "/helper.py")
    }
    for (isFirst, text) in [
      (false, program), (true, program.replacing("import refig\nimport helper", with: "import helper\nimport refig")),
    ] {
      let folder = try Folder(pipeline, program: text)
      try edit(folder, 1)
      #expect(try folder.refig("run", "-j1").status == 0)
      #expect(!folder.workspace.files(under: "").contains { $0.hasSuffix(".pyc") })
      try edit(folder, 2)
      #expect(try folder.refig("run", "-j1").status == 0)
      #expect(try Self.rows(folder, "mine/f", "x") == [[0, 2]])
      // Somebody else leaves bytecode, of which Python cannot tell that it is old.
      #expect(
        try runProgram("python3", ["-m", "py_compile", "helper.py"], in: folder.workspace.path).status == 0)
      try edit(folder, 3)
      let stale = try runProgram(
        "python3", ["-c", "import helper; print(helper.VALUE)"], in: folder.workspace.path)
      #expect(stale.output == "2\n", "otherwise this test says nothing")
      if isFirst {
        // Imported before refig.py, which can only find out.
        #expect(try folder.refig("run", "-j1").status == 3)
        #expect(try folder.failures().contains { $0.contains("old bytecode for helper.py") })
      }
      let run = try folder.refig("run", "-j1")
      #expect(run.status == 0, "\(run.errors)")
      #expect(try Self.rows(folder, "mine/f", "x") == [[0, 3]])
    }
  }
}
