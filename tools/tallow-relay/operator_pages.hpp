// What the operators' endpoints show.
#pragma once

#include <tallow/room/relay_counters.hpp>

#include "abuse_watch.hpp"
#include "http_responses.hpp"
#include "identity_files.hpp"
#include "metrics.hpp"

namespace tallow::relay_tool {

// For everybody, on the relay's own port.
[[nodiscard]] inline http_pages public_pages() {
  http_pages pages;
  pages["/health"] = [] { return http_response{200, "text/plain; charset=utf-8", "ok\n"}; };
  return pages;
}

// All arguments outlive the pages.
[[nodiscard]] inline http_pages operator_pages(const room::relay_figures& relay,
                                               const process_figures& process,
                                               const identity_files& certificate,
                                               const abuse_watch& abuse) {
  http_pages pages = public_pages();
  pages["/ready"] = [&relay] {
    const bool drains = relay.is_draining;
    return http_response{drains ? 503U : 200U, "text/plain; charset=utf-8",
                         drains ? "draining\n" : "ready\n"};
  };
  pages["/metrics"] = [&relay, &process, &certificate, &abuse] {
    return http_response{
        200, "text/plain; version=0.0.4; charset=utf-8",
        prometheus_text(relay, process, certificate.expires_at(), abuse.figures())};
  };
  pages["/metrics.json"] = [&relay, &process] {
    return http_response{200, "application/json", json_text(relay, process)};
  };
  return pages;
}

}  // namespace tallow::relay_tool
