private import CHDF5
private import FileFormats
private import Foundation
private import Synchronization

/// Arrays and texts as the bytes of an HDF5 file. Bytes depend on the content alone: no times, no names of machines. What
/// is written here is read by `HDF5Reader`; the library reads the files of other programs. No handle escapes.
package struct HDF5File: Sendable {
  /// A dataset with named axes.
  package struct Dataset: Sendable {
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

  /// A call of the library that failed, or a library that cannot be loaded.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package var attributes: [(name: String, text: String)]
  package var datasets: [Dataset]

  package init(attributes: [(name: String, text: String)], datasets: [Dataset]) {
    self.attributes = attributes
    self.datasets = datasets
  }

  /// The library's version. Throws ``Failure`` if it cannot be loaded.
  package static var libraryVersion: String {
    get throws {
      try withLibrary {
        var (major, minor, release) = (UInt32(0), UInt32(0), UInt32(0))
        try check(hdf5.H5get_libversion(&major, &minor, &release), "H5get_libversion")
        return "\(major).\(minor).\(release)"
      }
    }
  }

  /// The file's bytes, preceded by `headerSize` bytes (512, 1024, …) for the caller to fill, which HDF5 skips.
  package func encoded(headerSize: Int) throws -> [UInt8] {
    try withLibrary {
      let access = try check(hdf5.H5Pcreate(hdf5.file_access), "H5Pcreate")
      defer { _ = hdf5.H5Pclose(access) }
      try check(hdf5.H5Pset_fapl_core(access, 1 << 16, false), "H5Pset_fapl_core")
      // The earliest format: 1.10's file images of later ones have a wrong checksum in their first block (it clears a
      // flag there and leaves the sum).
      try check(hdf5.H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V110), "H5Pset_libver_bounds")
      let creation = try check(hdf5.H5Pcreate(hdf5.file_creation), "H5Pcreate")
      defer { _ = hdf5.H5Pclose(creation) }
      try check(hdf5.H5Pset_obj_track_times(creation, false), "H5Pset_obj_track_times")
      try check(hdf5.H5Pset_userblock(creation, hsize_t(headerSize)), "H5Pset_userblock")
      let file = try check(hdf5.H5Fcreate("cell", chdf5_truncate(), creation, access), "H5Fcreate")
      defer { _ = hdf5.H5Fclose(file) }
      for (name, text) in attributes { try writeText(file, name, text) }
      var scales: [String: hid_t] = [:]
      defer { for scale in scales.values { _ = hdf5.H5Dclose(scale) } }
      for dataset in datasets where dataset.axes == [dataset.name] {
        let scale = try write(dataset, to: file)
        scales[dataset.name] = scale
        try check(hdf5.H5DSset_scale(scale, dataset.name), "H5DSset_scale \(dataset.name)")
      }
      for dataset in datasets where dataset.axes != [dataset.name] {
        let identifier = try write(dataset, to: file)
        defer { _ = hdf5.H5Dclose(identifier) }
        for (index, axis) in dataset.axes.enumerated() {
          try check(hdf5.H5DSset_label(identifier, UInt32(index), axis), "H5DSset_label \(axis)")
          if let scale = scales[axis] {
            try check(hdf5.H5DSattach_scale(identifier, scale, UInt32(index)), "H5DSattach_scale \(axis)")
          }
        }
      }
      try check(hdf5.H5Fflush(file, H5F_SCOPE_GLOBAL), "H5Fflush")
      let size = try check(hdf5.H5Fget_file_image(file, nil, 0), "H5Fget_file_image")
      // The image begins where HDF5's own data do: without the user block.
      return try [UInt8](unsafeUninitializedCapacity: headerSize + size) { buffer, count in
        UnsafeMutableBufferPointer(rebasing: buffer.prefix(headerSize)).initialize(repeating: 0)
        let image = buffer.baseAddress?.advanced(by: headerSize)
        count = headerSize + (try check(hdf5.H5Fget_file_image(file, image, size), "H5Fget_file_image"))
      }
    }
  }

  /// The numbers of some datasets in a file that another program made. Nothing else in it is looked at.
  ///
  /// Damaged bytes can crash the library, keep it at work for ever or fill memory: a copy of this process reads them first,
  /// with a bound on each. Throws `Malformed` if that fails, and for a dataset that is not there or is not an array of
  /// numbers in the file itself.
  package static func datasets(_ names: [String], in bytes: UnsafeRawBufferPointer) throws -> [(
    shape: [Int], values: [Double]
  )] {
    try withLibrary {
      let image = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
      let seconds = 2 + UInt32(bytes.count >> 22)
      let limit = min(valueLimit, 1032 * bytes.count)
      for name in names where chdf5_survives(image, bytes.count, name, hsize_t(limit), seconds) == 0 {
        throw Malformed(
          "it is damaged: reading '\(name)' fails, crashes the HDF5 library, never ends or takes too much memory")
      }
      let flags = UInt32(H5LT_FILE_IMAGE_DONT_COPY | H5LT_FILE_IMAGE_DONT_RELEASE)
      let file = try check(hdf5.H5LTopen_file_image(image, bytes.count, flags), "H5LTopen_file_image")
      defer { _ = hdf5.H5Fclose(file) }
      return try names.map { try read($0, from: file, limit: limit) }
    }
  }
}

// MARK: - The gate

/// Every call runs while this is held, whether or not the library was built thread-safe: its high-level part never is.
private let gate = Mutex(false)

/// Its routines, used behind the gate alone.
private let hdf5 = chdf5_loaded()

private func withLibrary<Result: Sendable>(_ body: () throws -> Result) throws -> Result {
  try gate.withLock { isReady in
    if !isReady {
      // Files are immutable and written under private names: the library's locks protect nothing and fail on NFS.
      setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1)
      // No plug-in is ever needed, and none may be loaded for a file's sake.
      setenv("HDF5_PLUGIN_PRELOAD", "::", 1)
      if let error = chdf5_loading_error() { throw HDF5File.Failure(description: String(cString: error)) }
      isReady = true
    }
    // Each thread has an error stack of its own.
    try check(chdf5_silence(), "H5Eset_auto2")
    return try body()
  }
}

@discardableResult
private func check<Value: SignedInteger>(_ value: Value, _ call: @autoclosure () -> String) throws -> Value {
  guard value >= 0 else { throw HDF5File.Failure(description: "HDF5 call failed: \(call())") }
  return value
}

// MARK: - Writing

/// Rows of the first axis are never split; a chunk holds at most this many numbers, or one row.
private let chunkLimit = 1 << 17

private func write(_ dataset: HDF5File.Dataset, to file: hid_t) throws -> hid_t {
  let lengths = dataset.shape.map { hsize_t($0) }
  let space =
    lengths.isEmpty
    ? try check(hdf5.H5Screate(H5S_SCALAR), "H5Screate")
    : try check(hdf5.H5Screate_simple(Int32(lengths.count), lengths, nil), "H5Screate_simple \(dataset.name)")
  defer { _ = hdf5.H5Sclose(space) }
  let creation = try check(hdf5.H5Pcreate(hdf5.dataset_creation), "H5Pcreate")
  defer { _ = hdf5.H5Pclose(creation) }
  try check(hdf5.H5Pset_obj_track_times(creation, false), "H5Pset_obj_track_times")
  if !lengths.isEmpty, !lengths.contains(0) {
    let row = dataset.shape.dropFirst().reduce(1, *)
    var chunk = lengths
    chunk[0] = hsize_t(min(dataset.shape[0], max(1, chunkLimit / row)))
    try check(hdf5.H5Pset_chunk(creation, Int32(chunk.count), chunk), "H5Pset_chunk \(dataset.name)")
    try check(hdf5.H5Pset_shuffle(creation), "H5Pset_shuffle")
    try check(hdf5.H5Pset_deflate(creation, 1), "H5Pset_deflate")
    try check(hdf5.H5Pset_fletcher32(creation), "H5Pset_fletcher32")
  }
  let identifier = try check(
    hdf5.H5Dcreate2(
      file, dataset.name, hdf5.little_endian_double, space, chdf5_default(), creation, chdf5_default()),
    "H5Dcreate2 \(dataset.name)")
  try check(
    hdf5.H5Dwrite(
      identifier, hdf5.native_double, chdf5_whole_space(), chdf5_whole_space(), chdf5_default(), dataset.values),
    "H5Dwrite \(dataset.name)")
  try writeText(identifier, "units", dataset.unit)
  try writeText(identifier, "long_name", dataset.meaning)
  return identifier
}

private func writeText(_ object: hid_t, _ name: String, _ text: String) throws {
  let type = try textType()
  defer { _ = hdf5.H5Tclose(type) }
  let space = try check(hdf5.H5Screate(H5S_SCALAR), "H5Screate")
  defer { _ = hdf5.H5Sclose(space) }
  let attribute = try check(
    hdf5.H5Acreate2(object, name, type, space, chdf5_default(), chdf5_default()), "H5Acreate2 \(name)")
  defer { _ = hdf5.H5Aclose(attribute) }
  try text.withCString { pointer in
    _ = try withUnsafePointer(to: pointer) { try check(hdf5.H5Awrite(attribute, type, $0), "H5Awrite \(name)") }
  }
}

/// UTF-8 of any length, which h5py and netCDF readers give back as text.
private func textType() throws -> hid_t {
  let type = try check(hdf5.H5Tcopy(hdf5.text), "H5Tcopy")
  try check(hdf5.H5Tset_size(type, chdf5_variable_length()), "H5Tset_size")
  try check(hdf5.H5Tset_cset(type, H5T_CSET_UTF8), "H5Tset_cset")
  return type
}

// MARK: - Reading

/// The names of a group's links, in order.
private func linkNames(_ group: hid_t) throws -> [String] {
  var links = H5G_info_t()
  try check(hdf5.H5Gget_info(group, &links), "H5Gget_info")
  return try (0..<links.nlinks).map { index in
    func name(_ buffer: UnsafeMutablePointer<CChar>?, _ size: Int) throws -> Int {
      try check(
        hdf5.H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, index, buffer, size, chdf5_default()),
        "H5Lget_name_by_idx")
    }
    var buffer = [CChar](repeating: 0, count: try name(nil, 0) + 1)
    _ = try name(&buffer, buffer.count)
    return String(decoding: buffer.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// More numbers than this, a gigabyte, are refused whatever the file claims; so are more than its bytes can become by
/// compression, 1032 each.
private let valueLimit = 1 << 27

private func read(_ name: String, from file: hid_t, limit: Int) throws -> (shape: [Int], values: [Double]) {
  guard hdf5.H5Lexists(file, name, chdf5_default()) > 0 else {
    throw Malformed("it has no dataset '\(name)', only \(try linkNames(file).joined(separator: ", "))")
  }
  guard chdf5_is_hard_link(file, name) > 0 else { throw Malformed("its '\(name)' is a link to something else") }
  let object = try check(hdf5.H5Oopen(file, name, chdf5_default()), "H5Oopen \(name)")
  defer { _ = hdf5.H5Oclose(object) }
  guard hdf5.H5Iget_type(object) == H5I_DATASET else { throw Malformed("its '\(name)' is not a dataset") }
  let type = try check(hdf5.H5Dget_type(object), "H5Dget_type \(name)")
  defer { _ = hdf5.H5Tclose(type) }
  guard [H5T_INTEGER, H5T_FLOAT].contains(hdf5.H5Tget_class(type)), (1...8).contains(hdf5.H5Tget_size(type)) else {
    throw Malformed("its dataset '\(name)' does not hold integers or floating-point numbers of at most 64 bits")
  }
  let creation = try check(hdf5.H5Dget_create_plist(object), "H5Dget_create_plist \(name)")
  defer { _ = hdf5.H5Pclose(creation) }
  guard hdf5.H5Pget_external_count(creation) == 0, hdf5.H5Pget_layout(creation) != H5D_VIRTUAL else {
    throw Malformed("its dataset '\(name)' lies in other files")
  }
  let space = try check(hdf5.H5Dget_space(object), "H5Dget_space \(name)")
  defer { _ = hdf5.H5Sclose(space) }
  let rank = Int(try check(hdf5.H5Sget_simple_extent_ndims(space), "H5Sget_simple_extent_ndims \(name)"))
  var lengths = [hsize_t](repeating: 0, count: max(rank, 1))
  try check(hdf5.H5Sget_simple_extent_dims(space, &lengths, nil), "H5Sget_simple_extent_dims \(name)")
  let shape = lengths.prefix(rank).map { Int(clamping: $0) }
  let count = try shape.reduce(1) { product, length in
    let (next, isTooMuch) = product.multipliedReportingOverflow(by: length)
    guard !isTooMuch, next <= limit else {
      throw Malformed("its dataset '\(name)' has shape \(shape), more than the \(limit) numbers that it may hold")
    }
    return next
  }
  // A dataspace that holds nothing has no axes either.
  guard hdf5.H5Sget_simple_extent_npoints(space) == count else { throw Malformed("its dataset '\(name)' is empty") }
  let values = try [Double](unsafeUninitializedCapacity: count) { buffer, used in
    try check(
      hdf5.H5Dread(
        object, hdf5.native_double, chdf5_whole_space(), chdf5_whole_space(), chdf5_default(),
        buffer.baseAddress), "H5Dread \(name)")
    used = count
  }
  return (shape, values)
}
