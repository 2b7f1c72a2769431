// The room's table as a page for people: a diagram and the rows behind it.
//
// @source  docs/room.md is what this writes
#pragma once

#include <string>

#include <tallow/room/room_table.hpp>

namespace tallow::room {

/// The whole of docs/room.md.
[[nodiscard]] inline std::string diagram_page() {
  std::string page =
      "<!-- Generated from include/tallow/room/room_table.hpp; a test fails when it is stale.\n"
      "     To write it again: TALLOW_WRITE_DIAGRAM=1 test_room -->\n\n"
      "# The states of a room\n\n"
      "The rules in words are in protocol/room.md.\n\n"
      "```mermaid\nstateDiagram-v2\n  [*] --> none\n";
  for (const transition& row : transitions) {
    page.append("  ").append(name_of(row.from)).append(" --> ").append(name_of(row.to));
    page.append(" : ").append(name_of(row.on)).append("\n");
  }
  page.append("```\n\n| state | meaning |\n|---|---|\n");
  for (const state value : states) {
    page.append("| ").append(name_of(value)).append(" | ").append(text_of(value)).append(" |\n");
  }
  page.append("\n| event | what happened |\n|---|---|\n");
  for (const event value : events) {
    page.append("| ").append(name_of(value)).append(" | ").append(text_of(value)).append(" |\n");
  }
  page.append("\n| in | when | the relay does | then |\n|---|---|---|---|\n");
  for (const transition& row : transitions) {
    page.append("| ").append(name_of(row.from)).append(" | ").append(name_of(row.on));
    page.append(" | ").append(name_of(row.then)).append(": ").append(text_of(row.then));
    page.append(" | ").append(name_of(row.to)).append(" |\n");
  }
  page.append("\nAn event that has no row in a state does not happen there: nothing changes.\n");
  return page;
}

}  // namespace tallow::room
