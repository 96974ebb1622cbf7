import Foundation
import PaperKit
import Pipeline
import Testing
import ToyPaper

private func manifest(
  parameters: [String: ParameterValue] = ["stepCount": .integer(4), "drift": .real(0.1)], replicas: Range<Int> = 0..<2,
  streams: Manifest.Streams = .independent, seed: Int = 7
) -> Manifest {
  Manifest(
    experiment: "toy/walk", code: [("experiment", "ab"), ("compiler", "toy-1")], seed: seed, streams: streams,
    parameters: parameters, replicas: replicas)
}

@Suite struct ManifestTests {
  @Test("the canonical text is pinned: a change of it would orphan every store")
  func pinnedText() {
    #expect(
      manifest().canonicalText == """
        refig manifest 1
        experiment toy/walk
        code.experiment ab
        code.compiler toy-1
        seed 7
        streams independent
        parameter drift 0.1
        parameter stepCount 4
        replicas 0 2

        """)
  }

  @Test("inputs of which replicas read their own numbers have a line of another name, which is read back")
  func ownInputs() throws {
    var manifest = manifest()
    let key = manifest.key
    manifest.inputs = [("all", key), ("own", key), ("own", key)]
    let shared = manifest.key
    manifest.ownInputs = ["own"]
    #expect(manifest.key != shared)
    #expect(manifest.canonicalText.contains("\ninput.all \(key)\nown.own \(key)\nown.own \(key)\nparameter"))
    let copy = try #require(Manifest(canonicalText: manifest.canonicalText))
    #expect(copy.key == manifest.key && copy.ownInputs == ["own"] && copy.inputs.map(\.name) == ["all", "own", "own"])
    // Blocks of one point read other cells.
    var other = manifest
    other.inputs = [("all", key), ("own", shared)]
    other.replicas = 2..<4
    #expect(other.identity() == manifest.identity() && other.key != manifest.key)
  }

  @Test("three digests are pinned")
  func pinnedKeys() {
    #expect("\(manifest().key)" == "8893b252c6d2b8a2bc6bdeb86b6c70565b792a8a96cec001521a25a6b86aba6e")
    #expect("\(manifest(streams: .common).key)" == "e13bdbf4213066022cc391e1bad77c3af6025f646645bf3fb32b24b6224dfb93")
    let parameters: [String: ParameterValue] = [
      "word": .text("a \"b\"\n"), "list": .list([.real(-0.0), .real(1e300)]),
    ]
    #expect(
      "\(manifest(parameters: parameters).key)" == "b4ad2221d86bdf99536c6d0e81b8c483c73162658cf53e76e1186071648c7ee8")
  }

  @Test(
    "text and value are inverse",
    arguments: [
      ParameterValue.integer(-3), .real(0.1), .real(1e-300), .real(-0.0), .real(3), .real(.infinity), .flag(true),
      .text(""), .text("a, b] \"q\" \\ \n\t ü"), .list([]), .list([.integer(1), .integer(2)]),
      .list([.text("x, y"), .text("]")]), .text("می\u{200c}خواهم"),
      .text("\u{301}e\u{301}"), .text("a\u{2028}b\u{2029}"),
      .text("\u{200e}\u{200f}\u{ad}"), .text("👩\u{200d}🔬\u{e0001}"), .list([.text("\u{301}"), .text("\u{200d}")]),
      .text("\\u0041"), .text("\r\n"),
    ])
  func roundTrip(value: ParameterValue) throws {
    let read = try #require(ParameterValue(canonicalText: value.canonicalText))
    #expect(read.canonicalText == value.canonicalText && read == value)
    #expect(ErrorMessage.visible(value.canonicalText) == value.canonicalText, "cells and terminals refuse hidden signs")
    let original = manifest(parameters: ["value": value])
    let copy = try #require(Manifest(canonicalText: original.canonicalText))
    #expect(copy.canonicalText == original.canonicalText)
    #expect(copy.key == original.key)
  }

  @Test("negative zero is zero, whole numbers and reals are distinct")
  func numbers() {
    #expect(ParameterValue.real(-0.0).canonicalText == "0.0")
    #expect(ParameterValue.real(1).canonicalText == "1.0")
    #expect(ParameterValue.integer(1).canonicalText == "1")
  }

  @Test("quoted words are those of JSON")
  func words() throws {
    for word in ["a \"b\"\n\t\\", "می\u{200c}خواهم", "\u{301}", "a\u{2028}b", "👩\u{200d}🔬\u{e0001}"] {
      let text = "[\(ParameterValue.text(word).canonicalText)]"
      let read = try JSONDecoder().decode([String].self, from: Data(text.utf8))
      #expect(read[0].unicodeScalars.elementsEqual(word.unicodeScalars), "\(text)")
    }
  }

  @Test("a word with a broken code is none", arguments: ["\"\\u12\"", "\"\\u\"", "\"\\ud83d\"", "\"\\uzzzz\"", "\"\\"])
  func brokenCodes(text: String) { #expect(ParameterValue(canonicalText: text) == nil) }

  @Test("garbage is no manifest", arguments: ["", "refig manifest 2\n", "refig manifest 1\nexperiment a\n", "x\0y"])
  func garbage(text: String) { #expect(Manifest(canonicalText: text) == nil) }

  @Test("replicas that no pipeline.yaml can ask for are none")
  func replicaBounds() {
    let limit = PipelineFile.Replicas.limit
    for replicas in [0..<1, (limit - 1)..<limit] {
      let text = manifest(replicas: replicas).canonicalText
      #expect(Manifest(canonicalText: text)?.replicas == replicas)
    }
    for replicas in [0..<(limit + 1), 5..<Int.max] {
      #expect(Manifest(canonicalText: manifest(replicas: replicas).canonicalText) == nil)
    }
  }

  @Test("independent streams depend on the parameters and the seed, common ones on the seed alone; neither on the code")
  func streams() {
    let other: [String: ParameterValue] = ["stepCount": .integer(5), "drift": .real(0.1)]
    #expect(manifest().streamKey != manifest(parameters: other).streamKey)
    #expect(manifest(streams: .common).streamKey == manifest(parameters: other, streams: .common).streamKey)
    #expect(manifest().streamKey != manifest(seed: 8).streamKey)
    #expect(manifest(streams: .common).streamKey != manifest(streams: .common, seed: 8).streamKey)
    var recoded = manifest()
    recoded.code = [("experiment", "cd")]
    #expect(recoded.streamKey == manifest().streamKey)
    #expect(recoded.key != manifest().key)
    #expect(manifest(replicas: 0..<3).streamKey == manifest().streamKey)
  }

  @Test("hexadecimal keys are read back, others refused")
  func keys() throws {
    let key = manifest().key
    #expect(CellKey("\(key)") == key)
    #expect(CellKey("\(key)0") == nil)
    #expect(CellKey("xyz") == nil)
    #expect(CellKey(String(repeating: "A", count: 64)) == nil)
  }

  @Test(
    "what an experiment's results depend on: its file, its paper's shared files, the methods; not tables, not siblings")
  func codeFingerprints() {
    func code(_ changes: [String: String]) -> [String] { toyCatalogue(code: changes).code(of: Walk.self).map(\.digest) }
    let before = code([:])
    #expect(code(["ToyPaper/Walk.swift": "edited"]) != before)
    #expect(code(["ToyPaper/Theory.swift": "edited"]) != before)
    #expect(code(["NumericalMethods/Brent.swift": "edited"]) != before)
    #expect(code(["ToyPaper/Mean.swift": "edited"]) == before)
    #expect(code(["ToyPaper/ToyPaperTables.swift": "edited"]) == before)
  }
}
