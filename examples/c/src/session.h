/* A session with ZooKeeper that several threads use at once.
 *
 * ZooKeeper's library for C, libzookeeper_mt, ends a handle for good when its session has expired, and calls watchers on
 * a thread of its own. This is what a lock needs besides: it can wait for a change, and a handle lives as long as
 * anybody uses it. */
#ifndef SESSION_H
#define SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <zookeeper/zookeeper.h>

/* Besides ZooKeeper's own codes, which are 0 (ZOK) or negative: */
enum { CANCELLED = 1, NOT_HELD = 2 };

/* How long a thread waits, in milliseconds, until it looks again whether its caller has given up. */
enum { PAUSE = 50 };

struct session;

/* Begins a session with servers ("host:port,host:port"), and asks for a timeout in milliseconds. It returns before the
 * session is there. ended is called once, on the library's thread, when the client learns that the session has expired;
 * it must not wait. NULL: the library refused the arguments. */
struct session *session_begin(const char *servers, int timeout_ms, void (*ended)(struct session *));

/* Each user of a session has a reference. The last one to leave closes the session. */
struct session *session_share(struct session *);
void session_leave(struct session *);

/* The library's handle. It is valid as long as the caller has its reference. */
zhandle_t *session_handle(struct session *);

bool session_expired(struct session *);

/* Waits until the client is connected, the session has expired or the caller has given up. */
int session_connected(struct session *, atomic_bool *cancelled);

/* Waits until a znode is deleted or changed, or the session has expired, or the caller has given up. */
int session_await_change(struct session *, const char *path, atomic_bool *cancelled);

/* ZOK if what had this result is to be tried again: it was ZOK, or the connection was lost, and then this waits a little.
 * Else the reason why not: the result itself, the end of the session, or that the caller has given up. */
int session_again(struct session *, int result, atomic_bool *cancelled);

/* A write that changes nothing: all requests of the session before it have had their effect, or never will. */
int session_fence(struct session *, const char *path);

#endif
