/* SPDX-License-Identifier: Apache-2.0 */
/* mallopt(3), which Swift's Glibc module leaves out. */
#pragma once
#include <malloc.h>
