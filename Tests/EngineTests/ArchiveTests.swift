import FileFormats
import Foundation
import NumericalMethods
import PaperKit
import Pipeline
import Platform
import Runner
import Store
import TestSupport
import Testing
import ToyPaper

/// A folder with three cells unpacked, and stores to import them into.
private struct Cells {
  let workspace: Workspace
  let catalogue = toyCatalogue()
  let keys: [CellKey]

  init() throws {
    workspace = try Workspace()
    let store = Store(root: workspace.path + "/store", catalogue: catalogue)
    let worker = Worker(catalogue: catalogue, store: store)
    let manifests = (0..<3).map { seed in
      Manifest(
        experiment: "toy/walk", code: toyCatalogue().code(of: Walk.self), seed: seed, streams: .independent,
        parameters: Walk.Parameters().values(), replicas: 0..<2)
    }
    keys = manifests.map(\.key).sorted()
    for manifest in manifests {
      guard case .computed = worker.perform(manifest) else { throw CocoaError(.featureUnsupported) }
    }
    try workspace.write(StoreCare(store: store, catalogue: catalogue).archive(keys), to: "cells.tar")
    try run("mkdir cells && tar xf cells.tar -C cells")
  }

  /// Runs a line of shell in the folder.
  func run(_ line: String) throws {
    let result = try runProgram("sh", ["-c", line], in: workspace.path)
    guard result.status == 0 else { throw EvidenceError("\(line): \(result.errors)") }
  }

  /// Imports an archive into a new store. Returns the report, or what it was refused with.
  func take(_ name: String) throws -> (report: StoreCare.ImportReport?, reason: String) {
    let store = Store(root: workspace.path + "/import-\(UUID().uuidString)", catalogue: catalogue)
    do {
      let report = try StoreCare(store: store, catalogue: catalogue).take(workspace.path + "/" + name)
      #expect(try store.presentKeys().count == report.added)
      return (report, report.refused.joined(separator: "\n"))
    } catch {
      #expect(ErrorMessage.exitCode(of: error) == .integrity)
      #expect(try store.presentKeys().isEmpty, "a damaged archive brings nothing")
      return (nil, ErrorMessage.text(of: error))
    }
  }
}

@Suite struct ArchiveTests {
  @Test(
    "archives as people make them bring the same cells",
    arguments: [
      "tar cf a.tar -C cells .", "tar cf a.tar cells", "tar czf a.tar -C cells .",
      "tar cf a.tar --exclude=lock -C store .",
      "tar cf a.tar --format=pax --pax-option=comment=x -C cells .", "tar cf a.tar --format=gnu -C cells .",
      "tar cf a.tar --format=v7 -C cells .", "tar cf a.tar -b 1 -C cells .",
      "(cat cells.tar; head -c 100000 /dev/zero) > a.tar", "(gzip -c cells.tar; echo more) > a.tar",
      "(gzip -c cells.tar; head -c 1000 /dev/zero) > a.tar",
      "(head -c 700 cells.tar | gzip -c; tail -c +701 cells.tar | gzip -9c) > a.tar", "head -c -512 cells.tar > a.tar",
    ])
  func made(line: String) throws {
    let cells = try Cells()
    try cells.run(line)
    let (report, reason) = try cells.take("a.tar")
    #expect(report?.added == 3, "\(reason)")
    #expect(reason == "")
  }

  @Test(
    "what is no whole archive is refused whole, with what it is",
    arguments: [
      (": > a.tar", "its end mark is missing"), ("head -c 20480 /dev/zero > a.tar", "no archive, or an empty one"),
      ("xz -c cells.tar > a.tar", "compressed by xz: decompress it first"),
      ("bzip2 -c cells.tar > a.tar", "compressed by bzip2"),
      ("cp cells/*a.h5 a.tar || cp $(ls cells/*|head -1) a.tar", ""),
      ("gzip -c cells.tar | head -c 1000 > a.tar", "truncated"), ("head -c 2000 cells.tar > a.tar", "truncated"),
      ("head -c -1024 cells.tar > a.tar", "end mark"),
      ("(head -c 1000 /dev/zero | gzip -c | head -c 20; head -c 1000 /dev/urandom) > a.tar", ""),
      ("head -c 300000000 /dev/zero | gzip -1 > a.tar", "no archive, or an empty one"),
    ])
  func unsound(line: String, message: String) throws {
    let cells = try Cells()
    try cells.run(line)
    let (report, reason) = try cells.take("a.tar")
    #expect(report == nil)
    #expect(message.isEmpty || reason.contains(message), "\(reason)")
  }

  /// A member with any header, its sum made right.
  private static func member(
    _ name: String, kind: Character = "0", size: String? = nil, _ content: [UInt8] = []
  ) -> [UInt8] {
    var member = TarArchive.member(name: name, content)
    member[156] = kind.asciiValue ?? 0
    if let size { member.replaceSubrange(124..<136, with: Array(size.utf8).prefix(12)) }
    member.replaceSubrange(148..<156, with: [UInt8](repeating: 32, count: 8))
    let sum = String(member.prefix(512).reduce(0) { $0 + Int($1) }, radix: 8)
    member.replaceSubrange(148..<156, with: Array((String(repeating: "0", count: 6 - sum.count) + sum + "\0 ").utf8))
    return member
  }

  @Test(
    "members that lead elsewhere, are links or devices, come twice or claim too much are refused; the others are taken")
  func hostileMembers() throws {
    let cells = try Cells()
    let contents = try cells.keys.map { try #require(try Files.bytes(of: "\(cells.workspace.path)/cells/\($0).h5")) }
    let (first, second) = ("\(cells.keys[0]).h5", "\(cells.keys[1]).h5")
    let hostile: [(bytes: [UInt8], reason: String)] = [
      (Self.member("/tmp/\(first)", contents[0]), "leads out"), (Self.member("../\(first)", contents[0]), "leads out"),
      (Self.member("a/../../\(first)", contents[0]), "leads out"), (Self.member(first, kind: "2"), "a link"),
      (Self.member(first, kind: "1"), "a link"), (Self.member(first, kind: "3"), "a device"),
      (Self.member(first, kind: "6"), "a device"), (Self.member(first, kind: "Z"), "unknown kind"),
      (Self.member("\u{1b}[31m.h5"), "\\u{1B}[31m.h5: not the name"), (Self.member("\u{202e}x"), "\\u{202E}x: not"),
      (Self.member("x", kind: "x", Array("30 path=\(first)\n".utf8)) + Self.member("y", contents[0]), "name or size"),
      (Self.member("x", kind: "L", Array("long".utf8)) + Self.member(first, contents[0]), "too long"),
      (Self.member("./" + second, contents[1]), "a second member"), (Self.member(first, contents[2]), "another cell"),
      (Self.member("README", Array("text".utf8)), "not the name of a cell"),
    ]
    let archive = Self.member(second, contents[1]) + hostile.flatMap(\.bytes) + TarArchive.end
    try cells.workspace.write(archive, to: "a.tar")
    let (report, _) = try cells.take("a.tar")
    #expect(report?.added == 1)
    let refused = try #require(report?.refused)
    #expect(refused.count == hostile.count)
    for (line, member) in zip(refused, hostile) { #expect(line.contains(member.reason), "\(line)") }
    for size in ["77777777777\0", "-0000000001\0", "\u{80}\0\0\0\0\0\0\0\0\0\0", "9", "00000001000\0"] {
      try cells.workspace.write(Self.member(first, size: size, contents[0]) + TarArchive.end, to: "a.tar")
      #expect(try cells.take("a.tar").report == nil, "\(size)")
    }
  }

  @Test("no mutant of an archive, plain or gzipped, brings anything but the cells that are in it")
  func mutants() throws {
    let cells = try Cells()
    try cells.run("gzip -k cells.tar")
    var random = RandomStream(key: 3, purpose: "mutants", stream: 0)
    for name in ["cells.tar", "cells.tar.gz"] {
      let good = try #require(try Files.bytes(of: cells.workspace.path + "/" + name))
      let places = good.indices.filter { good[$0] != 0 }
      let whole = try Self.members(of: good)
      for _ in 0..<10_000 {
        var bad = good
        for _ in 0...random.integer(below: 3) {
          bad[places[random.integer(below: places.count)]] = UInt8(random.integer(below: 256))
        }
        if random.integer(below: 8) == 0 { bad.removeLast(random.integer(below: bad.count)) }
        guard let found = try? Self.members(of: bad) else { continue }
        #expect(found.count <= whole.count && found.allSatisfy { $0.content.count <= good.count * 200 })
      }
    }
  }

  private static func members(of bytes: [UInt8]) throws -> [(name: String, content: [UInt8])] {
    var position = 0
    var reader = try ArchiveReader { buffer in
      let count = min(buffer.count, bytes.count - position)
      buffer.copyBytes(from: bytes[position..<(position + count)])
      position += count
      return count
    }
    var members: [(name: String, content: [UInt8])] = []
    while let member = try reader.next() { members.append((member.name, try reader.contents())) }
    return members
  }
}
