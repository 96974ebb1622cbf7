import PaperKit
import Pipeline

extension Show {
  /// What an experiment takes, returns and can do wrong.
  struct ExperimentFacts: Encodable {
    struct Parameter: Encodable {
      let name: String
      let initialValue: ParameterValue
      let meaning: String
      let allowed: String?
    }

    struct Output: Encodable {
      let name: String
      let axes: [String]
      let unit, meaning: String
    }

    let name: String
    let parameters: [Parameter]
    let outputs: [Output]
    /// What each deliberate mistake does wrong.
    let mistakes: [String: String]
    /// The stages of pipeline.yaml that run it.
    let stages: [String]

    init(_ experiment: ExperimentDescription, stages: [String]) {
      name = experiment.name
      parameters = experiment.parameters.map {
        Parameter(name: $0.name, initialValue: $0.initialValue, meaning: $0.meaning, allowed: $0.allowed)
      }
      outputs = experiment.outputs.map {
        Output(name: $0.name, axes: $0.axes, unit: $0.unit, meaning: $0.meaning)
      }
      mistakes = Dictionary(experiment.mutants.map { ($0.name, $0.meaning) }) { first, _ in first }
      self.stages = stages
    }

    var text: String {
      var lines = ["experiment \(name)", "  stages: \(stages.isEmpty ? "none" : stages.joined(separator: ", "))"]
      for parameter in parameters {
        let facts = [parameter.meaning, parameter.allowed.map { "[\($0)]" } ?? ""].filter { !$0.isEmpty }
        lines.append(
          "  parameter \(parameter.name) = \(parameter.initialValue.plainText)"
            + (facts.isEmpty ? "" : ": \(facts.joined(separator: "  "))"))
      }
      for output in outputs {
        let axes = output.axes.isEmpty ? "" : "[\(output.axes.joined(separator: ", "))]"
        let unit = output.unit == "1" ? "" : ", in \(output.unit)"
        lines.append("  output \(output.name)\(axes): \(output.meaning)\(unit)")
      }
      for (mistake, meaning) in mistakes.sorted(by: { $0.key < $1.key }) {
        lines.append("  mistake \(mistake): \(meaning)")
      }
      return lines.joined(separator: "\n")
    }
  }
}
