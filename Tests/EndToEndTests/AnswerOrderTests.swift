import TestSupport
import Testing

/// No answer is taken for that to another request: docs/protocol.md.
@Suite struct AnswerOrderTests {
  /// Returns x, and says it once more after a while.
  private static let twice = """
    import json, os, struct, time

    for line in os.fdopen(3, "rb"):
        request = json.loads(line)
        head = json.dumps({"request": request["request"], "arrays": [{"name": "y", "shape": [1]}]}).encode()
        answer = head + b"\\n" + struct.pack("<d", request["parameters"]["x"])
        os.write(4, answer)
        time.sleep(0.002)
        if request["parameters"]["x"] % 3 == 0:
            os.write(4, answer)
    """

  private static var pipeline: String {
    """
    experiments:
      my/walk: {command: [python3, walk.py], parameters: {x: 0}, outputs: {y: {meaning: x again}}}
    stages:
      my/walk: {sweep: [{x: {range: [0, 11]}}]}

    """
  }

  /// The rows of a stage as (x, y).
  private func rows(_ folder: ProgramTests.Folder) throws -> [[Double]] {
    let lines = try folder.refig("data", "my/walk", "--csv").output.split(separator: "\n")
    let names = try #require(lines.first).split(separator: ",").map(String.init)
    let columns = try ["x", "y"].map { try #require(names.firstIndex(of: $0)) }
    return try lines.dropFirst().map { line in
      let fields = line.split(separator: ",")
      return try columns.map { try #require(Double(fields[$0])) }
    }
  }

  @Test("an answer said twice costs cells, however often they are asked for, but never gives one a wrong number")
  func twice() throws {
    let folder = try ProgramTests.Folder(Self.pipeline, program: Self.twice)
    var reasons = ""
    for _ in 1...4 { reasons += try folder.refig("run", "-j1").errors }
    #expect(reasons.contains("an answer too many") || reasons.contains("more than its answer"), "\(reasons)")
    let rows = try rows(folder)
    #expect(rows.count >= 8 && rows.allSatisfy { $0[0] == $0[1] }, "\(rows)")
  }

  @Test("what a program writes after its answer is said to be its fault for the cell before, not for the next")
  func surplus() throws {
    let folder = try ProgramTests.Folder(
      Self.pipeline,
      program: """
        import json, os, struct, time
        for line in os.fdopen(3, "rb"):
            request = json.loads(line)
            head = json.dumps({"request": request["request"], "arrays": [{"name": "y", "shape": [1]}]}).encode()
            os.write(4, head + b"\\n" + struct.pack("<d", request["parameters"]["x"]))
            time.sleep(0.01)
            os.write(4, b"done\\n")
        """)
    let run = try folder.refig("run", "-j1")
    #expect(run.status == 3, "\(run.output)")
    for line in run.errors.split(separator: "\n") where line.hasPrefix("failed") {
      #expect(line.contains("more than its answer"), "\(line)")
    }
    #expect(run.errors.contains("more than its answer for my/walk x="), "\(run.errors)")
    #expect(run.output.contains("6 computed"), "\(run.output)")
  }

  @Test("a program that ends after each answer is started for each cell, and no cell fails for another's end")
  func endsAfterAnswer() throws {
    let folder = try ProgramTests.Folder(
      Self.pipeline,
      program: """
        import json, os, struct
        request = json.loads(os.fdopen(3, "rb").readline())
        head = json.dumps({"request": request["request"], "arrays": [{"name": "y", "shape": [1]}]}).encode()
        os.write(4, head + b"\\n" + struct.pack("<d", request["parameters"]["x"]))
        """)
    let run = try folder.refig("run", "-j1")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let rows = try rows(folder)
    #expect(rows.count == 12 && rows.allSatisfy { $0[0] == $0[1] }, "\(rows)")
  }

  @Test("a wrong number in an answer's line is reported with its place, and an empty reason in words")
  func wrongLines() throws {
    let folder = try ProgramTests.Folder(
      Self.pipeline,
      program: """
        import json, os
        texts = ['"arrays":[{"name":"y","shape":[1.5]}]', '"error":""', '"arrays":[],"failed":{"0":""}', '"arrays":{}']
        for line in os.fdopen(3, "rb"):
            request = json.loads(line)
            text = texts[int(request["parameters"]["x"]) % 4]
            os.write(4, ('{"request":%d,%s}\\n' % (request["request"], text)).encode())
        """)
    let run = try folder.refig("run", "-j1")
    #expect(run.status == 3, "\(run.output)")
    let failures = try folder.failures().joined(separator: "\n")
    for reason in ["holds what is no whole number", "it answered with an empty error", "'arrays' is not a list"] {
      #expect(failures.contains(reason), "\(failures)")
    }
    #expect(run.errors.contains("replicas: no reason is given (first of my/walk x=2"), "\(run.errors)")
  }

  @Test("arrays without the number of their request are refused with what to do")
  func numberless() throws {
    let folder = try ProgramTests.Folder(
      Self.pipeline,
      program: """
        import os
        for line in os.fdopen(3, "rb"):
            os.write(4, b'{"arrays":[{"name":"y","shape":[1]}]}\\n' + bytes(8))
        """)
    let run = try folder.refig("run", "-j1")
    #expect(run.status == 3, "\(run.output)")
    #expect(run.errors.contains("does not say to which request; repeat \"request\":"), "\(run.errors)")
  }
}
