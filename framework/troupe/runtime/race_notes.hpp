#pragma once

// CAF's library is not built for ThreadSanitizer, which therefore does not see the edges its mailboxes make. These
// notes name the three that CAF promises: the post of a message happens-before its handling and before its destruction,
// and one turn of an actor before the next.

#if defined(__SANITIZE_THREAD__)
  #define TROUPE_TSAN 1
#elif defined(__has_feature)
  #if __has_feature(thread_sanitizer)
    #define TROUPE_TSAN 1
  #endif
#endif

#ifdef TROUPE_TSAN
  #define TROUPE_NOT_INSTRUMENTED __attribute__((no_sanitize("thread")))
extern "C" {
void __tsan_acquire(void* addr);
void __tsan_release(void* addr);
}
#else
  #define TROUPE_NOT_INSTRUMENTED
#endif

namespace troupe::runtime {

inline void note_acquire([[maybe_unused]] void* at) noexcept {
#ifdef TROUPE_TSAN
  __tsan_acquire(at);
#endif
}

inline void note_release([[maybe_unused]] void* at) noexcept {
#ifdef TROUPE_TSAN
  __tsan_release(at);
#endif
}

}  // namespace troupe::runtime
