// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "chaos/proxy/proxy.hpp"

#include <algorithm>  // min
#include <set>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "chaos/proxy/strikes.hpp"

namespace chaos {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;
using std::chrono::milliseconds;

namespace {

void reset(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(net::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}
void end_stream(tcp::socket& socket) {
  error_code ignored;
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}
/// The span of a pause: mostly short, now and then the longest.
milliseconds pause_of(Dice& dice, milliseconds most) {
  const auto long_one = static_cast<std::uint64_t>(std::max<std::int64_t>(most.count(), 1));
  const std::uint64_t limit = dice.chance(200) ? long_one : std::max<std::uint64_t>(long_one / 8, 1);
  return milliseconds(dice.between(1, limit));
}

class Connection;

}  // namespace

std::string Counts::json() const {
  const auto member = [](std::string_view name, std::uint64_t value) {
    return std::string("\"").append(name).append("\":").append(std::to_string(value));
  };
  std::string out = "{" + member("connections", connections) + "," + member("unreachable", unreachable) + "," +
                    member("bytesUp", bytes_up) + "," + member("bytesDown", bytes_down);
  for (std::size_t i = 0; i < kind_count; ++i) out.append(",").append(member(kind_names[i], struck[i]));
  return out.append("}");
}

/// What all connections share; kept by whatever waits for something.
class Proxy::Floor : public std::enable_shared_from_this<Proxy::Floor> {
 public:
  Floor(net::io_context& io_in, const ProxySettings& settings_in) : io(io_in), settings(settings_in) {}

  error_code open();
  void accept();
  void refuse_for(milliseconds span);

  net::io_context& io;
  const ProxySettings settings;
  Counts counts;
  bool healed = false, over = false;
  std::set<Connection*> all;
  tcp::acceptor acceptor{io};
  net::steady_timer closed{io};
  tcp::endpoint address;
};

namespace {

/// One connection: two sockets, and a direction each way.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  template <class Floor>
  Connection(Floor& floor, tcp::socket client, std::uint64_t number)
      : floor_(floor.shared_from_this()),
        settings_(floor.settings),
        counts_(floor.counts),
        healed_(floor.healed),
        all_(floor.all),
        client_(std::move(client)),
        server_(floor.io),
        waiting_(floor.io),
        up_(*this, client_, server_, Strikes(settings_.mix, settings_.seed, number, true), counts_.bytes_up),
        down_(*this, server_, client_, Strikes(settings_.mix, settings_.seed, number, false), counts_.bytes_down) {
    all_.insert(this);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { all_.erase(this); }

  void start() {
    error_code ignored;
    client_.set_option(tcp::no_delay(true), ignored);
    server_.async_connect(settings_.to, [self = shared_from_this()](error_code ec) {
      if (ec) {
        ++self->counts_.unreachable;
        return self->kill();
      }
      error_code no_matter;
      self->server_.set_option(tcp::no_delay(true), no_matter);
      self->up_.read();
      self->down_.read();
    });
  }
  /// Reads whatever the client says, says nothing, and resets it after a while.
  void be_mute() {
    disturbed_ = true;
    waiting_.expires_after(settings_.stall);
    waiting_.async_wait([self = shared_from_this()](error_code) { self->kill(); });
    up_.forget();
    up_.read();
  }
  /// Ends pauses, and what cannot go on as if nothing had been.
  void heal() {
    if (disturbed_) return kill();
    up_.hurry();
    down_.hurry();
  }

 private:
  /// The bytes from one socket to the other.
  class Way {
   public:
    Way(Connection& owner, tcp::socket& from, tcp::socket& to, Strikes strikes, std::uint64_t& count)
        : owner_(owner), from_(from), to_(to), strikes_(strikes), count_(count), timer_(from.get_executor()) {}

    void read() {
      from_.async_read_some(net::buffer(room_), [self = owner_.shared_from_this(), this](error_code ec, std::size_t n) {
        if (ec == net::error::eof) return ended();
        if (ec) return owner_.kill();  // one end's reset is the other's too
        begin_ = 0, end_ = n;
        go_on();
      });
    }
    /// Takes what still comes, and passes nothing on.
    void forget() { forgets_ = true; }
    void hurry() { timer_.cancel(); }

   private:
    // Passes what was read, as far as the next strike, and lets that strike.
    void go_on() {
      if (!from_.is_open()) return;
      if (begin_ == end_ || forgets_) return read();
      if (owner_.healed_ || !strikes_.any()) return pass(end_ - begin_, &Way::go_on);
      const Strike& next = strikes_.next();
      const std::uint64_t behind = passed_ + (end_ - begin_);
      if (next.offset >= behind) return pass(end_ - begin_, &Way::go_on);
      const auto before = static_cast<std::size_t>(next.offset > passed_ ? next.offset - passed_ : 0);
      // An interrupted message is one thing; a whole one whose answer is lost is another.
      const Phase phase = next.kind == Kind::corrupt ? Phase::amid : next.phase;
      const std::size_t first = phase == Phase::before ? 0 : phase == Phase::behind ? end_ - begin_ : before;
      pass(first, &Way::strike);
    }
    void pass(std::size_t n, void (Way::*then)()) {
      if (n == 0) return (this->*then)();
      net::async_write(to_, net::buffer(room_.data() + begin_, n),
                       [self = owner_.shared_from_this(), this, n, then](error_code ec, std::size_t) {
                         if (ec) return forgets_ ? go_on() : owner_.kill();
                         begin_ += n;
                         passed_ += n;
                         count_ += n;
                         (this->*then)();
                       });
    }
    void strike() {
      if (owner_.healed_ || forgets_ || !from_.is_open()) return go_on();
      const Strike struck = strikes_.next();
      strikes_.pass();
      ++owner_.counts_.struck[index(struck.kind)];
      Dice& dice = strikes_.dice();
      switch (struck.kind) {
        case Kind::delay:
          return wait(pause_of(dice, owner_.settings_.delay), &Way::go_on);
        case Kind::stall:
          return wait(pause_of(dice, owner_.settings_.stall), &Way::go_on);
        case Kind::dribble:
          drops_ = dice.between(1, 64);
          return drip();
        case Kind::corrupt:
          room_[begin_] = static_cast<char>(room_[begin_] ^ static_cast<char>(dice.between(1, 255)));
          return go_on();
        case Kind::half_close:
          owner_.disturbed_ = true;
          end_stream(to_);
          forget();
          return read();
        case Kind::truncate:
          owner_.part();
          return read();
        case Kind::refuse:
        case Kind::mute:
          return go_on();  // not drawn here
        case Kind::reset:
          // Behind a whole request the server is let go in order, so that it surely reads what it was sent.
          if (struck.phase == Phase::behind && &to_ == &owner_.server_) end_stream(to_), reset(from_);
          return owner_.kill(struck.phase == Phase::behind);
      }
    }
    void drip() {
      if (drops_ == 0 || begin_ == end_ || owner_.healed_ || forgets_) return go_on();
      --drops_;
      pass(1, &Way::pause_between_drops);
    }
    void pause_between_drops() { wait(milliseconds(strikes_.dice().between(1, 8)), &Way::drip); }
    void wait(milliseconds span, void (Way::*then)()) {
      timer_.expires_after(span);
      timer_.async_wait([self = owner_.shared_from_this(), this, then](error_code) { (this->*then)(); });
    }
    // The sender has ended its stream.
    void ended() {
      end_stream(to_);
      if (++owner_.ended_ == 2) owner_.kill(true);
    }

    Connection& owner_;
    tcp::socket& from_;
    tcp::socket& to_;
    Strikes strikes_;
    std::uint64_t& count_;
    net::steady_timer timer_;
    std::uint64_t passed_ = 0, drops_ = 0;
    std::array<char, 16384> room_{};
    std::size_t begin_ = 0, end_ = 0;
    bool forgets_ = false;
  };

  /// Both ends see the end of the stream; what they still send is read for a while, lest a reset overtake it.
  void part() {
    disturbed_ = true;
    end_stream(client_);
    end_stream(server_);
    up_.forget();
    down_.forget();
    waiting_.expires_after(milliseconds(200));
    waiting_.async_wait([self = shared_from_this()](error_code) { self->kill(true); });
  }
  void kill(bool orderly = false) {
    error_code ignored;
    for (tcp::socket* const each : {&client_, &server_}) {
      if (orderly) {
        each->close(ignored);
      } else {
        reset(*each);
      }
    }
    waiting_.cancel();
    up_.hurry();
    down_.hurry();
  }

  const std::shared_ptr<void> floor_;  // whose parts these are
  const ProxySettings& settings_;
  Counts& counts_;
  const bool& healed_;
  std::set<Connection*>& all_;
  tcp::socket client_, server_;
  net::steady_timer waiting_;
  Way up_, down_;
  int ended_ = 0;
  bool disturbed_ = false;  // it cannot go on as if nothing had been
};

}  // namespace

error_code Proxy::Floor::open() {
  error_code ec;
  acceptor.open(address.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor.bind(address, ec);
  if (!ec) acceptor.listen(net::socket_base::max_listen_connections, ec);
  if (!ec) address = acceptor.local_endpoint(ec);
  return ec;
}

void Proxy::Floor::accept() {
  acceptor.async_accept([this, self = shared_from_this()](error_code ec, tcp::socket socket) {
    if (ec == net::error::operation_aborted || !acceptor.is_open()) return;
    if (ec) return refuse_for(milliseconds(20));  // out of descriptors, most likely
    const std::uint64_t number = ++counts.connections;
    Dice dice(settings.seed, number, 0);
    if (!healed && dice.chance(settings.mix.rate(Kind::refuse))) {
      ++counts.struck[index(Kind::refuse)];
      refuse_for(pause_of(dice, settings.delay));
      return reset(socket);
    }
    const auto connection = std::make_shared<Connection>(*this, std::move(socket), number);
    if (!healed && dice.chance(settings.mix.rate(Kind::mute))) {
      ++counts.struck[index(Kind::mute)];
      connection->be_mute();
    } else {
      connection->start();
    }
    accept();
  });
}

void Proxy::Floor::refuse_for(milliseconds span) {
  error_code ignored;
  acceptor.close(ignored);
  closed.expires_after(span);
  closed.async_wait([this, self = shared_from_this()](error_code) {
    if (over) return;
    // Somebody else may have taken the port meanwhile; then nobody gets in until it is free.
    if (open()) return refuse_for(milliseconds(20));
    accept();
  });
}

Proxy::Proxy(net::io_context& io, const ProxySettings& settings) : floor_(std::make_shared<Floor>(io, settings)) {
  floor_->address = tcp::endpoint(net::ip::address_v4::loopback(), settings.listen);
}
Proxy::~Proxy() {
  error_code ignored;
  floor_->over = true;
  floor_->acceptor.close(ignored);
  floor_->closed.cancel();
}

error_code Proxy::listen() {
  const error_code ec = floor_->open();
  if (!ec) floor_->accept();
  return ec;
}
std::uint16_t Proxy::port() const noexcept { return floor_->address.port(); }
const Counts& Proxy::counts() const noexcept { return floor_->counts; }
void Proxy::resume() { floor_->healed = false; }
void Proxy::heal() {
  floor_->healed = true;
  floor_->closed.cancel();
  const std::set<Connection*> all = floor_->all;
  for (Connection* const each : all) each->heal();
}

}  // namespace chaos
