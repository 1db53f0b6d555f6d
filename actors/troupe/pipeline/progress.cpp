#include "troupe/pipeline/progress.hpp"

#include "troupe/pipeline/worker_home.hpp"

#include <utility>

namespace troupe {

worker_process::worker_process(std::string step, std::shared_ptr<home> where) noexcept
    : step_{std::move(step)}
    , where_{std::move(where)} {}

int worker_process::pid() const { return where_->pid(); }

void worker_process::kill() const { where_->kill(); }

}  // namespace troupe
