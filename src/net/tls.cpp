// OpenSSL 3 behind Attempt: errors become codes, nothing blocks, nothing throws.
#include "net/tls.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <asio/ssl/error.hpp>
#include <climits>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/hex.hpp"

namespace netkit::net {
namespace {

Error openssl_error(std::string attempt, std::string hint = {}) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  return {std::error_code{static_cast<int>(code), asio::error::get_ssl_category()},
          std::move(attempt), std::move(hint)};
}

/// The first algorithm of a kind that is fetched has OpenSSL look at all of that kind, and those
/// that were left out of the program leave errors in the queue: in the midst of a handshake they
/// would be taken for its own.
void look_at_algorithms() {
  EVP_MD_free(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  EVP_CIPHER_free(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  EVP_MAC_free(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  EVP_KDF_free(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  EVP_RAND_free(EVP_RAND_fetch(nullptr, "CTR-DRBG", nullptr));
  EVP_KEYMGMT_free(EVP_KEYMGMT_fetch(nullptr, "X25519", nullptr));
  EVP_KEYEXCH_free(EVP_KEYEXCH_fetch(nullptr, "X25519", nullptr));
  EVP_SIGNATURE_free(EVP_SIGNATURE_fetch(nullptr, "ECDSA", nullptr));
  EVP_ASYM_CIPHER_free(EVP_ASYM_CIPHER_fetch(nullptr, "RSA", nullptr));
  EVP_KEM_free(EVP_KEM_fetch(nullptr, "RSA", nullptr));
  ERR_clear_error();
}

std::shared_ptr<SSL_CTX> make_context(const SSL_METHOD* method) {
  look_at_algorithms();
  std::shared_ptr<SSL_CTX> context{SSL_CTX_new(method), SSL_CTX_free};
  if (!context) return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Released buffers keep an idle session small; a moving buffer is what partial writes need.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

/// A client has few sessions: each may take several records from the socket at once, where a server
/// with many takes a record's head and then the rest of it.
std::shared_ptr<SSL_CTX> make_client_context() {
  constexpr std::size_t read_ahead_size = 64 * 1024;
  std::shared_ptr<SSL_CTX> context = make_context(TLS_client_method());
  if (!context) return nullptr;
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_default_read_buffer_len(context.get(), read_ahead_size);
  return context;
}

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio reader(const std::string& pem) {
  const int size = static_cast<int>(std::min<std::size_t>(pem.size(), INT_MAX));
  return {BIO_new_mem_buf(pem.data(), size), BIO_free};
}

/// A PEM chain: the server's own certificate first, then those that lead to the authority.
bool use_chain(SSL_CTX* context, const std::string& pem) {
  const Bio from = reader(pem);
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
  const auto next = [&] {
    return Certificate{PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr), X509_free};
  };
  const Certificate own = next();
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) return false;
  while (const Certificate link = next())
    if (SSL_CTX_add1_chain_cert(context, link.get()) != 1) return false;
  ERR_clear_error();  // The end of the file is reported as an error.
  return true;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> parsed;
  return inet_pton(AF_INET, host.c_str(), parsed.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), parsed.data()) == 1;
}

std::string fingerprint_of(X509* certificate) {
  std::array<char, 32> digest{};
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), reinterpret_cast<unsigned char*>(digest.data()), &size);
  return "SHA256:" + to_hex({digest.data(), digest.size()});
}

}  // namespace

Result<TlsContext> TlsContext::server(const std::string& certificate, const std::string& key) {
  TlsContext made;
  made.context_ = make_context(TLS_server_method());
  if (!made.context_) return openssl_error("set up TLS");
  if (!use_chain(made.context_.get(), certificate))
    return openssl_error("use the TLS certificate", "it must be PEM, the server's own first");

  const Bio from = reader(key);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pkey{
      PEM_read_bio_PrivateKey(from.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
  if (!pkey || SSL_CTX_use_PrivateKey(made.context_.get(), pkey.get()) != 1)
    return openssl_error("use the TLS private key", "it must be PEM and fit the certificate");
  return made;
}

Result<TlsContext> TlsContext::client(TrustCheck check) {
  TlsContext made;
  made.context_ = make_client_context();
  if (!made.context_) return openssl_error("set up TLS");
  made.check_ = std::move(check);
  return made;
}

Result<TlsContext> TlsContext::client_with_authority(const std::string& path) {
  TlsContext made;
  made.context_ = make_client_context();
  if (!made.context_) return openssl_error("set up TLS");
  if (SSL_CTX_load_verify_locations(made.context_.get(), path.c_str(), nullptr) != 1)
    return Error{Errc::usage, "read certificate authorities from " + path,
                 "--tls-ca is a file of certificates in PEM"};
  SSL_CTX_set_verify(made.context_.get(), SSL_VERIFY_PEER, nullptr);
  made.verifies_host_ = true;
  return made;
}

Result<TlsSession> TlsSession::make(const TlsContext& context, Side side, int socket,
                                    const std::string& host) {
  TlsSession session;
  session.ssl_.reset(SSL_new(context.get()));
  if (!session.ssl_ || SSL_set_fd(session.ssl_.get(), socket) != 1)
    return openssl_error("set up a TLS session");
  SSL* ssl = session.ssl_.get();
  if (side == Side::server) {
    SSL_set_accept_state(ssl);
    return session;
  }
  SSL_set_connect_state(ssl);
  const bool address = is_address(host);
  // RFC 6066, 3: literal addresses are not permitted as a server name.
  if (!host.empty() && !address) SSL_set_tlsext_host_name(ssl, host.c_str());
  if (context.verifies_host()) {
    X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl);
    const int set = address ? X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str())
                            : X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size());
    if (set != 1) return openssl_error("verify the name '" + host + "'");
  }
  return session;
}

Attempt TlsSession::judge(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return {};
    case SSL_ERROR_WANT_WRITE: return {.count = 0, .failed = {}, .wait_for_write = true};
    case SSL_ERROR_ZERO_RETURN: return {.count = 0, .failed = Errc::closed};
    case SSL_ERROR_SYSCALL: {
      const int code = errno;
      ERR_clear_error();
      // A stream that ends without close_notify may have been cut short by a third party.
      if (code == 0) return {.count = 0, .failed = asio::ssl::error::stream_truncated};
      return {.count = 0, .failed = std::error_code{code, std::system_category()}};
    }
    default: break;
  }
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return {.count = 0, .failed = asio::ssl::error::stream_truncated};
  return {.count = 0,
          .failed = std::error_code{static_cast<int>(code), asio::error::get_ssl_category()}};
}

Attempt TlsSession::shake_hands() {
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return judge(result);
  look_for_unread();  // The other side may have gone on at once.
  return {};
}

bool TlsSession::finished() const {
  return SSL_is_init_finished(ssl_.get()) == 1;
}

Status TlsSession::verify_peer(const TlsContext& context) const {
  if (!context.check()) return ok;
  X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (!certificate) return Error{Errc::refused, "trust a server without a certificate"};
  return context.check()(fingerprint_of(certificate));
}

std::string TlsSession::server_fingerprint(Side side) const {
  X509* const certificate = side == Side::server ? SSL_get_certificate(ssl_.get())
                                                 : SSL_get0_peer_certificate(ssl_.get());
  if (!certificate) return {};
  const std::string fingerprint = fingerprint_of(certificate);
  return fingerprint.substr(fingerprint.find(':') + 1);
}

Attempt TlsSession::read(std::span<char> into) {
  if (failed_) return {.count = 0, .failed = failed_};
  // OpenSSL gives one record at a time, at most 16 KiB: whoever has room for more gets what else it
  // has taken from the socket. It is not to look for more there: an end without a farewell would
  // keep it from writing the answers to what came before.
  std::size_t total = 0;
  while (total < into.size() && (total == 0 || SSL_has_pending(ssl_.get()) == 1)) {
    ERR_clear_error();
    errno = 0;
    std::size_t count = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &count);
    if (result != 1) {
      const Attempt ended = judge(result);
      // What came before the end is told before the end.
      unread_ = total > 0 && (ended.failed || ended.wait_for_write);
      if (total == 0) return ended;
      failed_ = ended.failed;
      return {.count = total, .failed = {}};
    }
    total += count;
  }
  look_for_unread();
  return {.count = total, .failed = {}};
}

Attempt TlsSession::write(std::string_view bytes) {
  ERR_clear_error();
  errno = 0;
  std::size_t count = 0;
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count);
  if (result == 1) return {.count = count, .failed = {}};
  Attempt attempt = judge(result);
  // SSL_write that wants nothing but room in the socket reports WANT_WRITE; WANT_READ is rare.
  return attempt;
}

void TlsSession::say_goodbye() {
  ERR_clear_error();
  if (finished()) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

}  // namespace netkit::net
