// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <patchbay/beast/impl/answer_reader.hpp>
#include <patchbay/beast/impl/deadlines.hpp>
#include <patchbay/beast/impl/lookup.hpp>
#include <patchbay/beast/impl/loop_wire.hpp>
#include <patchbay/beast/impl/tls.hpp>
#include <patchbay/beast/transport.hpp>

namespace patchbay::beast::detail {

namespace net = boost::asio;
using boost::system::error_code;

class Pool;
struct Host;
struct Link;

/// What wants a connection of its own, and keeps it: the opening of a channel.
class Opening {
 public:
  virtual ~Opening() = default;
  /// Here it is. `failed` may still be called, until the pool was told by `opened`.
  virtual void connected(LoopWire wire) noexcept = 0;
  /// Nothing comes of it: before `connected` this ends it, afterwards it asks for an end.
  virtual void failed(TransportError error) noexcept = 0;
};

/// What must let go of the loop when that ends.
class LoopBound {
 public:
  virtual void shut_down() noexcept = 0;

 protected:
  ~LoopBound() = default;
};

/// One request, from `send` until its completion was called.
struct Exchange : Timed {
  enum class State : std::uint8_t { free, waiting, active, handed_over, ended };

  Exchange() : Timed(Kind::exchange) {}

  ExchangeId id = 0;
  State state = State::free;
  bool listed = false;                  ///< In the line of those that something is to be told.
  bool retried = false;                 ///< A kept connection failed it, having sent nothing; the next is fresh.
  std::optional<TransportFault> doom{};  ///< Why it was told to end.
  const HttpRequest* request = nullptr;
  HttpResponse* response = nullptr;
  Completion<TransportResult<void>> done;
  std::shared_ptr<Opening> opening;
  TransportResult<void> result{};
  Host* host = nullptr;
  Link* link = nullptr;
  Exchange* previous = nullptr;  ///< In the line of those that wait, or of those that have ended.
  Exchange* next = nullptr;
};

/// First in, first out; anything may leave from the middle.
class Line {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] Exchange* first() const noexcept { return first_; }
  void push_back(Exchange& x) noexcept { insert(last_, x, nullptr); }
  void push_front(Exchange& x) noexcept { insert(nullptr, x, first_); }
  void remove(Exchange& x) noexcept {
    (x.previous ? x.previous->next : first_) = x.next;
    (x.next ? x.next->previous : last_) = x.previous;
    x.previous = x.next = nullptr;
    --size_;
  }

 private:
  void insert(Exchange* before, Exchange& x, Exchange* behind) noexcept {
    assert(!x.listed && !x.previous && !x.next && first_ != &x);  // in one line at a time, and once
    x.previous = before;
    x.next = behind;
    (before ? before->next : first_) = &x;
    (behind ? behind->previous : last_) = &x;
    ++size_;
  }
  Exchange* first_ = nullptr;
  Exchange* last_ = nullptr;
  std::size_t size_ = 0;
};

/// One connection, from the attempt to its end. What Asio's operations refer to lives in it, so it lives until they
/// ended.
struct Link : Timed {
  enum class State : std::uint8_t { resolving, connecting, shaking_hands, idle, busy, closed };

  Link(Pool& pool_in, Host& host_in, const net::any_io_executor& executor)
      : Timed(Kind::link), pool(pool_in), host(host_in), wire(std::in_place, executor) {}

  Pool& pool;
  Host& host;
  std::optional<LoopWire> wire;  ///< None once the loop has ended, or a channel took it.
  State state = State::resolving;
  bool pooled = true;    ///< Not made for a channel.
  bool used = false;     ///< It carried a request before.
  bool reading = false;  ///< An operation is outstanding: reading, or connecting.
  bool writing = false;  ///< An operation is outstanding: waiting until something can be written.
  bool write_deferred = false;  ///< Until `parsing` is over.
  bool parsing = false;  ///< A thread looks at what came, without the lock.
  SteadyTime until = never;  ///< When the attempt must be over.
  SteadyTime idle_since{};
  std::vector<net::ip::tcp::endpoint> addresses;
  std::size_t next_address = 0;
  error_code last_error;
  Exchange* exchange = nullptr;  ///< What it carries, or what it is made for.
  AnswerReader reader;
  net::mutable_buffer room;           ///< Where the next text goes.
  std::unique_ptr<char[]> encrypted;  ///< What is read over TLS.
  std::string head;
  std::string_view head_left;
  std::string_view body_left;
  std::uint64_t sent_before = 0;
  OperationMemory read_memory;
  OperationMemory write_memory;
};

struct Host final : Lookup::Listener {
  Host(Pool& pool_in, std::string name_in, std::uint16_t port_in, bool tls_in)
      : pool(pool_in), name(std::move(name_in)), port(port_in), tls(tls_in) {}
  void lookup_ended(std::shared_ptr<Lookup> ended) noexcept override;

  Pool& pool;
  const std::string name;
  const std::uint16_t port;
  const bool tls;
  Line waiting;
  std::vector<Link*> idle;      ///< Most recently used last.
  std::size_t links = 0;        ///< Of the pool's bounds: all but those made for channels.
  std::size_t connecting = 0;   ///< Of these.
  bool making_links = false;
  std::shared_ptr<Lookup> lookup;
  std::vector<Link*> resolving;
  net::any_io_executor keeps_running;  ///< While a look-up is under way, the loop has work.
  TlsSessions sessions;
};

/// The connections of a transport and what they carry. Everything is under one lock, which is held neither while an
/// answer is parsed nor while a completion runs.
class Pool final : public std::enable_shared_from_this<Pool> {
 public:
  Pool(net::any_io_executor executor, PoolOptions options);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();
  /// Makes one that hears of the end of its execution context.
  [[nodiscard]] static std::shared_ptr<Pool> make(net::any_io_executor executor, PoolOptions options);

  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                  Completion<TransportResult<void>> done);
  /// A connection for a channel.
  ExchangeId connect(const Endpoint& endpoint, SteadyTime deadline, std::shared_ptr<Opening> opening,
                     TransportResult<void> checked);
  /// It will be told of the end of the loop.
  void bind(const std::shared_ptr<LoopBound>& bound);
  /// An opening has come to its end, which it tells its own receiver.
  void opened(ExchangeId id) noexcept;
  void cancel(ExchangeId id) noexcept;
  void post(Completion<void> work);
  void close_idle() noexcept;
  [[nodiscard]] std::shared_ptr<LoopTimerState> make_timer();
  [[nodiscard]] net::any_io_executor executor() const noexcept;
  /// The executor, where it is the most usual kind.
  [[nodiscard]] const std::optional<net::io_context::executor_type>& native() const noexcept { return native_; }
  [[nodiscard]] const PoolOptions& options() const noexcept { return options_; }

  /// The execution context is being destroyed: lets go of everything that belongs to it.
  void shut_down() noexcept;

  // The ends of what Asio does for it.
  void connect_ended(Link& link, const error_code& result);
  void read_ended(Link& link, const error_code& ec, std::size_t n);
  void writable(Link& link, const error_code& ec);
  void timer_fired(const error_code& ec);
  void lookup_ended(const std::shared_ptr<Lookup>& lookup);
  void settle_posted();
  void look_for_rest();
  void announce_lookup(const Host& host, std::shared_ptr<Lookup> lookup) noexcept;

 private:
  using Lock = std::unique_lock<std::mutex>;
  static constexpr unsigned index_bits = 24;

  // Exchanges.
  Exchange& take_exchange();
  Exchange* find(ExchangeId id) noexcept;
  void add_bound(std::weak_ptr<LoopBound> bound);
  void watch(Timed& timed, SteadyTime when);
  void start(Exchange& x);
  void finish(Exchange& x, TransportResult<void> result) noexcept;
  void finish_later(Exchange& x, TransportResult<void> result) noexcept;
  void end_now(Exchange& x, TransportFault fault) noexcept;
  void settle(Lock& lock) noexcept;
  void settle_soon() noexcept;
  void wind_up() noexcept;
  bool post_soon(void (Pool::*what)()) noexcept;
  void tell(Exchange& x) noexcept;
  void expire(Exchange& x) noexcept;

  // Connections.
  Host& host_of(const Endpoint& endpoint);
  Link* take_idle(Host& host);
  void make_links(Host& host) noexcept;
  bool make_room(const Host& host) noexcept;
  Link& new_link(Host& host, Exchange* own);
  void begin_link(Link& link);
  void try_next_address(Link& link);
  void expire(Link& link) noexcept;
  [[nodiscard]] TransportResult<SSL_CTX*> trust() noexcept;
  void shake_hands(Link& link);
  void ready(Link& link) noexcept;
  void link_failed(Link& link, TransportError error) noexcept;
  void fail_first(Host& host, TransportError error) noexcept;
  template <class Step>
  void attempt(Link& link, Step step) noexcept;
  void drop(Link& link) noexcept;
  void free_if_over(Link& link) noexcept;
  bool release(Link& link, bool reusable) noexcept;
  void feed_starved(const Host* last = nullptr) noexcept;
  void drop_longest_idle(const Link& spared) noexcept;
  void close_expired(SteadyTime now) noexcept;
  void begin(Link& link, Exchange& x) noexcept;
  void carry_on_writing(Link& link) noexcept;
  void read(Link& link);
  TransportResult<Progress> parse(Link& link, const error_code& ec, std::size_t n);
  TransportResult<Progress> decrypt(Link& link, const error_code& ec, std::size_t n);
  void arm_timer();
  [[nodiscard]] TransportError doomed(const Exchange& x, Delivery delivery) const;

  const PoolOptions options_;
  TlsContext tls_;
  bool tls_collects_ = false;
  mutable std::mutex mutex_;
  net::any_io_executor executor_;
  std::optional<net::io_context::executor_type> native_;  // the same, where it is the most usual kind: half the cost
  bool dead_ = false;

  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::vector<Exchange*> free_exchanges_;
  std::uint64_t exchanges_begun_ = 0;
  std::size_t active_ = 0;   // exchanges that have not been completed
  std::size_t waiting_ = 0;  // of these, those in a line
  Line ended_;               // whose completions are to be called
  bool settle_is_posted_ = false;
  bool rest_is_posted_ = false;

  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<std::unique_ptr<Link>> links_;
  std::size_t pooled_links_ = 0;
  std::size_t idle_links_ = 0;
  bool starved_ = false;  // a host had to wait for the connections of others
  const Link* just_read_ = nullptr;  // in the present turn of that thread
  std::thread::id just_read_by_;

  Deadlines deadlines_;
  std::optional<net::steady_timer> timer_;
  SteadyTime armed_until_ = never;
  bool armed_ = false;
  std::vector<std::weak_ptr<LoopBound>> bound_;
};

/// The state of a `Timer`.
class LoopTimerState final : public LoopBound {
 public:
  explicit LoopTimerState(const net::any_io_executor& executor) : timer_(std::in_place, executor) {}
  LoopTimerState() = default;
  void wait(SteadyTime when, Completion<void> done);
  void cancel() noexcept;
  void shut_down() noexcept override;

 private:
  std::mutex mutex_;
  std::optional<net::steady_timer> timer_;
};

}  // namespace patchbay::beast::detail
