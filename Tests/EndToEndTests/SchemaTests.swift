import Foundation
import TestSupport
import Testing

/// The JSON Schema of the YAML files, against the readers, by a validator of others.
@Suite struct SchemaTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// Prints how many mistakes each of some files has by a schema.
  private static let validator = """
    import json, sys, jsonschema
    from ruamel.yaml import YAML
    schema = json.load(open(sys.argv[1]))
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    for path in sys.argv[2:]:
        with open(path) as file:
            errors = list(check.iter_errors(YAML(typ="safe").load(file)))
        print(len(errors), path, [error.message[:200] for error in errors[:3]])
    """

  private static func schema(_ file: String, of project: String, in workspace: Workspace) throws -> String {
    let printed = try runProgram(try productPath("refig"), ["schema", file], in: project)
    #expect(printed.status == 0, "\(printed.errors)")
    try workspace.write(printed.output, to: "\(file).schema.json")
    return workspace.path + "/\(file).schema.json"
  }

  @Test("the files of the five papers and of the examples are what their schemas say")
  func sound() throws {
    let workspace = try Workspace()
    for project in ["", "/docs/examples/spectral", "/docs/examples/queue"].map({ Self.root + $0 }) {
      let figures = (FileManager.default.enumerator(atPath: project + "/figures")?.allObjects as? [String] ?? [])
        .filter { $0.hasSuffix(".yaml") }.map { "figures/\($0)" }
      for (file, paths) in [("pipeline", ["pipeline.yaml"]), ("figures", figures)] {
        let schema = try Self.schema(file, of: project, in: workspace)
        let checked = try runProgram("/usr/bin/python3", ["-c", Self.validator, schema] + paths, in: project)
        let lines = checked.output.split(separator: "\n")
        #expect(checked.status == 0 && lines.count == paths.count, "\(checked.errors)")
        #expect(lines.allSatisfy { $0.hasPrefix("0 ") }, "\(checked.output)")
      }
    }
  }

  /// Renames each key of a project's files and puts a mapping in the place of each value, one at a time, and prints what the
  /// schema and refig make of it: place, mistake, whether the schema refuses, whether refig does.
  private static let mutator = """
    import copy, json, pathlib, subprocess, sys, jsonschema
    from ruamel.yaml import YAML
    refig = sys.argv[1]
    yaml = YAML(typ="safe")
    def places(value, path=()):
        for key, inner in (value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()):
            yield path + (key,)
            yield from places(inner, path + (key,))
    for schema, name, other in [
        ("pipeline", "pipeline.yaml", None), ("figures", "figures/drunkard.yaml", None),
        ("figures", "figures/drunkard.yaml", "facets.yaml"),
    ]:
        text = subprocess.run([refig, "schema", schema], check=True, capture_output=True).stdout
        check = jsonschema.Draft202012Validator(json.loads(text))
        file = pathlib.Path(name)
        original = pathlib.Path(other or name).read_text()
        document = yaml.load(original)
        for path in list(places(document)):
            for mistake in ("key", "value"):
                mutant = copy.deepcopy(document)
                holder = mutant
                for key in path[:-1]:
                    holder = holder[key]
                if mistake == "key":
                    if not isinstance(holder, dict):
                        continue
                    holder[path[-1] + "X"] = holder.pop(path[-1])
                else:
                    holder[path[-1]] = {"zz": {"zz": 1}}
                file.write_text(json.dumps(mutant))
                refused = subprocess.run([refig, "run", "--dry"], capture_output=True).returncode == 2
                print(json.dumps([name, "/".join(map(str, path)), mistake, not check.is_valid(mutant), refused]))
        file.write_text(original)
    """

  @Test("what a schema refuses, refig refuses; a wrong key or kind of value passes neither")
  func complete() throws {
    let page = try String(contentsOfFile: Self.root + "/docs/yaml.md", encoding: .utf8)
    let blocks = page.matches(of: /```(?:python|yaml)\n((?:.*\n)*?)```/).map { String($0.1) }
    let workspace = try Workspace()
    let names = ["drunkard.py", "pipeline.yaml", "figures/drunkard.yaml", "sweep.yaml", "facets.yaml"]
    for (name, text) in zip(names, blocks) { try workspace.write(text, to: name) }
    let made = try runProgram(
      "/usr/bin/python3", ["-c", Self.mutator, try productPath("refig")], in: workspace.path)
    #expect(made.status == 0, "\(made.errors)")
    var refused = 0
    for line in made.output.split(separator: "\n") {
      let row = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Any])
      let (schema, refig) = (row[3] as? Bool ?? false, row[4] as? Bool ?? false)
      #expect(!schema || refig, "the schema alone refuses \(line)")
      // What is only wrong beside other parts of the files, refig alone can tell.
      let isOfNames = (row[1] as? String ?? "").contains(
        #/^(experiments|stages|figures|claims)/[^/]+(/[^/]+)?$|/(parameters|outputs|mutants|sweep|where|label|split|facets)\b/#
      )
      if refig && !isOfNames { #expect(schema, "refig alone refuses \(line)") }
      refused += schema ? 1 : 0
    }
    #expect(refused > 100)
  }
}
