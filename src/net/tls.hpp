// TLS on top of a non-blocking socket: contexts for the two sides and one session. Streams use
// it; what certificate to show and which to believe is decided by the caller (identity, cli).
#pragma once

#include <functional>
#include <memory>
#include <openssl/ssl.h>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace netkit::net {

/// Decides about a server's certificate, given as "SHA256:" and 64 hex digits of its DER form.
/// An error (Errc::refused) ends the handshake before anything of ours was sent.
using TrustCheck = std::function<Status(const std::string& fingerprint)>;

/// Settings that many sessions share. Cheap to copy: copies share one SSL_CTX.
class TlsContext {
 public:
  /// TLS 1.2 or 1.3 with this certificate chain and private key, both PEM.
  static Result<TlsContext> server(const std::string& certificate, const std::string& key);
  /// Believes what `check` accepts, whoever signed it.
  static Result<TlsContext> client(TrustCheck check);
  /// Believes certificates for the right host that an authority in the PEM file `path` signed.
  static Result<TlsContext> client_with_authority(const std::string& path);

  SSL_CTX* get() const { return context_.get(); }
  const TrustCheck& check() const { return check_; }
  bool verifies_host() const { return verifies_host_; }

 private:
  std::shared_ptr<SSL_CTX> context_;
  TrustCheck check_;
  bool verifies_host_ = false;
};

/// What one non-blocking attempt to read or write did. Neither bytes nor an error: it would have
/// blocked, and `wait_for_write` says for what.
struct Attempt {
  std::size_t count = 0;
  std::error_code failed;       ///< Errc::closed when the peer ended the stream in order.
  bool wait_for_write = false;  ///< TLS may have to write before it can read, and the reverse.

  bool would_block() const { return count == 0 && !failed; }
};

/// One TLS session on a connected non-blocking socket, which it does not own.
class TlsSession {
 public:
  enum class Side { server, client };

  /// `host` is the name the client asked for: sent as SNI and, with an authority, verified.
  static Result<TlsSession> make(const TlsContext& context, Side side, int socket,
                                 const std::string& host);

  /// One step of the handshake: done when `finished()`.
  Attempt shake_hands();
  bool finished() const;
  /// After the handshake, client side: the verdict of the context's TrustCheck.
  Status verify_peer(const TlsContext& context) const;

  /// After the handshake, on either side: the SHA-256 fingerprint of the server's certificate in 64
  /// hex digits; empty if there was none.
  std::string server_fingerprint(Side side) const;

  Attempt read(std::span<char> into);
  Attempt write(std::string_view bytes);
  /// Sends close_notify if that is possible without waiting.
  void say_goodbye();
  /// Bytes that have left the socket and are not read yet: no need to wait for the socket.
  bool has_unread() const { return unread_; }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  Attempt judge(int result);
  /// Whether another read may succeed although nothing more comes from the socket.
  void look_for_unread() { unread_ = SSL_has_pending(ssl_.get()) == 1; }

  std::unique_ptr<SSL, Free> ssl_;
  bool unread_ = false;
  std::error_code failed_;  // Of a read that had bytes to give first.
};

}  // namespace netkit::net
