#pragma once

#include "clock.hpp"
#include "participant.hpp"
#include "payload.hpp"
#include "pipe_job.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

/// What the two participants of a pipe do, for any end that has
///
///     void send(std::span<const std::byte>);
///     void recv(std::span<std::byte>);         // one message, of exactly that size
///
/// and, if it carries objects itself, `void send(const record&)` and `record recv_record()`.
namespace bench {

template <class End>
void send_record(End& end, const record& r) {
  if constexpr (requires { end.send(r); }) {
    end.send(r);
  } else {
    record_bytes bytes;
    encode(r, bytes);
    end.send(bytes);
  }
}

template <class End>
[[nodiscard]] record recv_record(End& end) {
  if constexpr (requires { end.recv_record(); }) {
    return end.recv_record();
  } else {
    record_bytes bytes;
    end.recv(bytes);
    return decode(bytes);
  }
}

/// Side 0: sends and, if it is a dialogue, waits for the answer.
template <class End>
class pipe_client {
 public:
  pipe_client(End& end, const pipe_job& job, participant& me)
      : end_{end}
      , job_{job}
      , me_{me}
      , out_(job.size)
      , in_(job.size) {}

  void run() {
    exchange();  // connects what connects late
    me_.meet();
    switch (job_.kind) {
    case pipe_kind::round_trip: ask_busily(); break;
    case pipe_kind::idle: ask_now_and_then(); break;
    case pipe_kind::waiting: pause(std::chrono::duration<double>{job_.seconds}); break;
    case pipe_kind::one_way: run_for(job_.seconds, stride_for(job_.size), [this] { tell(); }); break;
    case pipe_kind::records: tell_records(); break;
    }
    me_.stop();
    if (job_.kind == pipe_kind::records) return;
    fill(out_, stop_stamp);
    end_.send(out_);
  }

 private:
  void tell() {
    me_.mine().sent += fill(out_, ++stamp_);
    end_.send(out_);
  }
  void exchange() {
    tell();
    end_.recv(in_);
    me_.mine().received += sum_of(in_);
  }
  static void pause(std::chrono::duration<double> time) { std::this_thread::sleep_for(time); }

  void ask_busily() {
    run_for(job_.seconds / 8, 8, [this] { exchange(); });
    me_.restart();
    me_.mine().messages = run_for(job_.seconds, 16, [this] { exchange(); });
  }
  void ask_now_and_then() {
    std::vector<std::int64_t> times;
    run_for(job_.seconds, 1, [&] {
      pause(std::chrono::milliseconds{1});
      const std::int64_t start = now();
      exchange();
      times.push_back(now() - start);
    });
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::ranges::nth_element(times, middle);
    me_.mine().round_trip = *middle;
  }
  void tell_records() {
    record r = sample_record();
    run_for(job_.seconds, 32, [&] {
      me_.mine().sent += fill(r, ++stamp_);
      send_record(end_, r);
    });
    fill(r, stop_stamp);
    send_record(end_, r);
  }

  End& end_;
  const pipe_job& job_;
  participant& me_;
  std::vector<std::byte> out_;
  std::vector<std::byte> in_;
  std::uint64_t stamp_ = 0;
};

/// Side 1: receives until it is told to stop and, if it is a dialogue, answers.
template <class End>
class pipe_server {
 public:
  pipe_server(End& end, const pipe_job& job, participant& me) : end_{end}, job_{job}, me_{me}, bytes_(job.size) {}

  void run() {
    hear();
    answer();
    me_.meet();
    if (job_.kind == pipe_kind::records)
      while (hear_record()) ++me_.mine().messages;
    else
      while (hear()) {
        ++me_.mine().messages;
        if (job_.kind != pipe_kind::one_way) answer();
      }
    me_.stop();
  }

 private:
  bool hear() {
    end_.recv(bytes_);
    if (is_stop(bytes_)) return false;
    me_.mine().received += sum_of(bytes_);
    return true;
  }
  void answer() {
    me_.mine().sent += fill(bytes_, ++stamp_);
    end_.send(bytes_);
  }
  bool hear_record() {
    const record r = recv_record(end_);
    if (is_stop(r)) return false;
    me_.mine().received += sum_of(r);
    return true;
  }

  End& end_;
  const pipe_job& job_;
  participant& me_;
  std::vector<std::byte> bytes_;
  std::uint64_t stamp_ = 0;
};

/// The whole part of one side; pinned and watched by `me` already.
template <class End>
void take_part(End& end, int side, const pipe_job& job, participant& me) {
  if (side == 0)
    pipe_client<End>{end, job, me}.run();
  else
    pipe_server<End>{end, job, me}.run();
  me.leave();
}

/// Measures a pipe whose ends are inherited by forked processes. `Pipe{size}` is made in the coordinator;
/// `open(side)` gives an end, in the process that uses it.
template <class Pipe>
double measure_forked(const pipe_job& job) {
  Pipe pipe{job.size};
  crew both{2};
  for (const int side : {1, 0})
    both.fork([&] {
      participant me{side, side, job.where};
      auto end = pipe.open(side);
      take_part(end, side, job, me);
    });
  both.finish();
  return figure_of(job, both);
}

/// Enters all columns for which `fits(column)` holds.
template <class Pipe, class Fits>
void add_pipe(catalogue& all, const std::string& name, Fits fits) {
  for (const pipe_column& what : pipe_columns())
    if (fits(what))
      all.add(what.table, what.column, name,
              [&what](const conditions& c) { return measure_forked<Pipe>(job_for(what, c)); });
}
template <class Pipe>
void add_pipe(catalogue& all, const std::string& name) {
  add_pipe<Pipe>(all, name, [](const pipe_column&) { return true; });
}

}  // namespace bench
