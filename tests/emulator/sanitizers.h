// What the runtime tells AddressSanitizer and ThreadSanitizer; nothing where they are absent.
// WL_EMULATOR_ASAN and WL_EMULATOR_TSAN say that the program has them: the runtime itself is built
// without, in part or altogether, so the compiler cannot tell.
#ifndef EMULATOR_SANITIZERS_H
#define EMULATOR_SANITIZERS_H

#ifdef WL_EMULATOR_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#ifdef WL_EMULATOR_TSAN
extern "C" {
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
void __tsan_acquire(void *address);
void __tsan_release(void *address);
}
#endif

namespace emulator
{

#ifdef WL_EMULATOR_ASAN
constexpr bool with_asan = true;
inline void poison(void *p, std::size_t bytes) { ASAN_POISON_MEMORY_REGION(p, bytes); }
inline void unpoison(void *p, std::size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(p, bytes); }
#else
constexpr bool with_asan = false;
inline void poison(void *, std::size_t) {}
inline void unpoison(void *, std::size_t) {}
#endif

// A pair of a release and a later acquire of one address orders what lies before and after it.
#ifdef WL_EMULATOR_TSAN
constexpr bool with_tsan = true;
inline void order_release(void *address) { __tsan_release(address); }
inline void order_acquire(void *address) { __tsan_acquire(address); }
#else
constexpr bool with_tsan = false;
inline void order_release(void *) {}
inline void order_acquire(void *) {}
#endif

} // namespace emulator

#endif
