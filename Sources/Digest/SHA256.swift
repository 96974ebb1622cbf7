private import CCrypto
private import Glibc

/// SHA-256 (FIPS 180-4), computed by libcrypto.
package enum SHA256 {
  /// Digest of some bytes as 32 bytes.
  package static func digest(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
      var length: UInt32 = 0
      let succeeded = EVP_Digest(bytes.baseAddress, bytes.count, buffer.baseAddress, &length, EVP_sha256(), nil)
      precondition(succeeded == 1 && length == 32, "libcrypto could not compute a SHA-256 of \(bytes.count) bytes")
      count = 32
    }
  }

  /// Digest and number of bytes of what is left to read of an open file, of which no more than a part is in memory at a
  /// time. Nil if reading fails; `errno` says why.
  package static func digest(descriptor: Int32) -> (digest: [UInt8], byteCount: Int)? {
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    precondition(EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "libcrypto has no SHA-256")
    var part = [UInt8](repeating: 0, count: 1 << 18)
    var byteCount = 0
    while true {
      let count = read(descriptor, &part, part.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      precondition(EVP_DigestUpdate(context, part, count) == 1, "libcrypto could not go on with a SHA-256")
      byteCount += count
    }
    var digest = [UInt8](repeating: 0, count: 32)
    precondition(EVP_DigestFinal_ex(context, &digest, nil) == 1, "libcrypto could not end a SHA-256")
    return (digest, byteCount)
  }

  /// Digest of a text's UTF-8 bytes.
  package static func digest(_ text: String) -> [UInt8] {
    var text = text
    return text.withUTF8 { digest(UnsafeRawBufferPointer($0)) }
  }

  /// Digest as 64 lower-case hexadecimal digits.
  package static func hexadecimal(_ bytes: UnsafeRawBufferPointer) -> String { hexadecimal(of: digest(bytes)) }

  /// Digest of a text's UTF-8 bytes as 64 lower-case hexadecimal digits.
  package static func hexadecimal(_ text: String) -> String { hexadecimal(of: digest(text)) }

  /// Lower-case hexadecimal digits of some bytes.
  package static func hexadecimal(of bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(unsafeUninitializedCapacity: 2 * bytes.count) { buffer in
      for (index, byte) in bytes.enumerated() {
        buffer[2 * index] = digits[Int(byte >> 4)]
        buffer[2 * index + 1] = digits[Int(byte & 15)]
      }
      return 2 * bytes.count
    }
  }
}
