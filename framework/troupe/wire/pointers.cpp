#include "troupe/wire/pointers.hpp"

#include "troupe/base/error.hpp"

#include <algorithm>
#include <boost/core/demangle.hpp>
#include <boost/serialization/void_cast.hpp>
#include <string>

namespace troupe::wire {

namespace {

bool creates(pointer_step step) noexcept {
  return step == pointer_step::create || step == pointer_step::create_and_content;
}
bool has_content(pointer_step step) noexcept {
  return step == pointer_step::content || step == pointer_step::create_and_content;
}
bool refuses(pointer_step step) noexcept {
  return step == pointer_step::refuse_cycle || step == pointer_step::refuse_owners
         || step == pointer_step::refuse_no_owner;
}

constexpr std::size_t max_key = 255;

// The class named by the key that follows.
const object_class& load_class(load_archive& ar, const object_class& wanted) {
  const std::size_t length = ar.load_number<std::uint8_t>(wanted.name);
  const auto* text = reinterpret_cast<const char*>(ar.take(length, wanted.name));
  const std::string_view key{text, length};
  const exported_class* found = exported_class::find(key);
  if (found == nullptr)
    ar.fail(wanted.name, "is of class '" + std::string{key} + "', which this program does not export");
  return found->description();
}

// The address of the base `wanted` in an object; null if the object has no such base.
void* cast(const object_class& from, const object_class& wanted, void* object) {
  if (&from == &wanted || *from.type == *wanted.type) return object;
  if (from.casts == nullptr || wanted.casts == nullptr) return nullptr;
  return const_cast<void*>(boost::serialization::void_upcast(*from.casts(), *wanted.casts(), object));
}

// Destroys a new object that nobody owns yet if its content cannot be loaded.
class orphan {
 public:
  orphan(loaded_objects& objects, std::uint32_t id) noexcept : objects_{objects}, id_{id} {}
  orphan(const orphan&) = delete;
  orphan& operator=(const orphan&) = delete;
  ~orphan() {
    if (id_ == 0) return;
    auto& entry = objects_[id_];
    void* address = std::exchange(entry.address, nullptr);
    if (entry.shared)
      entry.shared.reset();
    else
      entry.what->destroy(address);
  }
  void keep() noexcept { id_ = 0; }

 private:
  loaded_objects& objects_;
  std::uint32_t id_;
};

void create(load_archive& ar, loaded_objects& objects, std::uint32_t id, holding how) {
  const object_class& what = *objects[id].what;
  void* address = what.create(ar);  // may load other pointers: entries move
  auto shared = how == holding::shared || how == holding::weak ? what.share(address) : nullptr;
  objects[id].address = address;
  objects[id].shared = std::move(shared);
}

void load_content(load_archive& ar, loaded_objects& objects, std::uint32_t id) {
  const load_archive::nested level{ar, objects[id].what->name};
  objects[id].what->load_content(ar, objects[id].address);
  objects[id].record.now = object_record::state::complete;
}

}  // namespace

std::uint32_t saved_objects::id_of(const pointee& object, const std::shared_ptr<const void>& pin) {
  const auto is_it = [&](const entry& e) { return e.address == object.address && e.what == object.what; };
  const std::size_t few = std::min(entries_.size(), searched_linearly);
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(few);
  if (const auto found = std::find_if(entries_.begin(), end, is_it); found != end)
    return static_cast<std::uint32_t>(found - entries_.begin() + 1);
  const auto next = static_cast<std::uint32_t>(entries_.size() + 1);
  if (entries_.size() >= searched_linearly) {
    const auto [known, is_new] = ids_.try_emplace(key{object.address, object.what}, next);
    if (!is_new) return known->second;
  }
  entries_.push_back({object.address, object.what, {}, pin});
  return next;
}

void save_pointer(save_archive& ar, const pointee& object, holding how, const std::shared_ptr<const void>& pin) {
  if (object.address == nullptr) return ar.save_number(std::uint32_t{0});
  saved_objects& objects = ar.objects();
  const std::uint32_t id = objects.id_of(object, pin);
  const pointer_step step = apply_pointer(objects[id], how);
  if (refuses(step))
    throw error{errc::invalid_argument, "an object of class " + object.what->name() + " " + refusal(step)};
  ar.save_number(id);
  if (creates(step)) {
    if (object.key != nullptr) {
      const std::string& key = object.key->key();
      if (key.size() > max_key) throw error{errc::invalid_argument, "the export key is too long: " + key};
      ar.save_number(static_cast<std::uint8_t>(key.size()));
      ar.save_binary(key.data(), key.size());
    }
    object.what->save_construction(ar, object.address);
  }
  if (has_content(step)) {
    const save_archive::nested level{ar};
    object.what->save_content(ar, object.address);
    objects[id].now = object_record::state::complete;
  }
}

loaded_pointer load_pointer(load_archive& ar, const object_class& wanted, holding how) {
  const auto id = ar.load_number<std::uint32_t>(wanted.name);
  if (id == 0) return {};
  loaded_objects& objects = ar.objects();
  if (id > objects.size() + 1)
    ar.fail(wanted.name, "is said to be object " + std::to_string(id) + " of the message, which has "
                             + std::to_string(objects.size()) + " so far");
  if (id == objects.size() + 1) objects.add(wanted.casts != nullptr ? &load_class(ar, wanted) : &wanted);

  const pointer_step step = apply_pointer(objects[id].record, how);
  if (refuses(step)) ar.fail(wanted.name, refusal(step));
  if (creates(step))
    create(ar, objects, id, how);
  else if (objects[id].address == nullptr)
    ar.fail(wanted.name, "refers to itself while it is constructed");

  orphan guard{objects, creates(step) ? id : 0};
  void* address = cast(*objects[id].what, wanted, objects[id].address);
  if (address == nullptr) ar.fail(wanted.name, "is an object of class " + objects[id].what->name());
  if (how == holding::shared && !objects[id].shared) objects[id].shared = objects[id].what->share(objects[id].address);
  if (has_content(step)) load_content(ar, objects, id);
  guard.keep();
  return {address, objects[id].shared};
}

void throw_not_exported(const std::type_info& type, name_function base) {
  throw error{errc::invalid_argument,
              "an object of class " + unified_name(boost::core::demangle(type.name())) + " behind a pointer to "
                  + base()
                  + " cannot be sent: its class is not exported; put BOOST_CLASS_EXPORT(the class) into a source file "
                    "that includes troupe"};
}

}  // namespace troupe::wire
