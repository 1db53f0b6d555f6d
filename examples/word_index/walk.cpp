#include "walk.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace word_index {
namespace {

namespace fs = std::filesystem;

class walker {
 public:
  void visit_root(const std::string& root) {
    std::error_code error;
    const fs::file_status status = fs::status(root, error);  // a root may be a link
    if (error)
      note(root, error);
    else if (fs::is_directory(status))
      visit_folder(root);
    else if (fs::is_regular_file(status))
      paths_.push_back(root);
    else
      problems_.push_back({root, "neither a folder nor a regular file"});
  }

  walk_result finish() {
    std::ranges::sort(paths_);
    const auto doubles = std::ranges::unique(paths_);
    paths_.erase(doubles.begin(), doubles.end());
    walk_result result{.files = {}, .problems = std::move(problems_)};
    result.files.reserve(paths_.size());
    for (std::string& path : paths_)
      result.files.push_back({static_cast<std::uint32_t>(result.files.size()), std::move(path)});
    return result;
  }

 private:
  void visit_folder(const fs::path& root) {
    std::vector<fs::path> folders{root};
    while (!folders.empty()) {
      const fs::path folder = std::move(folders.back());
      folders.pop_back();
      std::error_code error;
      for (fs::directory_iterator entry{folder, error}; !error && entry != fs::directory_iterator{};
           entry.increment(error))
        visit_entry(*entry, folders);
      if (error) note(folder, error);
    }
  }

  void visit_entry(const fs::directory_entry& entry, std::vector<fs::path>& folders) {
    std::error_code error;
    const fs::file_status status = entry.symlink_status(error);
    if (error)
      note(entry.path(), error);
    else if (fs::is_directory(status))
      folders.push_back(entry.path());
    else if (fs::is_regular_file(status))
      paths_.push_back(entry.path().lexically_normal().string());
  }

  void note(const fs::path& path, const std::error_code& error) {
    problems_.push_back({path.string(), error.message()});
  }

  std::vector<std::string> paths_;
  std::vector<skipped> problems_;
};

}  // namespace

walk_result walk(const std::vector<std::string>& roots) {
  walker all;
  for (const std::string& root : roots) all.visit_root(root);
  return all.finish();
}

}  // namespace word_index
