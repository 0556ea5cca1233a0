/* SPDX-License-Identifier: Apache-2.0 */
/* Linux calls that Swift's Glibc module leaves out: epoll, eventfd, accept4, sched_getcpu, sendfile. */
#pragma once
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

/* <sys/socket.h> and <sched.h> declare them only under _GNU_SOURCE, which the module map of Glibc does not set. */
extern int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict length, int flags);
extern int sched_getcpu(void);
