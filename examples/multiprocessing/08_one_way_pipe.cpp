// A one-way pipe: one end receives, the other sends, and neither does the other's work.
#include <iostream>
#include <string>
#include <troupe/troupe.hpp>
#include <utility>

void send_only(troupe::connection writer) {
  writer.send(std::string{"hello"});
  try {
    static_cast<void>(writer.recv<std::string>());
  } catch (const troupe::error& e) {
    std::cout << "receiving: " << e.what() << std::endl;
  }
}

int main() {
  troupe::system system;

  auto [reader, writer] = troupe::pipe(troupe::simplex);
  troupe::process child{send_only, std::move(writer)};
  child.start();
  child.join();

  std::cout << reader.recv<std::string>() << '\n';
  try {
    reader.send(std::string{"and back"});
  } catch (const troupe::error& e) {
    std::cout << "sending: " << e.what() << '\n';
  }
}
