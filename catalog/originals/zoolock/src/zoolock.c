/* ZooKeeper's own lock in C, zoo_lock.c, in place of the lock of examples/c.
 *
 * Its zkr_lock_lock returns 0 both if others are before the caller and if it failed. So this waits for the completion,
 * and calls again whenever the mutex has no znode. An unlock that fails is repeated. */
#include "lock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zoo_lock.h>

const char *lock_name = "ZooKeeper's zoo_lock.c";
const char *const lock_offers[] = {NULL};

/* A lock in one session, of which it has a reference. It is never destroyed, because a watcher of the session may still
 * use it. */
struct mutex {
	zkr_lock_mutex_t zkr;
	atomic_bool held;
	atomic_bool unlocking; /* in the background */
	struct session *session;
};

struct lock {
	char *path;
	struct mutex *mutex; /* in the session that used the lock last, or NULL */
};

struct lock *lock_new(const char *path)
{
	struct lock *l = calloc(1, sizeof *l);

	l->path = strdup(path);
	return l;
}

void lock_free(struct lock *l)
{
	if (l->mutex)
		session_leave(l->mutex->session);
	free(l); /* the path is the mutex's */
}

static void completed(int released, void *mutex)
{
	((struct mutex *)mutex)->held = !released;
}

static void pause_briefly(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* Unlocks, again as long as that fails. */
static int unlock(struct mutex *m, atomic_bool *cancelled)
{
	int result;

	while ((result = zkr_lock_unlock(&m->zkr)) == ZCONNECTIONLOSS && !session_expired(m->session)) {
		if (*cancelled)
			return CANCELLED;
		pause_briefly();
	}
	if (session_expired(m->session))
		return ZSESSIONEXPIRED;
	return result == ZSYSTEMERROR ? NOT_HELD : result;
}

static void *unlock_rest(void *mutex)
{
	struct mutex *m = mutex;
	atomic_bool never = false;

	unlock(m, &never);
	m->unlocking = false;
	session_leave(m->session);
	return NULL;
}

static void unlock_in_background(struct mutex *m)
{
	pthread_t thread;

	session_share(m->session);
	m->unlocking = true;
	if (pthread_create(&thread, NULL, unlock_rest, m) == 0)
		pthread_detach(thread);
	else
		unlock_rest(m);
}

int lock_acquire(struct lock *l, struct session *s, atomic_bool *cancelled, struct grant *g)
{
	(void)g;
	if (!l->mutex || l->mutex->session != s) {
		if (l->mutex)
			session_leave(l->mutex->session);
		l->mutex = calloc(1, sizeof *l->mutex);
		l->mutex->session = session_share(s);
		zkr_lock_init_cb(&l->mutex->zkr, session_handle(s), l->path, &ZOO_OPEN_ACL_UNSAFE, completed, l->mutex);
	}
	struct mutex *m = l->mutex;
	while (!*cancelled && !session_expired(s)) {
		if (m->unlocking)
			pause_briefly();
		else if (m->held)
			return ZOK;
		else if (!m->zkr.id)
			zkr_lock_lock(&m->zkr);
		else
			pause_briefly();
	}
	if (session_expired(s))
		return ZSESSIONEXPIRED;
	if (!m->unlocking)
		unlock_in_background(m);
	return CANCELLED;
}

int lock_release(struct lock *l, struct session *s, atomic_bool *cancelled)
{
	(void)s;
	int result = unlock(l->mutex, cancelled);
	if (result == CANCELLED)
		unlock_in_background(l->mutex);
	return result;
}
