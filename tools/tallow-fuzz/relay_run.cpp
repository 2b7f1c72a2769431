#include "tools/tallow-fuzz/relay_run.hpp"

#include <algorithm>
#include <exception>

#include "fuzz/seeded_random.hpp"
#include "fuzz/violation.hpp"
#include "tools/tallow-fuzz/bad_client.hpp"
#include "tools/tallow-fuzz/good_pair.hpp"
#include "tools/tallow-fuzz/run_seed.hpp"

namespace tallow::fuzz {

namespace {

// So many runs between two looks whether the relay still serves others.
constexpr std::uint64_t batch = 25;
// Allocators keep some of what was used once. Memory is looked at first after a tenth of the runs.
constexpr double growth_bytes_max = 32.0 * 1024 * 1024;

class campaign {
 public:
  campaign(const relay_choice& choice, relay_outcome& outcome)
      : choice_(&choice), outcome_(&outcome), random_(choice.seed), bystanders_(choice, random_) {}

  void run() {
    if (choice_->pages) {
      const auto found = read_figures(*choice_->pages, choice_->patience);
      if (!found) throw hindered("--http names no page with the figures of a relay");
      outcome_->before = *found;
    }
    const std::uint64_t end = choice_->first + choice_->runs;
    const std::uint64_t warm = choice_->first + choice_->runs / 10;
    for (std::uint64_t i = choice_->first; i < end; ++i) {
      outcome_->last = i;
      bad_company company(*choice_, run_seed(choice_->seed, i));
      company.run();
      outcome_->connections += company.connections();
      bystanders_.keep_up();
      if (i == warm && outcome_->before) {
        outcome_->before->resident_bytes = figures()->resident_bytes;
      }
      if ((i + 1) % batch == 0 || i + 1 == end) look(i + 1);
    }
    if (outcome_->before) settle();
  }

 private:
  void look(std::uint64_t next) {
    bystanders_.talk(random_);
    good_pair(*choice_, random_).talk(random_);
    outcome_->since = next;
  }

  std::optional<relay_figures> figures() {
    if (!choice_->pages) return std::nullopt;
    const auto found = read_figures(*choice_->pages, choice_->patience);
    require(found.has_value(), "the operators' page is not served, or lacks a figure");
    return *found;
  }

  void settle() {
    const instant end = std::chrono::steady_clock::now() + choice_->settling;
    const relay_figures& before = *outcome_->before;
    for (;;) {
      (void)take_turns(
          std::chrono::milliseconds(100), [] { return false; }, [this] { bystanders_.keep_up(); });
      const relay_figures now = *(outcome_->after = figures());
      const bool is_small = now.resident_bytes <= before.resident_bytes + growth_bytes_max;
      const bool is_free = now.connections <= before.connections && now.rooms <= before.rooms &&
                           now.lane_ends <= before.lane_ends &&
                           now.descriptors <= before.descriptors;
      if (is_small && is_free) return;
      if (std::chrono::steady_clock::now() > end) {
        require(is_free, "the relay keeps connections, rooms, lanes or descriptors of who is gone");
        require(is_small, "the relay keeps memory of who is gone");
      }
    }
  }

  const relay_choice* choice_;
  relay_outcome* outcome_;
  seeded_random random_;
  good_pair bystanders_;
};

}  // namespace

relay_outcome run_against_relay(const relay_choice& choice) {
  relay_outcome outcome;
  outcome.since = outcome.last = choice.first;
  try {
    campaign(choice, outcome).run();
  } catch (const hindered& e) {
    outcome.hindrance = e.what();
  } catch (const std::exception& e) {
    outcome.what = e.what();
  }
  return outcome;
}

}  // namespace tallow::fuzz
