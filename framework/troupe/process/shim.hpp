#pragma once

#include "troupe/process/program_image.hpp"

/// Private to the process room: the kernel parent of a process that its starter starts itself, because the fork server
/// cannot make its children what that starter is (its control group, namespaces, filters of system calls, ...).
///
/// The starter has the fork server reserve a row, takes the life lock of that row, and launches a fresh image of the
/// program, which inherits everything from it. That image forks the process, and stays behind to publish how it ends.
/// If it is killed, the keeper sees to the process, which goes on.
namespace troupe::tree {

/// In such an image. Returns in the new process, with the order and without the status; never in the shim.
void fork_from_shim(image_order& order);

}  // namespace troupe::tree
