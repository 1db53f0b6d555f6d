// expect: this type cannot be received
#include "troupe/wire/message.hpp"

class account {
 public:
#ifdef FIXED
  account() = default;
#endif
  explicit account(int key) : key_{key} {}

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar & key_;
  }
  int key_ = 0;
};
struct message {
  account from;
};

auto value(std::span<const std::byte> bytes) {
  return troupe::wire::decode<message>(bytes);  // here
}
