// What a connection has to offer so that a session can run over it. Any type will do.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>

namespace tallow::session {

/// Bytes in several places that are sent one after the other.
using byte_views = std::span<const byte_view>;

/// A connection whose calls wait until they are done.
///
/// read_some() gives at least one byte, or zero at the orderly end; write_all() sends all the views
/// in order; shutdown_send() tells the other end that nothing more comes, and leaves reading as it
/// is; close() may be called at any time and more than once.
template <class T>
concept sync_transport = requires(T& t, byte_span into, byte_views from) {
  { t.read_some(into) } -> std::same_as<result<std::size_t>>;
  { t.write_all(from) } -> std::same_as<result<void>>;
  { t.shutdown_send() } -> std::same_as<result<void>>;
  { t.close() }
  noexcept;
};

namespace detail {

template <class A>
decltype(auto) awaiter_of(A&& awaitable) {
  if constexpr (requires { std::forward<A>(awaitable).operator co_await(); }) {
    return std::forward<A>(awaitable).operator co_await();
  } else if constexpr (requires { operator co_await(std::forward<A>(awaitable)); }) {
    return operator co_await(std::forward<A>(awaitable));
  } else {
    return std::forward<A>(awaitable);
  }
}

}  // namespace detail

/// Something that can stand behind co_await and then is an `R`.
template <class A, class R>
concept awaits_to = requires(A&& awaitable) {
  { detail::awaiter_of(std::forward<A>(awaitable)).await_resume() } -> std::same_as<R>;
};

/// A connection whose calls are awaited: the verbs of sync_transport, and what they mean. One read
/// and one write may be under way at the same time. The bytes, and the list of views, belong to the
/// caller for as long as a call is under way; close() ends it with an error.
template <class T>
concept async_transport = requires(T& t, byte_span into, byte_views from) {
  { t.async_read_some(into) } -> awaits_to<result<std::size_t>>;
  { t.async_write_all(from) } -> awaits_to<result<void>>;
  { t.shutdown_send() } -> std::same_as<result<void>>;
  { t.close() }
  noexcept;
};

}  // namespace tallow::session
