import Foundation
import PaperKit
import Papers
import Pipeline
import TestSupport
import Testing

private func declarations<E: Experiment>(_ experiment: E.Type) -> [ParameterDeclaration] {
  E.Parameters.declarations
}

@Suite struct ShowExperimentTests {
  @Test("show lists what an experiment takes, returns and can do wrong, and which stages run it")
  func text() throws {
    let shown = try Project().refig("show", "sarao2020/uniqueness")
    #expect(shown.status == 0, "\(shown.errors)")
    for line in [
      "  parameter inputDimension = 8: d  [2 to 128]", "  parameter gapTolerance = 1e-09: ",
      "  parameter resolvesCertificate = false: whether to compute the value of t* as well as its sign",
    ] { #expect(shown.output.contains(line), "\(line)\n\(shown.output)") }
    #expect(shown.output.contains("\n  output ") && shown.output.contains("\n  mistake "))
  }

  @Test("the same as JSON holds every parameter of every experiment, each with a meaning")
  func json() throws {
    let project = try Project()
    for experiment in allPapers.flatMap(\.experiments).prefix(3) {
      let shown = try project.refig("show", experiment.name, "--json")
      let object = try #require(try JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [String: Any])
      let facts = try #require((object["experiments"] as? [[String: Any]])?.first)
      let parameters = try #require(facts["parameters"] as? [[String: Any]])
      let names = parameters.compactMap { $0["name"] as? String }
      #expect(names == declarations(experiment).map(\.name), "\(experiment.name)")
      #expect(parameters.allSatisfy { ($0["meaning"] as? String)?.isEmpty == false })
    }
  }

  @Test("what an estimator measures has its mathematics in formulas, as statements have, which can be read")
  func estimatorMeanings() throws {
    for estimator in allPapers.flatMap(\.estimators) {
      let meaning = try Prose(estimator.meaning)
      let plain = meaning.rendered(text: { $0 }, formula: { _ in "" })
      let ascii = plain.firstMatch(of: /[\^_]|sqrt|\b(lambda|gamma|phi|eta|kappa|mu)\b/)
      #expect(ascii == nil, "\(estimator.name): \(plain)")
    }
  }

  @Test("every parameter of every paper says what it is, in one phrase")
  func meanings() {
    for experiment in allPapers.flatMap(\.experiments) {
      for parameter in declarations(experiment) {
        let words = parameter.meaning
        #expect(!words.isEmpty && !words.hasSuffix("."), "\(experiment.name) \(parameter.name)")
      }
    }
  }
}
