// expect: this type cannot travel
#include "troupe/wire/message.hpp"

class sealed {
 public:
  explicit sealed(int value) : value_{value} {}
  [[nodiscard]] int value() const { return value_; }

 private:
#ifdef FIXED
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar & value_;
  }
#endif
  int value_;
};
struct message {
  int number;
  sealed secret;
};

auto bytes(const message& m) {
  return troupe::wire::encode(m);  // here
}
