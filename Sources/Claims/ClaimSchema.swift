private import PaperKit
package import Pipeline

extension ClaimFile {
  /// The JSON Schema of `claims:`, by name, with the names that a pipeline has.
  package static func schema(_ pipeline: PipelineFile) -> (claims: Schema, definitions: [String: Schema]) {
    let catalogue = pipeline.catalogue
    let stages = Schema.texts(.reference("name of a stage"), atLeast: 1)
    let mistakes = Set(catalogue.experiments.values.flatMap { $0.mutants.map(\.name) }).sorted()
    let synthetic = SyntheticMutant.allCases.map(\.rawValue)
    let overridable: [String: Schema] = [
      "accept": Schema.pair, "because": Schema.anyText, "expect": .words(Verdict.self), "from": stages,
      "where": ["type": "object"],
    ]
    let properties: [String: Schema] = [
      "statement": Schema.anyText, "source": Schema.anyText, "kind": .words(Claim.Kind.self),
      "estimate": .anyOf([.words(catalogue.estimators.keys.sorted()), .reference("estimate")]),
      "kills": .texts(.words(mistakes)), "immune": .some(of: synthetic + mistakes, .anyText),
      "profiles": .some(of: pipeline.profiles, .mapping(profileKeys, overridable)),
      "only": .texts(.words(pipeline.profiles), atLeast: 1),
    ]
    let claim = Schema.mapping(
      keys, properties.merging(overridable) { first, _ in first },
      required: ["statement", "source", "kind", "estimate", "from", "because"])
    let definitions = [
      "claim": claim, "estimate": EstimateReader.schema, "quantity": EstimateReader.quantity(),
      "name of a stage": .words(pipeline.stageNames),
    ]
    // Names of facets stand in that of a claim.
    let names: Schema = ["pattern": "^[A-Za-z0-9_<-][A-Za-z0-9._<>-]*$"]
    return (
      ["type": "object", "propertyNames": names, "additionalProperties": .entry("claim")],
      Schema.definitions(definitions, entries: ["claim"])
    )
  }
}

extension EstimateReader {
  /// A standard estimate.
  fileprivate static let schema: Schema = {
    let plain = Schema.reference("quantity")
    let two: Schema = ["type": "array", "items": plain, "minItems": 2, "maxItems": 2]
    let along: [String: Schema] = [
      "against": Schema.anyText, "scale": .words(Scale.self), "level": Schema.anyNumber,
      "direction": .words(StandardEstimate.Direction.self),
    ]
    func curve(_ kind: String) -> Schema {
      let own = curveKeys[kind] ?? []
      return quantity(and: along.filter { own.contains($0.key) }, required: own.filter { $0 != "scale" })
    }
    let kinds: [String: Schema] = [
      "mean": .anyOf([plain, quantity(and: ["scale": .words(Scale.self)])]), "median": plain,
      "proportion": plain, "greatest": plain, "ratio": two, "difference": two, "slope": curve("slope"),
      "crossing": curve("crossing"), "monotone": curve("monotone"),
      "greatestGap": .mapping(gapKeys, ["between": two, "against": Schema.anyText], required: ["between"]),
    ]
    precondition(Set(kinds.keys) == Set(Self.kinds))
    return .one(of: kinds)
  }()

  /// An output, perhaps at a place of its axis and at some points, perhaps with further keys.
  fileprivate static func quantity(and others: [String: Schema] = [:], required: [String] = []) -> Schema {
    let own: [String: Schema] = ["of": Schema.anyText, "at": .named(.anyNumber), "where": ["type": "object"]]
    let full = Schema.mapping(
      quantityKeys + others.keys, own.merging(others) { first, _ in first }, required: ["of"] + required)
    return required.isEmpty ? .anyOf([.anyText, full]) : full
  }
}
