// X.509 through OpenSSL 3.
#include "identity/certificate.hpp"

#include <arpa/inet.h>
#include <array>
#include <memory>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <optional>
#include <unistd.h>

#include "base/file.hpp"
#include "base/hex.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

namespace netkit::identity {
namespace {

constexpr std::size_t pem_size_max = 256 * 1024;
constexpr long validity_s = 10L * 365 * 24 * 3600;

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;

Error openssl_error(std::string attempt) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return {Errc::malformed, std::move(attempt), text.data()};
}

std::string content(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

/// Made name by name: in OpenSSL's text form a comma would begin another name.
bool add_alternative_names(X509* certificate, const std::vector<std::string>& names) {
  const Names list{GENERAL_NAMES_new()};
  for (const std::string& name : names) {
    std::array<unsigned char, sizeof(in6_addr)> parsed;
    const bool address = inet_pton(AF_INET, name.c_str(), parsed.data()) == 1 ||
                         inet_pton(AF_INET6, name.c_str(), parsed.data()) == 1;
    GENERAL_NAME* made =
        a2i_GENERAL_NAME(nullptr, nullptr, nullptr, address ? GEN_IPADD : GEN_DNS, name.c_str(), 0);
    if (!made || !list || sk_GENERAL_NAME_push(list.get(), made) == 0) {
      GENERAL_NAME_free(made);
      return false;
    }
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, X509V3_ADD_DEFAULT) ==
         1;
}

bool add_extension(X509* certificate, int kind, const std::string& value) {
  const Extension made{X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str())};
  return made && X509_add_ext(certificate, made.get(), -1) == 1;
}

bool fill(X509* certificate, EVP_PKEY* key, const std::vector<std::string>& names,
          std::int64_t now_s) {
  // A random 64-bit serial number: positive, as RFC 5280, 4.1.2.2 demands.
  if (ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), random_u64() >> 1) != 1)
    return false;
  const auto an_hour_ago = static_cast<time_t>(now_s) - 3600;
  ASN1_TIME_set(X509_getm_notBefore(certificate), an_hour_ago);
  ASN1_TIME_set(X509_getm_notAfter(certificate), static_cast<time_t>(now_s) + validity_s);
  X509_set_version(certificate, X509_VERSION_3);
  X509_NAME* subject = X509_get_subject_name(certificate);
  const std::string common_name = names.front().substr(0, 64);  // ub-common-name, RFC 5280.
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                                    -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1 &&
         X509_set_pubkey(certificate, key) == 1 && add_alternative_names(certificate, names) &&
         add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

}  // namespace

Result<Credentials> make_self_signed(const std::vector<std::string>& names, std::int64_t now_s) {
  const Key key{EVP_EC_gen("P-256")};
  const Certificate certificate{X509_new()};
  if (!key || !certificate || names.empty() || !fill(certificate.get(), key.get(), names, now_s))
    return openssl_error("make a TLS certificate");
  const Bio certificate_pem{BIO_new(BIO_s_mem())};
  const Bio key_pem{BIO_new(BIO_s_mem())};
  if (PEM_write_bio_X509(certificate_pem.get(), certificate.get()) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1)
    return openssl_error("write a TLS certificate");
  return Credentials{.certificate = content(certificate_pem.get()), .key = content(key_pem.get())};
}

Result<Credentials> load(const std::string& certificate_path, const std::string& key_path) {
  Result<std::string> certificate = read_file(certificate_path, pem_size_max);
  if (!certificate) return certificate.error();
  Result<std::string> key = read_file(key_path, pem_size_max);
  if (!key) return key.error();
  return Credentials{.certificate = std::move(*certificate), .key = std::move(*key)};
}

Result<Credentials> load_or_make(const std::string& directory,
                                 const std::vector<std::string>& names, std::int64_t now_s) {
  const std::string certificate_path = directory + "/tls-cert.pem";
  const std::string key_path = directory + "/tls-key.pem";
  if (access(certificate_path.c_str(), F_OK) == 0) return load(certificate_path, key_path);
  Result<Credentials> made = make_self_signed(names, now_s);
  if (!made) return made;
  // The key first: a certificate without its key would be believed to be whole at the next start.
  if (Status kept = write_file_atomically(key_path, made->key, 0600); !kept) return kept.error();
  Status kept = write_file_atomically(certificate_path, made->certificate, 0644);
  if (!kept) return kept.error();
  return made;
}

Result<std::string> fingerprint(std::string_view certificate_pem) {
  const Bio from{BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size()))};
  const Certificate certificate{PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr)};
  std::array<char, 32> digest{};
  auto* into = reinterpret_cast<unsigned char*>(digest.data());
  unsigned size = 0;
  if (!certificate || X509_digest(certificate.get(), EVP_sha256(), into, &size) != 1)
    return openssl_error("read a TLS certificate");
  return "SHA256:" + to_hex({digest.data(), digest.size()});
}

Result<std::string> parse_fingerprint(std::string_view text) {
  std::string digits;
  std::string rest = to_lower_ascii(trim(text));
  if (rest.starts_with("sha256:")) rest.erase(0, 7);
  for (const char letter : rest)
    if (letter != ':') digits += letter;
  const std::optional<std::string> digest = from_hex(digits);
  if (!digest || digest->size() != 32)
    return Error{Errc::usage, "read '" + escape_for_display(text) + "' as a fingerprint",
                 "it is SHA256: and 64 hex digits, as a server logs it"};
  return "SHA256:" + to_hex(*digest);
}

}  // namespace netkit::identity
