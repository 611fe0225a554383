#include "session.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One thread that waits for a change of a znode. */
struct wait {
	const char *path;
	bool over;
	struct wait *next;
};

struct session {
	zhandle_t *handle;
	void (*ended)(struct session *);
	atomic_int users;

	pthread_mutex_t mutex;
	pthread_cond_t news; /* for each change of what follows */
	bool connected, expired;
	struct wait *waits;
};

/* The watcher of the session and of each znode. The library's thread calls it. A watch can outlive the thread that waited
 * for it, so its context is the session, which lives until the handle is closed. */
static void watch(zhandle_t *handle, int type, int state, const char *path, void *context)
{
	struct session *s = context;
	bool ended = false;

	(void)handle;
	pthread_mutex_lock(&s->mutex);
	if (type == ZOO_SESSION_EVENT) {
		s->connected = state == ZOO_CONNECTED_STATE;
		ended = state == ZOO_EXPIRED_SESSION_STATE && !s->expired;
		s->expired = s->expired || ended;
	} else {
		for (struct wait *w = s->waits; w; w = w->next)
			w->over = w->over || strcmp(w->path, path) == 0;
	}
	pthread_cond_broadcast(&s->news);
	pthread_mutex_unlock(&s->mutex);
	if (ended)
		s->ended(s);
}

struct session *session_begin(const char *servers, int timeout_ms, void (*ended)(struct session *))
{
	struct session *s = calloc(1, sizeof *s);
	pthread_condattr_t monotonic;

	s->ended = ended;
	s->users = 1;
	pthread_mutex_init(&s->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->news, &monotonic);
	pthread_condattr_destroy(&monotonic);
	s->handle = zookeeper_init(servers, watch, timeout_ms, NULL, s, 0);
	if (!s->handle) {
		free(s);
		return NULL;
	}
	return s;
}

struct session *session_share(struct session *s)
{
	atomic_fetch_add(&s->users, 1);
	return s;
}

void session_leave(struct session *s)
{
	if (atomic_fetch_sub(&s->users, 1) > 1)
		return;
	zookeeper_close(s->handle); /* ends the library's threads, so nothing calls watch from now on */
	pthread_cond_destroy(&s->news);
	pthread_mutex_destroy(&s->mutex);
	free(s);
}

zhandle_t *session_handle(struct session *s)
{
	return s->handle;
}

bool session_expired(struct session *s)
{
	pthread_mutex_lock(&s->mutex);
	bool expired = s->expired;
	pthread_mutex_unlock(&s->mutex);
	return expired;
}

/* Waits for news, but no longer than a pause. The caller has the mutex. */
static void pause_for_news(struct session *s)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PAUSE * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&s->news, &s->mutex, &until);
}

/* Waits until a condition is true, the session has expired or the caller has given up. */
static int await(struct session *s, bool *condition, atomic_bool *cancelled)
{
	while (!*condition && !s->expired && !*cancelled)
		pause_for_news(s);
	if (*condition)
		return ZOK;
	return s->expired ? ZSESSIONEXPIRED : CANCELLED;
}

int session_connected(struct session *s, atomic_bool *cancelled)
{
	pthread_mutex_lock(&s->mutex);
	int result = await(s, &s->connected, cancelled);
	pthread_mutex_unlock(&s->mutex);
	return result;
}

int session_await_change(struct session *s, const char *path, atomic_bool *cancelled)
{
	struct wait own = {.path = path};
	struct Stat stat;
	char data[1];
	int length = sizeof data;

	/* In the list before the watch is set: the event may come before the answer. */
	pthread_mutex_lock(&s->mutex);
	own.next = s->waits;
	s->waits = &own;
	pthread_mutex_unlock(&s->mutex);

	/* The library sets the watch again after each reconnection. A get of a znode that is gone leaves no watch; an exists
	 * would leave one for ever. */
	int result = zoo_wget(s->handle, path, watch, s, data, &length, &stat);

	pthread_mutex_lock(&s->mutex);
	if (result == ZOK)
		result = await(s, &own.over, cancelled);
	struct wait **w = &s->waits;
	while (*w != &own)
		w = &(*w)->next;
	*w = own.next;
	pthread_mutex_unlock(&s->mutex);
	return result == ZNONODE ? ZOK : result;
}

int session_again(struct session *s, int result, atomic_bool *cancelled)
{
	bool lost = result == ZCONNECTIONLOSS || result == ZOPERATIONTIMEOUT;

	pthread_mutex_lock(&s->mutex);
	if (lost && !s->expired && !*cancelled)
		pause_for_news(s);
	if (result != ZOK && s->expired)
		result = ZSESSIONEXPIRED;
	else if (lost)
		result = *cancelled ? CANCELLED : ZOK;
	pthread_mutex_unlock(&s->mutex);
	return result;
}

int session_fence(struct session *s, const char *path)
{
	zoo_op_t check;
	zoo_op_result_t result;

	zoo_check_op_init(&check, path, -1);
	return zoo_multi(s->handle, 1, &check, &result);
}
