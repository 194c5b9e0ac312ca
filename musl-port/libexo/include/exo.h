/*
 * libexo: the native calls of Exo-OS for C programs (docs/native-api.md is the manual).
 *
 * Functions that return int or long answer -1 and set errno, as those of libc do, unless they say otherwise. Linux
 * knows none of the calls: there everything fails with ENOSYS, and a program that can't go on without them begins with
 * exo_require().
 */
#ifndef EXO_H
#define EXO_H

#include <exo_numbers.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the native calls, EXO_VERSION or another; -1 with ENOSYS where there are none. */
int exo_version(void);

/* Ends the program with status EXO_UNAVAILABLE and a message if this kernel has no native calls of this version. */
void exo_require(void);

#define EXO_UNAVAILABLE 69

/* Flags of calls that make descriptors. */
#define EXO_CLOEXEC 02000000

#ifdef __cplusplus
}
#endif

#include <exo/ring.h>
#include <exo/pool.h>
#include <exo/chan.h>

#endif
