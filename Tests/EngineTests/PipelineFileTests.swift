import Foundation
import PaperKit
import Pipeline
import Reports
import Runner
import TestSupport
import Testing
import ToyPaper

/// Messages of a pipeline.yaml, without the path in front.
func mistakes(_ text: String, profile: String? = nil) throws -> [String] {
  let workspace = try Workspace()
  try workspace.write(text, to: "pipeline.yaml")
  do {
    let project = try Project(root: workspace.path, profile: profile, catalogue: toyCatalogue())
    let plan = try Plan(project.pipeline, stages: Set(project.pipeline.stages.map(\.id)), catalogue: project.catalogue)
    let diagnostics = Diagnostics()
    plan.validate(diagnostics) { _ in true }
    try diagnostics.throwIfAny()
    return []
  } catch {
    #expect(ErrorMessage.exitCode(of: error) == .input)
    return ErrorMessage.text(of: error).replacingOccurrences(of: workspace.path + "/", with: "")
      .split(separator: "\n").map(String.init)
  }
}

private func project(_ stages: String, profile: String? = nil) throws -> Project {
  let workspace = try Workspace()
  try workspace.write("seed: 1\nprofiles: [quick, paper]\nstages:\n" + stages, to: "pipeline.yaml")
  return try Project(root: workspace.path, profile: profile, catalogue: toyCatalogue())
}

private func points(_ stages: String, profile: String? = nil) throws -> [String] {
  let project = try project(stages, profile: profile)
  let plan = try Plan(project.pipeline, stages: Set(project.pipeline.stages.map(\.id)), catalogue: project.catalogue)
  return plan.stages.flatMap { stage in stage.keys.indices.map { stage.label($0) } }
}

let head = "seed: 1\nprofiles: [quick, paper]\nstages:\n"

@Suite struct PipelineFileTests {
  @Test("factors are multiplied, lists in a group advance together, single values are broadcast")
  func crossProduct() throws {
    #expect(
      try points(
        """
          toy/walk:
            sweep:
              - {stepCount: [1, 2], drift: [0.1, 0.2], isReflected: true}
              - {law: [normal, uniform]}
        """) == [
          "drift=0.1 isReflected=true law=\"normal\" stepCount=1 replica 0",
          "drift=0.1 isReflected=true law=\"uniform\" stepCount=1 replica 0",
          "drift=0.2 isReflected=true law=\"normal\" stepCount=2 replica 0",
          "drift=0.2 isReflected=true law=\"uniform\" stepCount=2 replica 0",
        ])
  }

  @Test("a list of groups is their union; what a group leaves out keeps its fixed value")
  func union() throws {
    #expect(
      try points(
        """
          toy/walk:
            parameters: {drift: 9}
            sweep:
              - - {stepCount: {range: [1, 2]}}
                - {stepCount: 7, drift: [0.5, 1]}
        """) == [
          "drift=9.0 stepCount=1 replica 0", "drift=9.0 stepCount=2 replica 0", "drift=0.5 stepCount=7 replica 0",
          "drift=1.0 stepCount=7 replica 0",
        ])
  }

  @Test("ranges have exact ends; whole-number parameters take the nearest whole numbers once")
  func ranges() throws {
    #expect(
      try points("  toy/walk: {sweep: [{drift: {linspace: [0, 1, 3]}}]}")
        == ["drift=0.0 replica 0", "drift=0.5 replica 0", "drift=1.0 replica 0"])
    #expect(
      try points("  toy/walk: {sweep: [{stepCount: {logspace: [1, 1000, 4]}}]}").map { $0.prefix(14) }
        == ["stepCount=1 re", "stepCount=10 r", "stepCount=100 ", "stepCount=1000"])
    #expect(try points("  toy/walk: {sweep: [{stepCount: {logspace: [1, 4, 9]}}]}").count == 4)
    #expect(try points("  toy/walk: {sweep: [{stepCount: {range: [2, 11, 4]}}]}").count == 3)
  }

  @Test("replicas are cut into cells; a single number will do")
  func replicas() throws {
    #expect(
      try points("  toy/walk: {replicas: {count: 5, perCell: 2}}") == ["replicas 0–1", "replicas 2–3", "replica 4"])
    #expect(try points("  toy/walk: {replicas: 120}").count == 3)
  }

  @Test("a profile replaces whole keys")
  func profiles() throws {
    let stage = """
        toy/walk:
          sweep: [{drift: [1, 2]}]
          profiles:
            paper: {sweep: [{drift: [1, 2, 3]}], replicas: 2}
      """
    #expect(try points(stage).count == 2)
    #expect(try points(stage, profile: "paper") == (1...3).map { "drift=\($0).0 replicas 0–1" })
  }

  @Test("a profile's parameters stand in the place of the stage's one by one, and others stay")
  func profileParameters() throws {
    let stage = """
        toy/walk:
          parameters: {drift: 2, stepCount: 4}
          sweep: [{law: [normal, uniform]}]
          profiles:
            paper: {parameters: {stepCount: 9, isReflected: true}}
      """
    let merged =
      "  toy/walk: {parameters: {drift: 2, stepCount: 9, isReflected: true}, sweep: [{law: [normal, uniform]}]}"
    func keys(_ text: String, _ profile: String) throws -> [CellKey] {
      let project = try project(text, profile: profile)
      return try Plan(project.pipeline, stages: ["toy/walk"], catalogue: project.catalogue).stages.flatMap(\.keys)
    }
    #expect(try keys(stage, "paper") == keys(merged, "paper"))
    #expect(
      try keys(stage, "quick") == keys(stage.replacing(#/ *profiles:\n.*/#, with: ""), "quick"))
    // What a profile sweeps is not what the stage fixes.
    let swept = stage.replacing("stepCount: 9, ", with: "").replacing(
      "true}}", with: "true}, sweep: [{drift: [1, 2]}]}")
    #expect(try points(swept, profile: "paper").map { $0.prefix(9) } == ["drift=1.0", "drift=2.0"])
  }

  @Test("renaming a stage, reordering and comments leave the keys alone")
  func keysSurviveLayout() throws {
    func keys(_ text: String) throws -> Set<CellKey> {
      let project = try project(text)
      let plan = try Plan(
        project.pipeline, stages: Set(project.pipeline.stages.map(\.id)), catalogue: project.catalogue)
      return Set(plan.stages.flatMap(\.keys))
    }
    let one = try keys("  toy/walk: {parameters: {drift: 1, stepCount: 3}, sweep: [{law: [normal, uniform]}]}")
    let two = try keys(
      """
        # a comment
        renamed:
          experiment: toy/walk
          sweep: [{law: [uniform, normal]}]
          parameters: {stepCount: 3, drift: 1.0}   # 1 and 1.0 are the same real number
      """)
    #expect(one == two)
    #expect(one.count == 2)
  }

  @Test("the fast keys are those of the manifests")
  func fastKeys() throws {
    let project = try project(
      "  toy/walk: {sweep: [{drift: [1, 2], stepCount: [2, 3]}, {law: [normal, uniform]}], replicas: {count: 3, perCell: 2}}"
    )
    let plan = try Plan(project.pipeline, stages: ["toy/walk"], catalogue: project.catalogue)
    let stage = try #require(plan["toy/walk"])
    #expect(stage.keys.count == 8)
    #expect(stage.keys == stage.keys.indices.map { stage.manifest($0).key })
  }

  @Test("cells are counted once, whichever stages share them; within a stage no two are the same")
  func cellCount() throws {
    let walks = [
      "{sweep: [{drift: [1, 2, 3]}, {law: [normal, uniform]}], replicas: {count: 5, perCell: 2}}",
      "{experiment: toy/walk, sweep: [{drift: [2, 3, 4]}], replicas: {count: 5, perCell: 2}}",
      "{experiment: toy/walk, sweep: [[{drift: [1, 2]}, {law: [normal, uniform]}]], replicas: {count: 6, perCell: 2}}",
    ]
    let reader = "  toy/mean: {inputs: {walks: toy/walk}, sweep: [{factor: [1, 2]}]}\n"
    for count in 1...walks.count {
      for order in [Array(walks.prefix(count)), walks.prefix(count).reversed()] {
        let stages = order.enumerated().map { index, walk in
          "  \(walk == walks[0] ? "toy/walk" : "other\(index)"): \(walk)\n"
        }
        let project = try project(stages.joined() + reader)
        let plan = try Plan(
          project.pipeline, stages: Set(project.pipeline.stages.map(\.id)), catalogue: project.catalogue)
        for stage in plan.stages { #expect(Set(stage.keys).count == stage.keys.count, "\(stage.id)") }
        let keys = plan.stages.flatMap(\.keys)
        #expect(plan.cellCount == Set(keys).count)
        #expect(plan.cellCount < keys.count || count == 1)
      }
    }
  }

  @Test(
    "every mistake is told with its place and a suggestion",
    arguments: [
      (
        "  toy/walk: {paramters: {}}",
        "pipeline.yaml:4:14: stage 'toy/walk': unknown key 'paramters'; did you mean 'parameters'?"
      ),
      (
        "  toy/walk: {parameters: {stepcount: 3}}",
        "pipeline.yaml:4:27: stage 'toy/walk': unknown parameter 'stepcount'; did you mean 'stepCount'?"
      ),
      (
        "  toy/wolk: {}", "pipeline.yaml:4:3: stage 'toy/wolk': unknown experiment 'toy/wolk'; did you mean 'toy/walk'?"
      ),
      (
        "  a: {experiment: zebra}",
        "pipeline.yaml:4:19: stage 'a': unknown experiment 'zebra'; known: toy/coin, toy/fault, toy/file-sum, toy/formula, toy/mean, toy/walk"
      ),
      (
        "  toy/walk: {parameters: {stepCount: 2.5}}",
        "pipeline.yaml:4:38: stage 'toy/walk': 'stepCount' must be a whole number, not the number 2.5"
      ),
      (
        "  toy/walk: {parameters: {drift: fast}}",
        "pipeline.yaml:4:34: stage 'toy/walk': 'drift' must be a number, not the word 'fast'"
      ),
      (
        "  toy/walk: {parameters: {stepCount: 0}}",
        "pipeline.yaml:4:38: stage 'toy/walk': stepCount = 0 is not allowed: at least 1"
      ),
      (
        "  toy/walk: {parameters: {law: levy}}",
        "pipeline.yaml:4:32: stage 'toy/walk': law = levy is not allowed: normal, uniform"
      ),
      (
        "  toy/walk: {sweep: [{stepCount: [1, 2], drift: [1]}]}",
        "pipeline.yaml:4:22: stage 'toy/walk': lists in one group advance together but have unequal lengths: stepCount 2, drift 1; make them equal, or put each in a factor of its own for all combinations"
      ),
      (
        "  toy/walk: {sweep: [{stepCount: []}]}",
        "pipeline.yaml:4:22: stage 'toy/walk': the sweep is empty: give every factor at least one value"
      ),
      (
        "  toy/walk: {sweep: [{stepCount: [1]}, {stepCount: [2]}]}",
        "pipeline.yaml:4:40: stage 'toy/walk': parameter 'stepCount' is swept by two factors; keep one"
      ),
      (
        "  toy/walk: {sweep: [{stepCount: {range: [1, 5000]}}, {drift: {linspace: [0, 1, 5000]}}]}",
        "pipeline.yaml:4:21: stage 'toy/walk': a sweep of 5000 x 5000 points is more than the 10000000 allowed"
      ),
      (
        "  toy/walk: {sweep: [{drift: {logspace: [0, 1, 5]}}]}",
        "pipeline.yaml:4:41: stage 'toy/walk': drift.logspace = [0, 1, 5] is not allowed: positive ends"
      ),
      (
        "  toy/walk: {replicas: 0}",
        "pipeline.yaml:4:24: stage 'toy/walk': replicas = 0 is not allowed: at least 1, at most"
      ),
      (
        "  toy/walk: {replicas: {count: -9, perCell: 3}}",
        "pipeline.yaml:4:32: stage 'toy/walk': count = -9 is not allowed: at least 1, at most"
      ),
      (
        "  toy/walk: {replicas: many}",
        "pipeline.yaml:4:24: stage 'toy/walk': 'replicas' must be a whole number or a mapping such as {count: 100, perCell: 10}, "
          + "not the word 'many'"
      ),
      (
        "  toy/walk: {streams: comon}",
        "pipeline.yaml:4:23: stage 'toy/walk': unknown streams 'comon'; did you mean 'common'?"
      ),
      (
        "  toy/walk: {profiles: {qick: {}}}",
        "pipeline.yaml:4:25: stage 'toy/walk': unknown key 'qick'; did you mean 'quick'?"
      ),
      (
        "  toy/walk: {profiles: {paper: {parameters: {stepCount: many}}}}",
        "pipeline.yaml:4:57: stage 'toy/walk': 'stepCount' must be a whole number, not the word 'many'"
      ),
      (
        "  toy/mean: {inputs: {walks: toy/wlak}}\n  toy/walk: {}",
        "pipeline.yaml:4:30: stage 'toy/mean': unknown stage 'toy/wlak'; did you mean 'toy/walk'?"
      ),
      (
        "  toy/mean: {inputs: {walks: {stage: toy/walk, replicas: mine}}}\n  toy/walk: {}",
        "pipeline.yaml:4:58: stage 'toy/mean': unknown replicas 'mine'"
      ),
      (
        "  toy/mean: {inputs: {walks: {replicas: own}}}\n  toy/walk: {}",
        "pipeline.yaml:4:30: stage 'toy/mean': 'stage' is missing"
      ),
      (
        "  toy/mean: {inputs: {walks: {stage: toy/walk, replicas: own}}, replicas: 20}\n  toy/walk: {replicas: 10}",
        "pipeline.yaml:4:58: stage 'toy/mean': each of its 20 replicas reads the one of 'toy/walk' with its own number, but there are only 10"
      ),
      (
        "  toy/mean: {inputs: {walks: {stage: toy/walk, replicas: own}}, replicas: 20, profiles: {paper: {replicas: 40}}}\n  toy/walk: {replicas: 20}",
        "pipeline.yaml:4:58: stage 'toy/mean', profile 'paper': each of its 40 replicas reads the one of 'toy/walk' with its own number, but there are only 20"
      ),
      (
        "  a: {experiment: toy/mean, inputs: {walks: b}}\n  b: {experiment: toy/mean, inputs: {walks: a}}",
        "pipeline.yaml:4:3: stage 'a': stages depend on each other in a circle: a -> b -> a"
      ),
      (
        "  toy/walk: {slurm: {partion: long}}",
        "pipeline.yaml:4:22: stage 'toy/walk': unknown key 'partion'; did you mean 'partition'?"
      ),
      (
        "  toy/walk: {memoryLimit: 3000, profiles: {paper: {slurm: {memory: 2G}}}}",
        "pipeline.yaml:4:59: stage 'toy/walk': slurm.memory = 2000 MB is not allowed: the stage's memoryLimit is 3000.0 MB for each processor; raise one or lower the other"
      ),
      (
        "  toy/walk: {slurm: {time: tomorrow}}",
        "pipeline.yaml:4:28: stage 'toy/walk': slurm.time = 'tomorrow' is not allowed: minutes, or a text"
      ),
      (
        "  toy/walk: {slurm: {partition: --wrap=true}}",
        "pipeline.yaml:4:33: stage 'toy/walk': slurm.partition = '--wrap=true' is not allowed: letters, digits"
      ),
      (
        "  toy/walk: {slurm: {options: [--expor=NONE]}}",
        "pipeline.yaml:4:31: stage 'toy/walk': slurm.options = '--expor=NONE' is not allowed: each must be one word"
      ),
      (
        "  toy/walk: {slurm: {options: [--array=1-9]}}",
        "pipeline.yaml:4:31: stage 'toy/walk': slurm.options = '--array=1-9' is not allowed: each must be one word"
      ),
      (
        "  toy/walk: {sweep: [{stepCount: {}}]}",
        "pipeline.yaml:4:34: stage 'toy/walk': the values of 'stepCount' must be given by exactly one of range, linspace"
      ),
      (
        "  toy/walk: {sweep: [{stepCount: {range: [1, 6], linspace: [1, 2, 3]}}]}",
        "pipeline.yaml:4:34: stage 'toy/walk': the values of 'stepCount' must be given by exactly one of range, linspace"
      ),
      (
        "  toy/walk: {sweep: [{stepCount: {range: [1e30, 1e30]}}]}",
        "pipeline.yaml:4:42: stage 'toy/walk': stepCount.range = [1e30, 1e30] is not allowed: whole numbers up to 2^53"
      ),
      (
        "  toy/walk: {sweep: [{stepCount: {logspace: [1, 1e300, 3]}}]}",
        "pipeline.yaml:4:45: stage 'toy/walk': stepCount.logspace = [1, 1e300, 3] is not allowed: whole numbers"
      ),
      (
        "  toy/walk: {sweep: [{drift: {linspace: [1, .inf, 3]}}]}",
        "pipeline.yaml:4:41: stage 'toy/walk': drift.linspace = [1, .inf, 3] is not allowed: finite numbers"
      ),
      (
        "  toy/walk: {timeLimit: 1e300}",
        "pipeline.yaml:4:25: stage 'toy/walk': timeLimit = 1e300 is not allowed: more than 0, at most 1e9"
      ),
      (
        "  toy/walk: {memoryLimit: -.inf}",
        "pipeline.yaml:4:27: stage 'toy/walk': memoryLimit = -.inf is not allowed: more than 0, at most 1e9"
      ),
      (
        "  toy/walk: {memoryLimit: 5e8, slurm: {processors: 90000}}",
        "pipeline.yaml:4:39: stage 'toy/walk': memoryLimit = 500000000.0 MB for each of 90000 processors is not allowed"
      ),
      (
        "  toy/walk: {replicas: many, profiles: {quick: {replicas: 3}, paper: {replicas: 4}}}",
        "pipeline.yaml:4:24: stage 'toy/walk': 'replicas' must be a whole number or a mapping such as"
      ),
      ("  toy/walk: {parameters: {stepCount: !!int 3}}", "pipeline.yaml:4:38: the tag 'tag:yaml.org,2002:int' has no"),
      ("  'toy/walk': {}\n  toy/walk: {}", "pipeline.yaml:5:3: key 'toy/walk' is given twice; keep one"),
      (
        "  toy/walk: {parameters: {drift: \"\\u202e1\"}}",
        "pipeline.yaml:4:34: stage 'toy/walk': 'drift' must be a number"
      ),
      (
        "  toy/walk: {parameters: {law: \"\\u202e\"}}",
        "pipeline.yaml:4:32: stage 'toy/walk': the character U+202E cannot stand in a text"
      ),
      (
        "  toy/walk: {replicas: 1000000000000000000}",
        "pipeline.yaml:4:24: stage 'toy/walk': replicas = 1000000000000000000 is not allowed: at least 1, at"
      ),
      (
        "  toy/walk: {replicas: {count: 9, perCell: 4000000000000000000}}",
        "pipeline.yaml:4:44: stage 'toy/walk': perCell = 4000000000000000000 is not allowed: at least 1, at"
      ),
      (
        "  toy/walk: {sweep: [{drift: [1, 2]}], replicas: {count: 6000000, perCell: 1}}",
        "pipeline.yaml:4:50: stage 'toy/walk': 2 points with 6000000 blocks of replicas are more than the 10000000 cells"
      ),
      (
        "  toy/walk: {parameters: {law: \"nor\\e[1mmal\"}}",
        "pipeline.yaml:4:32: stage 'toy/walk': the character U+1B cannot stand in a text"
      ),
      ("  ../walk: {experiment: toy/walk}", "pipeline.yaml:4:3: '../walk' cannot name a stage"),
      ("  'a$(b)': {experiment: toy/walk}", "pipeline.yaml:4:3: 'a$(b)' cannot name a stage"),
      ("  toy/walk: {}\n  toy/walk: {}", "pipeline.yaml:5:3: key 'toy/walk' is given twice; keep one"),
      ("  toy/walk: [", "pipeline.yaml:4:14: not valid YAML: "),
    ])
  func messages(stages: String, message: String) throws {
    let found = try mistakes(head + stages)
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix(message) == true, "\(found)")
  }

  @Test(
    "what is not YAML is told in words for its author, at its place",
    arguments: [
      ("a: The mean: zero", "1:12", "in quotes, or below `>-`"), ("a: b\n  c: d", "2:4", "indented as its neighbours"),
      ("a:\n\tb: 1", "2:1", "a tab; indent with spaces"), ("a:\r\n  \tb: 1", "2:3", "a tab; indent with spaces"),
      ("a:\n  b: 1\n c: 2", "3:2", "the indentation of this line or of one before differs"),
      ("a:\n  - b\n - c", "3:2", "the indentation of this line or of one before differs"),
      ("- a\nb: c", "2:1", "the indentation of this line or of one before differs"),
      ("a: 'it's'", "1:8", "behind its closing quote"), ("a: 1\nb\nc: 2", "3:1", "neither a key with a colon"),
      ("a: [1, 2", "1:9", "',' or ']' is missing"), ("a: {b: 1", "1:9", "',' or '}' is missing"),
      ("a: \"b", "1:6", "in quotes has no end"), ("a: @b", "1:4", "begin with '@'; put it in quotes"),
      ("a: \"\\q\"", "1:5", "single quotes"), ("a: - b", "1:4", "on a line of its own"),
      ("a: ]", "1:4", "']' has no place here"),
    ])
  func syntax(text: String, place: String, words: String) throws {
    let found = try mistakes(text)
    #expect(found.count == 1)
    let message = try #require(found.first)
    #expect(message.hasPrefix("pipeline.yaml:\(place): not valid YAML: ") && message.contains(words), "\(message)")
  }

  @Test("what tasks of a cluster get: the stage's profile, then the stage, then the file's profile, then the file")
  func slurm() throws {
    let workspace = try Workspace()
    try workspace.write(
      """
      seed: 1
      profiles: [quick, paper]
      slurm:
        partition: short
        account: theory
        memory: 1.5G
        profiles:
          paper: {partition: long, time: "1-12:30", options: [--qos=night]}
      stages:
        toy/walk: {slurm: {memory: 4000, taskTime: 20}, profiles: {paper: {slurm: {time: 90}}}}
        toy/fault: {memoryLimit: 300, slurm: {processors: 2, runningTasks: 7}}
      """, to: "pipeline.yaml")
    func arguments(_ profile: String, _ stage: Int) throws -> [String] {
      try Project(root: workspace.path, profile: profile, catalogue: toyCatalogue()).pipeline.stages[stage].slurm
        .arguments
    }
    let common = ["--nodes=1", "--ntasks=1"]
    #expect(
      try arguments("quick", 0) == common + [
        "--cpus-per-task=1", "--partition=short", "--account=theory", "--mem=4000M",
      ])
    #expect(
      try arguments("paper", 0) == common + [
        "--cpus-per-task=1", "--partition=long", "--account=theory", "--time=90", "--mem=4000M", "--qos=night",
      ])
    #expect(
      try arguments("paper", 1) == common + [
        "--cpus-per-task=2", "--partition=long", "--account=theory", "--time=2190", "--mem=1500M", "--qos=night",
      ])
  }

  @Test("independent mistakes are all told in one pass, in the order of the file")
  func allAtOnce() throws {
    let found = try mistakes(
      head + """
          toy/walk: {parameters: {drfit: 1, stepCount: x}, streems: common}
          toy/mean: {inputs: {walks: nowhere}, replicas: none}
          other: {experiment: toy/none}
        """)
    #expect(found.count == 6)
    #expect(found.map { $0.prefix(16) } == found.map { $0.prefix(16) }.sorted())
  }

  @Test("files that cannot be read say so")
  func unreadable() throws {
    let workspace = try Workspace()
    #expect(throws: PipelineError.self) { try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue()) }
    try Data([0x73, 0xff, 0xfe, 0x3a]).write(to: URL(fileURLWithPath: workspace.path + "/pipeline.yaml"))
    do {
      _ = try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
      Issue.record("a file that is not UTF-8 was read")
    } catch { #expect(ErrorMessage.text(of: error).contains("not UTF-8")) }
  }

  @Test("a file may begin with a byte order mark")
  func byteOrderMark() throws {
    #expect(try mistakes("\u{FEFF}" + head + "  toy/walk: {}").isEmpty)
    let found = try mistakes("\u{FEFF}seed: x\nprofiles: [a]\nstages: {}")
    #expect(found[0].hasPrefix("pipeline.yaml:1:7: 'seed' must be"))
  }

  @Test("a folder in place of a file is named with the system's reason")
  func folderForFile() throws {
    let workspace = try Workspace()
    try workspace.write("", to: "pipeline.yaml/inside")
    do {
      _ = try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
      Issue.record("a folder was read")
    } catch {
      #expect(ErrorMessage.text(of: error).hasSuffix("pipeline.yaml: cannot be read: Is a directory."))
    }
  }

  @Test("profiles are named, each once", arguments: ["[]", "[quick, quick]"])
  func profileNames(list: String) throws {
    let found = try mistakes("seed: 1\nprofiles: \(list)\nstages: {}")
    #expect(found.count == 1)
    #expect(found[0].hasPrefix("pipeline.yaml:2:11: profiles = ["), "\(found)")
  }

  @Test(
    "a figure file is listed once, and no other has its name",
    arguments: ["figures/demo.yaml", "./figures/demo.yaml", "other/demo.yaml"])
  func figureFiles(path: String) throws {
    let workspace = try Workspace()
    try workspace.write(
      "seed: 1\nprofiles: [a]\nfigures:\n  - figures/demo.yaml\n  - \(path)\nstages: {}", to: "pipeline.yaml")
    for folder in ["figures", "other"] { try workspace.write("figures: {}", to: folder + "/demo.yaml") }
    do {
      _ = try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
      Issue.record("two files of one name were read")
    } catch {
      #expect(ErrorMessage.text(of: error).contains("pipeline.yaml:5:5: a figure file 'demo' is listed already"))
    }
  }

  @Test("a million cells of a stage can be planned")
  func millionCells() throws {
    let project = try project("  toy/walk: {replicas: {count: 1000000, perCell: 1}}")
    let plan = try Plan(project.pipeline, stages: ["toy/walk"], catalogue: project.catalogue)
    #expect(plan.stages[0].keys.count == 1_000_000)
    #expect(plan.cellCount == 1_000_000)
  }

  @Test("a profile that is not there is named with the nearest")
  func unknownProfile() throws {
    #expect(
      try mistakes(head + "  toy/walk: {}", profile: "qiuck") == [
        "there is no profile 'qiuck' (the pipeline has quick, paper); did you mean 'quick'?"
      ])
  }

  @Test("aliases are expanded within bounds")
  func aliasBomb() throws {
    var text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    for level in 1...12 {
      text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]\n"
    }
    let found = try mistakes(text)
    #expect(found.count == 1)
    #expect(found[0].contains("more than 200000 values"))
  }

  @Test(
    "names that could leave a folder, end a line or reach a shell are refused",
    arguments: [
      "../x", "a b", "a\\nseed 4", "$(touch x)", "`touch x`", "a'b", "a\\\"b", "größe", ".hidden", "a//b", "/a",
    ])
  func hostileNames(name: String) throws {
    let walk = "toy/walk: {}\n"
    for text in [
      "seed: 1\nprofiles: [quick]\nstages:\n  \"\(name)\": {experiment: toy/walk}\n",
      "seed: 1\nprofiles: [\"\(name)\"]\nstages:\n  \(walk)",
      "seed: 1\nprofiles: [quick]\nstages:\n  \(walk)  toy/mean: {inputs: {\"\(name)\": toy/walk}}\n",
    ] {
      let told = try mistakes(text)
      #expect(told.count == 1 && told[0].contains(/cannot name an?\s/), "\(told)")
    }
  }
}
