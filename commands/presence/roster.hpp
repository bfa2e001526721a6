// Who is here, as one daemon knows it: an entry a peer, what changed since when, and names that
// clash. Pure: it is told what was heard and what was decided, and when.
#pragma once

#include <asio/ip/address.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "commands/presence/announcement.hpp"

namespace netkit::presence {

enum class State : std::uint8_t { online, away, suspect, offline, left, forgotten };
/// "online" and so on, as `peer list` prints it.
std::string_view to_text(State state);

/// By which path a peer was heard last.
enum class Path : std::uint8_t { none, sctp, tcp, multicast, asked, told };
std::string_view to_text(Path path);

struct Entry {
  std::uint32_t slot = 0;  ///< Its place, as Vigil wants it; given anew once it is forgotten.
  Announcement said;       ///< What it said last of itself.
  std::string bytes;       ///< The same as it signed it, to be passed on.
  State state = State::online;
  Path path = Path::none;
  std::uint64_t first_instance = 0;  ///< With which it came: it decides whose the name is.
  std::uint16_t number = 0;          ///< Shown as "name (2)"; 0 for the first of that name.
  std::uint64_t since_ms = 0;
  std::uint64_t heard_ms = 0;  ///< Wall clock.
  std::uint64_t version = 0;   ///< Of the roster, when what is shown changed last.
  std::vector<asio::ip::address>
      addresses;  ///< Where it was heard from: first where it talks from, or came last.

  bool is_here() const { return state <= State::suspect; }
};

/// "ana", or "ana (2)".
std::string shown_name(const Entry& entry);

class Roster {
 public:
  static constexpr std::size_t entries_max = 20'000;
  static constexpr std::size_t addresses_max = 8;

  /// Whether a signed thing of that key, instance and sequence is one not seen before.
  bool is_news(const Announcement& said) const;

  /// Takes what a peer said of itself, its signature having been checked: enters it, or renews its
  /// entry. nullptr if nobody more fits, if it is not news, or if one leaves whom nobody knew. A
  /// leave makes it `left`.
  Entry* hear(const Announcement& said, std::string_view bytes, const asio::ip::address& from,
              Path path, std::uint64_t now_ms);

  /// An entry of an earlier run, as it was: its slot and version are given anew. nullptr if its key
  /// is known.
  Entry* restore(Entry entry);

  /// Where another daemon heard it.
  void learn_address(Entry& entry, const asio::ip::address& at) {
    if (remember_address(entry, at, Path::told)) touch(entry);
  }
  /// A sign of life that says nothing new.
  void hear_again(Entry& entry, Path path, std::uint64_t now_ms) const;
  /// A verdict. `online` shows as `away` if that is what the peer says.
  void set_state(Entry& entry, State state, std::uint64_t now_ms);
  /// Its path became another kind, or what a daemon told of it: followers are to be told.
  void show_again(Entry& entry) { touch(entry); }
  /// Another daemon knew it earlier: names that clash are numbered alike everywhere.
  void know_since(Entry& entry, std::uint64_t first_instance);
  void forget(std::uint32_t slot);
  /// Forgets those that are gone since before `before_ms`.
  void forget_gone(std::uint64_t before_ms);
  /// The slots of who was forgotten since the last call; some may be taken again by then.
  std::vector<std::uint32_t> take_freed() { return std::exchange(freed_, {}); }

  Entry* find(std::string_view key);
  Entry* at(std::uint32_t slot);
  /// Those called so: by the name as shown, else the name alone, compared by identity::name_key().
  std::vector<const Entry*> called(std::string_view name) const;
  std::size_t size() const { return by_key_.size(); }
  std::size_t count(State state) const;

  /// The version of the latest change; 0 before the first.
  std::uint64_t version() const { return version_; }
  /// The first change after `version`, nullptr if there is none: an entry as it is now.
  const Entry* next_after(std::uint64_t version) const;
  /// What was forgotten after `version`. nullopt: too long ago to tell, the whole roster is to be
  /// told again.
  struct Forgotten {
    std::uint64_t version;
    std::string key;
  };
  std::optional<std::vector<Forgotten>> forgotten_after(std::uint64_t version) const;

 private:
  void touch(Entry& entry);
  void renumber(const std::string& name_key);
  static bool remember_address(Entry& entry, const asio::ip::address& from, Path path);
  Entry* enter(const Announcement& said);
  bool make_room();

  std::unordered_map<std::string, std::unique_ptr<Entry>> by_key_;
  std::vector<Entry*> by_slot_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<std::uint32_t> freed_;
  std::map<std::uint64_t, Entry*> by_version_;
  std::unordered_map<std::string, std::vector<Entry*>> by_name_;
  std::deque<Forgotten> forgotten_;
  std::uint64_t forgotten_before_ = 0;  // Forgotten ones up to this version are not told any more.
  std::uint64_t version_ = 0;
  std::uint64_t last_entered_ = 0;  // The first_instance given last.
};

}  // namespace netkit::presence
