#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include <tallow/room/room_diagram.hpp>

#include "support/paths.hpp"

namespace tallow::room {
namespace {

const std::string page_path = test::source_path("docs/room.md");

TEST(RoomDiagram, IsTheOneInTheDocuments) {
  if (std::getenv("TALLOW_WRITE_DIAGRAM") != nullptr) std::ofstream(page_path) << diagram_page();
  std::ifstream in(page_path, std::ios::binary);
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(page, diagram_page()) << "docs/room.md is stale: TALLOW_WRITE_DIAGRAM=1 test_room";
}

TEST(RoomDiagram, HasAnArrowForEveryRow) {
  const std::string page = diagram_page();
  for (const transition& row : transitions) {
    const std::string arrow =
        std::string(name_of(row.from)) + " --> " + name_of(row.to) + " : " + name_of(row.on) + "\n";
    EXPECT_NE(page.find(arrow), std::string::npos) << arrow;
  }
}

}  // namespace
}  // namespace tallow::room
