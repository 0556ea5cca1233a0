/* SPDX-License-Identifier: Apache-2.0 */
/* inflateInit2 and deflateInit2 are macros, which do not reach Swift. */
#ifndef QEVM_CZLIB_SHIM_H
#define QEVM_CZLIB_SHIM_H

#include <zlib.h>

static inline int qevm_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

static inline int qevm_deflate_init(z_stream *stream, int level, int window_bits) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
}

#endif
