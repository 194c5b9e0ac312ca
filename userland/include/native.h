/*
 * Helpers of the programs of userland/native: test.h with the native calls. On Linux such a program ends with
 * EXO_UNAVAILABLE and says why.
 */
#ifndef EXO_NATIVE_H
#define EXO_NATIVE_H

#include "test.h"

#include <exo.h>

#define NATIVE_TEST(title) \
	static void native_body(void); \
	TEST(title) \
	{ \
		exo_require(); \
		native_body(); \
	} \
	static void native_body(void)

#endif
