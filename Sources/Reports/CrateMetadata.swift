private import Claims
private import Foundation
private import Runner

extension Crate {
  private static let context = "https://w3id.org/ro/crate/1.1/context"
  private static let profiles = [
    ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"),
  ]
  private static let formats = [
    "yaml": "application/yaml", "yml": "application/yaml", "gp": "text/plain", "h5": "application/x-hdf5",
    "tar": "application/x-tar", "html": "text/html", "json": "application/json", "svg": "image/svg+xml",
    "pdf": "application/pdf", "csv": "text/csv", "md": "text/markdown", "txt": "text/plain", "cff": "application/yaml",
  ]

  /// The JSON-LD of the crate: the pipeline as workflow, its run as action, and every file.
  var metadata: String {
    get throws {
      var entities = [descriptor, root, workflow, language, action]
      entities += profiles
      entities += parameters
      entities += people
      entities += files.filter { $0.kind != .workflow }.map(entity)
      // What is written after this, and tells of it.
      entities.append(Self.note("manifest-sha256.txt", "SHA-256 of every other file", "text/plain"))
      let object: [String: Any] = ["@context": Self.context, "@graph": entities]
      let data = try JSONSerialization.data(
        withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
      return String(decoding: data, as: UTF8.self) + "\n"
    }
  }

  /// With the offset in numbers, as the profile wants it.
  private static func time(_ text: String) -> String { text.replacing("Z", with: "+00:00") }
  /// What names an entity: a URI, so signs of a file's name that no URI's path has are escaped; "#" begins what is no file.
  private static func identifier(_ id: String) -> String {
    if id.hasPrefix("#") { return "#" + identifier(String(id.dropFirst())) }
    // With the colon, which the set does not have of itself where a relative path would begin with a scheme.
    let allowed = CharacterSet.urlPathAllowed.union(CharacterSet(charactersIn: ":"))
    return id.addingPercentEncoding(withAllowedCharacters: allowed) ?? id
  }
  private static func reference(_ id: String) -> [String: Any] { ["@id": identifier(id)] }
  private static func references(_ ids: [String]) -> Any { ids.count == 1 ? reference(ids[0]) : ids.map(reference) }

  private static func note(_ path: String, _ description: String, _ format: String) -> [String: Any] {
    ["@id": identifier(path), "@type": "File", "name": path, "description": description, "encodingFormat": format]
  }

  private var descriptor: [String: Any] {
    [
      "@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": Self.reference("./"),
      "conformsTo": Self.references([
        "https://w3id.org/ro/crate/1.1", "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
      ]),
    ]
  }

  private var root: [String: Any] {
    var root: [String: Any] = [
      "@id": "./", "@type": "Dataset", "name": title,
      "description": (citations.isEmpty ? "" : citations.joined(separator: "; ") + ". ")
        + "\(report.verdicts.headline).",
      "datePublished": time,
      "conformsTo": Self.references(Self.profiles.map(\.0)), "mainEntity": Self.reference("pipeline.yaml"),
      "mentions": Self.reference("#run"), "hasPart": Self.references(files.map(\.path) + ["manifest-sha256.txt"]),
      "license": files.contains { $0.path == "LICENSE" } ? Self.reference("LICENSE") : "not stated",
    ]
    if author != nil { root["author"] = Self.reference("#author") }
    return root
  }

  private var profiles: [[String: Any]] {
    Self.profiles.map { id, name, version in
      ["@id": id, "@type": "CreativeWork", "name": name, "version": version]
    }
  }

  private var workflow: [String: Any] {
    var workflow: [String: Any] = [
      "@id": "pipeline.yaml", "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"], "name": "pipeline.yaml",
      "description": "Stages: experiments, parameters, sweeps and replicas", "encodingFormat": "application/yaml",
      "conformsTo": Self.reference("https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"),
      "programmingLanguage": Self.reference("#refig"), "version": report.facts["commit"] ?? "unknown",
      "input": Self.references(inputs.map { "#parameter-\($0.path)" }),
      "output": Self.references(["#parameter-cells.tar", "#parameter-report/verdicts.json"]),
    ]
    if !versions.isEmpty { workflow["runtimePlatform"] = versions.joined(separator: "; ") }
    return workflow
  }

  private var language: [String: Any] {
    var language: [String: Any] = [
      "@id": "#refig", "@type": ["ComputerLanguage", "SoftwareApplication"], "name": "refig",
      "version": report.facts["refig"] ?? "unknown", "description": "Runs pipeline.yaml; see README.md",
      "softwareRequirements": ["compiler", "blas", "hdf5", "gnuplot"].compactMap { report.facts[$0] }
        .joined(separator: "; "),
    ]
    if let refigAddress { language["url"] = refigAddress }
    return language
  }

  private var inputs: [File] { files.filter { $0.kind == .input && $0.path != "source.tar" } }

  /// What the workflow reads and makes, as formal parameters; the files are examples of them.
  private var parameters: [[String: Any]] {
    let outputs = files.filter { ["cells.tar", "report/verdicts.json"].contains($0.path) }
    return (inputs + outputs).map { file in
      [
        "@id": Self.identifier("#parameter-\(file.path)"), "@type": "FormalParameter", "additionalType": "File",
        "name": file.path,
        "description": file.description,
        "conformsTo": Self.reference("https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"),
        "workExample": Self.reference(file.path),
      ]
    }
  }

  private var people: [[String: Any]] { author.map { [["@id": "#author", "@type": "Person", "name": $0]] } ?? [] }

  private var action: [String: Any] {
    let facts = report.runs.first?.facts ?? report.facts
    var action: [String: Any] = [
      "@id": "#run", "@type": "CreateAction", "name": "refig run --profile \(project.profile)",
      "description": "Computed the cells and drew the figures on \(facts["machine"] ?? "a machine"), "
        + "\(facts["cores"] ?? "some") cores", "instrument": Self.reference("pipeline.yaml"),
      "object": Self.references(inputs.map(\.path)),
      "result": Self.references(files.filter { $0.kind == .result }.map(\.path)),
      "actionStatus": Self.reference("http://schema.org/CompletedActionStatus"),
      "endTime": Self.time(report.runs.compactMap(\.end).max() ?? time),
    ]
    if let start = report.runs.map(\.time).min() { action["startTime"] = Self.time(start) }
    if author != nil { action["agent"] = Self.reference("#author") }
    return action
  }

  private func entity(_ file: File) -> [String: Any] {
    let ending = file.path.split(separator: ".").last.map(String.init) ?? ""
    var entity = Self.note(file.path, file.description, Self.formats[ending] ?? "text/plain")
    entity["contentSize"] = file.sum.map { "\($0.byteCount)" }
    if file.path == "README.md" { entity["about"] = Self.reference("./") }
    if file.path == "LICENSE" { entity["@type"] = ["File", "CreativeWork"] }
    if parameters.contains(where: { $0["name"] as? String == file.path }) {
      entity["exampleOfWork"] = Self.reference("#parameter-\(file.path)")
    }
    return entity
  }
}
