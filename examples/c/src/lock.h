/* ZooKeeper's recipe for a lock, in C ("ZooKeeper Recipes and Solutions", Locks). */
#ifndef LOCK_H
#define LOCK_H

#include <stdint.h>

#include "session.h"

struct lock;

/* What a holder gets, if the lock offers it. */
struct grant {
	int64_t token;   /* rises with each grant */
	int64_t session; /* which owns the znode of the hold */
};

extern const char *lock_name; /* of the recipe and its version, for people */
extern const char *const lock_offers[]; /* what zklab may use of it besides, as in docs/adapters.md; ends with NULL */

/* A lock at a path, whose znode is created when it is first used. Each lock is used by one thread at a time. */
struct lock *lock_new(const char *path);

/* Waits until the caller holds the lock, and returns ZOK. After any other result it does not hold the lock and never
 * will; what it has created is removed, in the background if need be. */
int lock_acquire(struct lock *, struct session *, atomic_bool *cancelled, struct grant *);

/* Gives the lock back. NOT_HELD: the caller did not hold it. CANCELLED: it is given back in the background. */
int lock_release(struct lock *, struct session *, atomic_bool *cancelled);

void lock_free(struct lock *);

#endif
