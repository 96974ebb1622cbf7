import Foundation
import NumericalMethods
import PaperKit
import Pipeline
import Platform
import TestSupport
import Testing

@Suite struct YAMLMutantTests {
  @Test("no mutant of a YAML file traps or makes more values than allowed; whatever is wrong is said in visible signs")
  func mutants() throws {
    let folder =
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
      + "/Fuzzing/corpus/yaml"
    let seeds = try Files.names(in: folder).sorted().map { try #require(try Files.bytes(of: "\(folder)/\($0)")) }
    #expect(seeds.count >= 4)
    let signs = Array("&*!|>'\"%@`{}[],:?-#~<\n\t \u{1b}0e.\\u".utf8) + [0, 0xff, 0xc2, 0x80]
    var random = RandomStream(key: 4, purpose: "mutants", stream: 0)
    for _ in 0..<10_000 {
      var bytes = seeds[random.integer(below: seeds.count)]
      for _ in 0...random.integer(below: 4) {
        let place = random.integer(below: bytes.count)
        switch random.integer(below: 4) {
        case 0: bytes[place] = signs[random.integer(below: signs.count)]
        case 1: bytes.insert(signs[random.integer(below: signs.count)], at: place)
        case 2: bytes.remove(at: place)
        default: bytes.insert(contentsOf: bytes[place...].prefix(random.integer(below: 40)), at: place)
        }
        if bytes.isEmpty { bytes = [32] }
      }
      do {
        let value = try YAMLValue.document(
          String(decoding: bytes, as: UTF8.self), file: "a.yaml", diagnostics: Diagnostics())
        #expect(Self.count(value) <= YAMLValue.nodeLimit)
        // Facets count values, not keys.
        let filled = Facets().expanded([value], in: "").reduce(0) { $0 + Self.count($1) }
        #expect(filled <= 3 * YAMLValue.nodeLimit)
      } catch let error as PipelineError {
        let text = ErrorMessage.visibleInLines(ErrorMessage.text(of: error))
        #expect(text.hasPrefix("a.yaml:") && !text.contains("\u{1b}"), "\(text)")
      }
    }
  }

  private static func count(_ value: YAMLValue) -> Int {
    switch value.content {
    case .list(let values): values.reduce(1) { $0 + count($1) }
    case .mapping(let pairs): pairs.reduce(1) { $0 + count($1.key) + count($1.value) }
    default: 1
    }
  }
}
