// Tests of certificates, read back by OpenSSL itself.
#include "identity/certificate.hpp"

#include <ctime>
#include <doctest/doctest.h>
#include <memory>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::identity;
using support::bytes_of;
using support::put_bytes;
using support::TemporaryFolder;

namespace {

constexpr std::int64_t now_s = 1'795'235'137;  // 2026-11-21T04:25:37Z

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio reader(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
}

Certificate read_certificate(const std::string& pem) {
  return {PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr), X509_free};
}

Key read_key(const std::string& pem) {
  return {PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
}

bool fit(const Credentials& credentials) {
  const Certificate certificate = read_certificate(credentials.certificate);
  const Key key = read_key(credentials.key);
  return certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
}

std::string one_line(X509_NAME* name) {
  char text[256];
  return X509_NAME_oneline(name, text, sizeof text);
}

std::string utc(const ASN1_TIME* time) {
  tm parts{};
  char text[32];
  ASN1_TIME_to_tm(time, &parts);
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

}  // namespace

TEST_CASE("make_self_signed: an X.509 v3 certificate of P-256 that signs itself") {
  const auto made = make_self_signed({"echo.example", "localhost"}, now_s);
  REQUIRE(made);
  CHECK(fit(*made));
  const Certificate certificate = read_certificate(made->certificate);
  X509* x509 = certificate.get();
  CHECK(X509_get_version(x509) == X509_VERSION_3);
  CHECK(one_line(X509_get_subject_name(x509)) == "/CN=echo.example");
  CHECK(one_line(X509_get_issuer_name(x509)) == "/CN=echo.example");
  CHECK(utc(X509_get0_notBefore(x509)) == "2026-11-21T03:25:37Z");
  CHECK(utc(X509_get0_notAfter(x509)) == "2036-11-18T04:25:37Z");
  CHECK(X509_verify(x509, X509_get0_pubkey(x509)) == 1);
  CHECK(X509_get_signature_nid(x509) == NID_ecdsa_with_SHA256);
  CHECK(X509_check_ca(x509) == 1);
  const ASN1_INTEGER* serial = X509_get0_serialNumber(x509);
  CHECK(ASN1_STRING_type(serial) == V_ASN1_INTEGER);  // V_ASN1_NEG_INTEGER if it were negative.
  CHECK(ASN1_STRING_length(serial) <= 8);
}

TEST_CASE("make_self_signed: vouches for all its names and addresses, and for no other") {
  const auto made = make_self_signed({"echo.example", "localhost", "127.0.0.1", "::1"}, now_s);
  REQUIRE(made);
  const Certificate certificate = read_certificate(made->certificate);
  for (const char* name : {"echo.example", "localhost"})
    CHECK(X509_check_host(certificate.get(), name, 0, 0, nullptr) == 1);
  for (const char* address : {"127.0.0.1", "::1"})
    CHECK(X509_check_ip_asc(certificate.get(), address, 0) == 1);
  CHECK(X509_check_host(certificate.get(), "other.example", 0, 0, nullptr) == 0);
  CHECK(X509_check_host(certificate.get(), "127.0.0.1", 0, 0, nullptr) == 0);
  CHECK(X509_check_ip_asc(certificate.get(), "127.0.0.2", 0) == 0);
}

TEST_CASE("make_self_signed: a long name is cut in the common name alone") {
  const std::string name = std::string(60, 'a') + ".example";
  const auto made = make_self_signed({name}, now_s);
  REQUIRE(made);
  const Certificate certificate = read_certificate(made->certificate);
  CHECK(one_line(X509_get_subject_name(certificate.get())) == "/CN=" + name.substr(0, 64));
  CHECK(X509_check_host(certificate.get(), name.c_str(), 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                        nullptr) == 1);
}

TEST_CASE("make_self_signed: a name stays one name, whatever is in it") {
  const auto made = make_self_signed({"a,IP:192.0.2.1"}, now_s);
  if (!made) return;  // Refusing such a name is as good.
  const Certificate certificate = read_certificate(made->certificate);
  CHECK(X509_check_ip_asc(certificate.get(), "192.0.2.1", 0) == 0);
}

TEST_CASE("make_self_signed: needs a name, and never makes the same twice") {
  CHECK_FALSE(make_self_signed({}, now_s));
  const auto first = make_self_signed({"a"}, now_s);
  const auto second = make_self_signed({"a"}, now_s);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->key != second->key);
  CHECK(*fingerprint(first->certificate) != *fingerprint(second->certificate));
}

TEST_CASE("fingerprint: is what openssl x509 -fingerprint -sha256 prints") {
  const std::string pem = bytes_of(NETKIT_TEST_DATA "/certificate.pem");
  const std::string expected =
      "SHA256:a093c6ebce70e7b562069b13dce8ccee5d4e36cb23601748cdf5502a764909f2";
  CHECK(*fingerprint(pem) == expected);
  CHECK(*fingerprint("text before\n" + pem + pem) == expected);
  CHECK(*parse_fingerprint("A0:93:C6:EB:CE:70:E7:B5:62:06:9B:13:DC:E8:CC:EE:5D:4E:36:CB:23:60:17:48"
                           ":CD:F5:50:2A:76:49:09:F2") == expected);
}

TEST_CASE("fingerprint: refuses what is no certificate") {
  const std::string pem = bytes_of(NETKIT_TEST_DATA "/certificate.pem");
  CHECK(fingerprint("").error().code == Errc::malformed);
  CHECK_FALSE(fingerprint("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
  CHECK_FALSE(fingerprint(pem.substr(0, pem.size() - 40)));
}

TEST_CASE("parse_fingerprint: reads the forms that people paste") {
  const std::string digits = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
  const std::string expected = "SHA256:" + digits;
  for (const std::string& text :
       {digits, expected, "sha256:" + digits, "  " + expected + "\n",
        std::string{"00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"}})
    CHECK_MESSAGE(*parse_fingerprint(text) == expected, text);
  for (const std::string& text :
       {std::string{}, std::string{"SHA256:"}, digits.substr(1), digits + "0", "SHA1:" + digits,
        "SHA256:SHA256:" + digits, digits.substr(0, 63) + "g",
        digits.substr(0, 32) + " " + digits.substr(32)}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_fingerprint(text));
    CHECK(parse_fingerprint(text).error().code == Errc::usage);
  }
}

TEST_CASE("load_or_make: makes a pair once, with a key that only its owner reads") {
  const TemporaryFolder folder;
  const auto made = load_or_make(folder.path(), {"localhost"}, now_s);
  REQUIRE(made);
  CHECK(fit(*made));
  CHECK(mode_of(folder / "tls-key.pem") == 0600);
  CHECK(bytes_of(folder / "tls-cert.pem") == made->certificate);
  CHECK(bytes_of(folder / "tls-key.pem") == made->key);
  const auto again = load_or_make(folder.path(), {"other"}, now_s + 1);
  REQUIRE(again);
  CHECK(again->certificate == made->certificate);
  CHECK(again->key == made->key);
}

TEST_CASE("load_or_make: makes a new pair after a start that was cut short") {
  const TemporaryFolder folder;
  put_bytes(folder / "tls-key.pem", "half");
  const auto made = load_or_make(folder.path(), {"localhost"}, now_s);
  REQUIRE(made);
  CHECK(fit(*made));
  CHECK(bytes_of(folder / "tls-key.pem") == made->key);
}

TEST_CASE("load_or_make: says which file it cannot read or write, and replaces no certificate") {
  const TemporaryFolder folder;
  put_bytes(folder / "tls-cert.pem", "mine");
  const auto loaded = load_or_make(folder.path(), {"localhost"}, now_s);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().message().find(folder / "tls-key.pem") != std::string::npos);
  CHECK(bytes_of(folder / "tls-cert.pem") == "mine");
  CHECK_FALSE(load_or_make(folder / "missing", {"localhost"}, now_s));
  CHECK_FALSE(load(folder / "a", folder / "b"));
}
