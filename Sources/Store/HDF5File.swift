private import CHDF5
private import Foundation
private import Synchronization

/// Arrays and texts as the bytes of an HDF5 file, and back. Bytes depend on the content alone: no times, no names of
/// machines. Only whole files in memory: nothing that is not yet verified reaches the library, no handle escapes.
package struct HDF5File: Sendable, Equatable {
  /// A dataset with named axes.
  package struct Dataset: Sendable, Equatable {
    package let name: String
    package let shape: [Int]
    /// One name per axis; a dataset with one axis of its own name is that axis's scale.
    package let axes: [String]
    package let unit: String
    package let meaning: String
    package let values: [Double]

    package init(name: String, shape: [Int], axes: [String], unit: String, meaning: String, values: [Double]) {
      self.name = name
      self.shape = shape
      self.axes = axes
      self.unit = unit
      self.meaning = meaning
      self.values = values
    }
  }

  /// A call of the library that failed.
  package struct Failure: Error, CustomStringConvertible {
    package let call: String
    package var description: String { "HDF5 call failed: \(call)" }
  }

  package var attributes: [(name: String, text: String)]
  package var datasets: [Dataset]

  package init(attributes: [(name: String, text: String)], datasets: [Dataset]) {
    self.attributes = attributes
    self.datasets = datasets
  }

  package static func == (left: HDF5File, right: HDF5File) -> Bool {
    left.datasets == right.datasets && left.attributes.elementsEqual(right.attributes, by: ==)
  }

  /// The library's version.
  package static var libraryVersion: String {
    var (major, minor, release) = (UInt32(0), UInt32(0), UInt32(0))
    H5get_libversion(&major, &minor, &release)
    return "\(major).\(minor).\(release)"
  }

  /// The file's bytes, preceded by `headerSize` bytes (512, 1024, …) for the caller to fill, which HDF5 skips.
  package func encoded(headerSize: Int) throws -> [UInt8] {
    try withLibrary {
      let access = try check(H5Pcreate(chdf5_file_access()), "H5Pcreate")
      defer { H5Pclose(access) }
      try check(H5Pset_fapl_core(access, 1 << 16, false), "H5Pset_fapl_core")
      // The earliest format: 1.10's file images of later ones have a wrong checksum in their first block (it clears a
      // flag there and leaves the sum).
      try check(H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V110), "H5Pset_libver_bounds")
      let creation = try check(H5Pcreate(chdf5_file_creation()), "H5Pcreate")
      defer { H5Pclose(creation) }
      try check(H5Pset_obj_track_times(creation, false), "H5Pset_obj_track_times")
      try check(H5Pset_userblock(creation, hsize_t(headerSize)), "H5Pset_userblock")
      let file = try check(H5Fcreate("cell", chdf5_truncate(), creation, access), "H5Fcreate")
      defer { H5Fclose(file) }
      for (name, text) in attributes { try writeText(file, name, text) }
      var scales: [String: hid_t] = [:]
      defer { for scale in scales.values { H5Dclose(scale) } }
      for dataset in datasets where dataset.axes == [dataset.name] {
        let scale = try write(dataset, to: file)
        scales[dataset.name] = scale
        try check(H5DSset_scale(scale, dataset.name), "H5DSset_scale \(dataset.name)")
      }
      for dataset in datasets where dataset.axes != [dataset.name] {
        let identifier = try write(dataset, to: file)
        defer { H5Dclose(identifier) }
        for (index, axis) in dataset.axes.enumerated() {
          try check(H5DSset_label(identifier, UInt32(index), axis), "H5DSset_label \(axis)")
          if let scale = scales[axis] {
            try check(H5DSattach_scale(identifier, scale, UInt32(index)), "H5DSattach_scale \(axis)")
          }
        }
      }
      try check(H5Fflush(file, H5F_SCOPE_GLOBAL), "H5Fflush")
      let size = try check(H5Fget_file_image(file, nil, 0), "H5Fget_file_image")
      // The image begins where HDF5's own data do: without the user block.
      return try [UInt8](unsafeUninitializedCapacity: headerSize + size) { buffer, count in
        UnsafeMutableBufferPointer(rebasing: buffer.prefix(headerSize)).initialize(repeating: 0)
        let image = buffer.baseAddress?.advanced(by: headerSize)
        count = headerSize + (try check(H5Fget_file_image(file, image, size), "H5Fget_file_image"))
      }
    }
  }

  /// Reads a file's bytes, header included. They must have been verified before: damaged bytes can crash the library.
  ///
  /// Without descriptions only scales are told from other datasets: units, meanings and axes of the latter stay empty.
  /// Most of the time of a small file goes into these texts.
  package init(verified bytes: UnsafeRawBufferPointer, describing: Bool = true) throws {
    self = try withLibrary {
      let access = try check(H5Pcreate(chdf5_file_access()), "H5Pcreate")
      defer { H5Pclose(access) }
      let flags = UInt32(H5LT_FILE_IMAGE_DONT_COPY | H5LT_FILE_IMAGE_DONT_RELEASE)
      let file = try check(
        H5LTopen_file_image(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count, flags),
        "H5LTopen_file_image")
      defer { H5Fclose(file) }
      var contents = HDF5File(attributes: [], datasets: [])
      for name in try names(count: attributeCount(file), { attributeName(file, $0, $1, $2) }) {
        contents.attributes.append((name, try readText(file, name)))
      }
      var links = H5G_info_t()
      try check(H5Gget_info(file, &links), "H5Gget_info")
      for name in try names(count: Int(links.nlinks), { linkName(file, $0, $1, $2) }) {
        contents.datasets.append(try read(name, from: file, describing: describing))
      }
      return contents
    }
  }
}

// MARK: - The gate

/// Every call runs while this is held, whether or not the library was built thread-safe: its high-level part never is.
private let gate = Mutex(false)

private func withLibrary<Result: Sendable>(_ body: () throws -> Result) throws -> Result {
  try gate.withLock { isReady in
    if !isReady {
      // Files are immutable and written under private names: the library's locks protect nothing and fail on NFS.
      setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1)
      // No plug-in is ever needed, and none may be loaded for a file's sake.
      setenv("HDF5_PLUGIN_PRELOAD", "::", 1)
      try check(H5open(), "H5open")
      isReady = true
    }
    // Each thread has an error stack of its own.
    try check(chdf5_silence(), "H5Eset_auto2")
    return try body()
  }
}

@discardableResult
private func check<Value: SignedInteger>(_ value: Value, _ call: @autoclosure () -> String) throws -> Value {
  guard value >= 0 else { throw HDF5File.Failure(call: call()) }
  return value
}

// MARK: - Writing

/// Rows of the first axis are never split; a chunk holds at most this many numbers, or one row.
private let chunkLimit = 1 << 17

private func write(_ dataset: HDF5File.Dataset, to file: hid_t) throws -> hid_t {
  let lengths = dataset.shape.map { hsize_t($0) }
  let space =
    lengths.isEmpty
    ? try check(H5Screate(H5S_SCALAR), "H5Screate")
    : try check(H5Screate_simple(Int32(lengths.count), lengths, nil), "H5Screate_simple \(dataset.name)")
  defer { H5Sclose(space) }
  let creation = try check(H5Pcreate(chdf5_dataset_creation()), "H5Pcreate")
  defer { H5Pclose(creation) }
  try check(H5Pset_obj_track_times(creation, false), "H5Pset_obj_track_times")
  if !lengths.isEmpty, !lengths.contains(0) {
    let row = dataset.shape.dropFirst().reduce(1, *)
    var chunk = lengths
    chunk[0] = hsize_t(min(dataset.shape[0], max(1, chunkLimit / row)))
    try check(H5Pset_chunk(creation, Int32(chunk.count), chunk), "H5Pset_chunk \(dataset.name)")
    try check(H5Pset_shuffle(creation), "H5Pset_shuffle")
    try check(H5Pset_deflate(creation, 1), "H5Pset_deflate")
    try check(H5Pset_fletcher32(creation), "H5Pset_fletcher32")
  }
  let identifier = try check(
    H5Dcreate2(
      file, dataset.name, chdf5_little_endian_double(), space, chdf5_default(), creation, chdf5_default()),
    "H5Dcreate2 \(dataset.name)")
  try check(
    H5Dwrite(
      identifier, chdf5_native_double(), chdf5_whole_space(), chdf5_whole_space(), chdf5_default(), dataset.values),
    "H5Dwrite \(dataset.name)")
  try writeText(identifier, "units", dataset.unit)
  try writeText(identifier, "long_name", dataset.meaning)
  return identifier
}

private func writeText(_ object: hid_t, _ name: String, _ text: String) throws {
  let type = try textType()
  defer { H5Tclose(type) }
  let space = try check(H5Screate(H5S_SCALAR), "H5Screate")
  defer { H5Sclose(space) }
  let attribute = try check(
    H5Acreate2(object, name, type, space, chdf5_default(), chdf5_default()), "H5Acreate2 \(name)")
  defer { H5Aclose(attribute) }
  try text.withCString { pointer in
    _ = try withUnsafePointer(to: pointer) { try check(H5Awrite(attribute, type, $0), "H5Awrite \(name)") }
  }
}

/// UTF-8 of any length, which h5py and netCDF readers give back as text.
private func textType() throws -> hid_t {
  let type = try check(H5Tcopy(chdf5_text()), "H5Tcopy")
  try check(H5Tset_size(type, chdf5_variable_length()), "H5Tset_size")
  try check(H5Tset_cset(type, H5T_CSET_UTF8), "H5Tset_cset")
  return type
}

// MARK: - Reading

private func names(count: Int, _ name: (hsize_t, UnsafeMutablePointer<CChar>?, Int) -> Int) throws -> [String] {
  try (0..<count).map { index in
    var buffer = [CChar](repeating: 0, count: 64)
    let length = try check(name(hsize_t(index), &buffer, buffer.count), "name of object \(index)")
    if length >= buffer.count {
      buffer = [CChar](repeating: 0, count: length + 1)
      try check(name(hsize_t(index), &buffer, buffer.count), "name of object \(index)")
    }
    return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

private func attributeCount(_ object: hid_t) throws -> Int {
  var information = H5O_info_t()
  try check(H5Oget_info2(object, &information, UInt32(H5O_INFO_NUM_ATTRS)), "H5Oget_info2")
  return Int(information.num_attrs)
}

private func attributeName(_ object: hid_t, _ index: hsize_t, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int)
  -> Int
{
  H5Aget_name_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, index, buffer, size, chdf5_default())
}

private func linkName(_ group: hid_t, _ index: hsize_t, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int) -> Int {
  H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, index, buffer, size, chdf5_default())
}

private func readText(_ object: hid_t, _ name: String) throws -> String {
  let attribute = try check(H5Aopen(object, name, chdf5_default()), "H5Aopen \(name)")
  defer { H5Aclose(attribute) }
  let type = try textType()
  defer { H5Tclose(type) }
  var pointer: UnsafeMutablePointer<CChar>?
  try withUnsafeMutablePointer(to: &pointer) { _ = try check(H5Aread(attribute, type, $0), "H5Aread \(name)") }
  defer { H5free_memory(pointer) }
  return pointer.map { String(cString: $0) } ?? ""
}

/// Files that others made need not describe their datasets.
private func readTextIfPresent(_ object: hid_t, _ name: String) throws -> String {
  try check(H5Aexists(object, name), "H5Aexists \(name)") > 0 ? readText(object, name) : ""
}

private func read(_ name: String, from file: hid_t, describing: Bool) throws -> HDF5File.Dataset {
  let identifier = try check(H5Dopen2(file, name, chdf5_default()), "H5Dopen2 \(name)")
  defer { H5Dclose(identifier) }
  let space = try check(H5Dget_space(identifier), "H5Dget_space \(name)")
  defer { H5Sclose(space) }
  let rank = Int(try check(H5Sget_simple_extent_ndims(space), "H5Sget_simple_extent_ndims \(name)"))
  var lengths = [hsize_t](repeating: 0, count: max(rank, 1))
  try check(H5Sget_simple_extent_dims(space, &lengths, nil), "H5Sget_simple_extent_dims \(name)")
  let shape = lengths.prefix(rank).map { Int($0) }
  // A file may claim any size; what cannot be is not allocated.
  let count = try shape.reduce(1) { product, length in
    let (next, isTooMuch) = product.multipliedReportingOverflow(by: length)
    guard !isTooMuch, (0...1 << 33).contains(next) else { throw HDF5File.Failure(call: "shape \(shape) of \(name)") }
    return next
  }
  let values = try [Double](unsafeUninitializedCapacity: count) { buffer, used in
    try check(
      H5Dread(
        identifier, chdf5_native_double(), chdf5_whole_space(), chdf5_whole_space(), chdf5_default(),
        buffer.baseAddress), "H5Dread \(name)")
    used = count
  }
  let isScale = rank == 1 && H5DSis_scale(identifier) > 0
  guard describing else {
    return HDF5File.Dataset(
      name: name, shape: shape, axes: isScale ? [name] : [], unit: "", meaning: "", values: values)
  }
  let axes = try (0..<rank).map { axis -> String in
    if isScale { return name }
    let length = try check(H5DSget_label(identifier, UInt32(axis), nil, 0), "H5DSget_label \(name)")
    var buffer = [CChar](repeating: 0, count: length + 1)
    try check(H5DSget_label(identifier, UInt32(axis), &buffer, buffer.count), "H5DSget_label \(name)")
    return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
  return HDF5File.Dataset(
    name: name, shape: shape, axes: axes, unit: try readTextIfPresent(identifier, "units"),
    meaning: try readTextIfPresent(identifier, "long_name"), values: values)
}
