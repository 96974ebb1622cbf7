// Entry points of libFuzzer, one for each reader of bytes that anybody may have made; scripts/fuzz builds and runs them.
// A finding is a trap, a hang, more memory than allowed, or a broken promise of a reader that is checked here.

#if YAML
  import Pipeline
#else
  import FileFormats
#endif

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: bytes, count: count)
  do {
    #if CELL
      try readCell(input)
    #elseif ARCHIVE
      try readArchive(input)
    #elseif YAML
      try readYAML(input)
    #endif
  } catch {
    // Refused, as most inputs are.
  }
  return 0
}

#if CELL
  /// All datasets: as many numbers as the shape says, and no more than the file can hold.
  private func readCell(_ input: UnsafeRawBufferPointer) throws {
    var reader = try HDF5Reader(input, headerSize: 0)
    var size = 0
    for name in reader.datasetNames {
      let dataset = try reader.dataset(name)
      let values = try reader.values(of: dataset)
      precondition(values.count == dataset.shape.reduce(1, *), "numbers do not fit the shape")
      size += 8 * values.count
    }
    precondition(size <= 1100 * input.count, "more numbers than the file can hold")
  }
#endif

#if ARCHIVE
  /// All members: as many bytes as their headers say.
  private func readArchive(_ input: UnsafeRawBufferPointer) throws {
    var position = 0
    // In steps that are not a multiple of a block.
    var reader = try ArchiveReader { buffer in
      let part = input[position..<min(input.count, position + min(buffer.count, 700))]
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
      position += part.count
      return part.count
    }
    while let member = try reader.next() {
      // Some are skipped.
      guard member.size % 3 != 1 else { continue }
      let contents = try reader.contents()
      precondition(contents.count == member.size, "a member has another size")
    }
  }
#endif

#if YAML
  /// libFuzzer, without a main function of its own.
  @_silgen_name("LLVMFuzzerRunDriver") private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
  ) -> CInt

  /// Where the package manager has a program named `fuzz` begin.
  @_cdecl("fuzz_main")
  public func main(_ count: CInt, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    var (count, words) = (count, words)
    return runFuzzer(&count, &words) { fuzz($0, $1) }
  }

  private func readYAML(_ input: UnsafeRawBufferPointer) throws {
    let diagnostics = Diagnostics()
    let text = String(decoding: input, as: UTF8.self)
    readFormulas(in: try YAMLValue.document(text, file: "fuzz.yaml", diagnostics: diagnostics))
  }

  /// All texts, as if each were a caption: the formulas in them, in every form.
  private func readFormulas(in value: YAMLValue) {
    switch value.content {
    case .list(let values): for value in values { readFormulas(in: value) }
    case .mapping(let pairs):
      for (key, value) in pairs {
        readFormulas(in: key)
        readFormulas(in: value)
      }
    default:
      guard let prose = value.prose("caption", in: "fuzz") else { return }
      _ = (prose.unicode, prose.gnuplot, prose.rendered(text: { $0 }, formula: \.tex))
      // Each element is closed, and the text brings none of its own.
      let html = prose.html.utf8
      let ends = zip(html, html.dropFirst()).count { $0 == UInt8(ascii: "<") && $1 == UInt8(ascii: "/") }
      precondition(html.count { $0 == UInt8(ascii: "<") } == 2 * ends, "a page with elements of the text's")
    }
  }
#endif
