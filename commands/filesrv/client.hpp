// A client's conversation with a file server: connecting, signing in, requests out and pieces in.
// Every verb but serve uses it.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/client.hpp"
#include "net/message_reader.hpp"
#include "transfer/messages.hpp"
#include "transfer/pieces.hpp"

namespace netkit::filesrv {

struct FilesOptions {
  cli::ClientOptions client;
  std::optional<std::string> first;  ///< The endpoint, or the only path.
  std::vector<std::string> words;    ///< PATH..., as typed.
};

/// Of a verb that takes [ENDPOINT] and then words called `name`.
cli::Option& declare_files(cli::Options& options, FilesOptions& files, std::string name,
                           std::string help);
/// How to reach the server; last, as help lists it below a verb's own options.
void declare_connection(cli::Options& options, FilesOptions& files);
/// The first word is the endpoint unless `least` paths are needed and there are no others.
Status take_endpoint(FilesOptions& files, std::size_t least, std::string_view what);
/// Where that is: unless it is said, over TLS but on this machine.
net::Endpoint whole(net::Endpoint endpoint);

class FilesClient {
 public:
  static asio::awaitable<Result<std::unique_ptr<FilesClient>>> open(const cli::Context& context,
                                                                    const FilesOptions& options);
  /// The same on a stream that is connected.
  static asio::awaitable<Result<std::unique_ptr<FilesClient>>> begin(net::Stream stream,
                                                                     Duration answer_limit,
                                                                     std::string token);

  net::Stream& stream() { return stream_; }
  /// The next piece; its views hold until the next call. Errc::closed if the server ends.
  asio::awaitable<Result<transfer::Piece>> next();
  asio::awaitable<Status> send(const std::string& bytes);
  /// Something went or came: an answer may take its whole time from now on.
  void touch() { stream_.expire_in(answer_limit_); }
  /// A number for a request of its own.
  std::uint32_t new_stream() { return ++last_stream_; }
  std::uint32_t last_stream() const { return last_stream_; }
  asio::awaitable<void> close();

 private:
  using Reader = net::MessageReader<transfer::PieceDecoder>;
  FilesClient(net::Stream stream, Duration answer_limit);
  asio::awaitable<Status> greet(std::string token);

  net::Stream stream_;
  Reader reader_;
  const Duration answer_limit_;
  std::uint32_t last_stream_ = 0;
};

using Talk = std::function<asio::awaitable<Status>(FilesClient& client)>;

/// Runs `talk` with a client that has signed in, again after a connection that broke as --retry
/// says, and ends the connection after it.
Status with_files(cli::Context& context, const FilesOptions& options, const Talk& talk);

/// The error that a refusal or the failure of one thing tells.
Error error_of_json(std::string_view json);

/// Sends one request and waits for its whole answer, handing on each part of it. Errors of the
/// server are returned.
asio::awaitable<Status> ask(FilesClient& client, const std::string& request,
                            const std::function<Status(const transfer::Answer&)>& hear);

}  // namespace netkit::filesrv
