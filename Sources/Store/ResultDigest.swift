private import Foundation
private import NumericalMethods
package import PaperKit
private import Pipeline

extension Cell {
  /// SHA-256 of what was computed, whatever it was computed with: numbers of the replicas and of those that failed, then
  /// every declared output by name with its shape and the bits of its numbers, least significant byte first.
  package func resultDigest(outputs: [OutputArray]) -> String {
    var bytes: [UInt8] = []
    func add(_ text: String) { bytes += Array((text + "\n").utf8) }
    add("refig results 1")
    add("replicas " + replicas.map { "\($0)" }.joined(separator: " "))
    add("failed " + failures.map { "\($0.replica)" }.joined(separator: " "))
    for output in outputs.sorted(by: { $0.name < $1.name }) {
      guard let array = (output.isCoordinate ? coordinates : arrays)[output.name] else { continue }
      add("\(output.name) " + array.shape.map { "\($0)" }.joined(separator: " "))
      bytes.reserveCapacity(bytes.count + 8 * array.values.count)
      for value in array.values {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
      }
    }
    return bytes.withUnsafeBytes { CellKey.digest($0) }
  }

  /// The part of a manifest's code that names the compiler.
  package static let compilerPart = "compiler"

  /// What the bits of a cell depend on besides code and parameters: its numeric class and the compiler.
  package var bitClass: String {
    let compiler = manifest.code.first { $0.part == Self.compilerPart }.map { ", \($0.digest)" }
    return (numericClass?.description ?? "not recorded") + (compiler ?? "")
  }

  /// One number for each output that stands for all of its numbers on machines of another numeric class, where bits
  /// differ: their mean with weights 1 + frac(i φ), φ the golden ratio, so that an exchange of two is seen as well. Left
  /// out are outputs that count work (``NumericClass/unitsOfWork``), numbers that are not finite, and all but eight digits.
  package func probes(outputs: [OutputArray]) -> [String: Double] {
    var probes: [String: Double] = [:]
    for output in outputs where !NumericClass.unitsOfWork.contains(output.unit) {
      guard let values = (output.isCoordinate ? coordinates : arrays)[output.name]?.values, !values.isEmpty else {
        continue
      }
      probes[output.name] = Self.probe(values)
    }
    return probes
  }

  /// An output whose probe is another than the one written down by a machine of another class, by more than such machines
  /// may differ (``NumericClass/tolerance``); nil if none is.
  package func disagreement(with probes: [String: Double], outputs: [OutputArray]) -> String? {
    for (name, probe) in self.probes(outputs: outputs).sorted(by: { $0.key < $1.key }) {
      let values = (arrays[name] ?? coordinates[name])?.values ?? []
      let greatest = values.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
      let bound = max(NumericClass.absoluteTolerance, NumericClass.tolerance * greatest)
      guard let theirs = probes[name], abs(theirs - probe) <= bound else {
        return
          "the weighted mean of '\(name)' is \(probe), where it was \(probes[name].map { "\($0)" } ?? "not written down")"
      }
    }
    return nil
  }

  private static func probe(_ values: [Double]) -> Double {
    var (sum, weights) = (0.0, 0.0)
    for (index, value) in values.enumerated() where value.isFinite {
      let place = Double(index) * 0.6180339887498949
      let weight = 1 + place - place.rounded(.down)
      sum += weight * value
      weights += weight
    }
    let mean = weights > 0 ? sum / weights : 0
    guard mean != 0, mean.isFinite else { return 0 }
    return Double(String(format: "%.7e", mean)) ?? mean
  }
}
