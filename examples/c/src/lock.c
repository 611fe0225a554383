/* Each contender has an ephemeral sequential znode below the path of the lock, and the first one holds the lock. The
 * others wait for the znode before theirs, so that a release wakes one of them.
 *
 * The name of a contender's znode begins with a text that no other attempt ever has. If the reply to the create is lost,
 * that text finds the znode again. */
#include "lock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

const char *lock_name = "a lock in C";
const char *const lock_offers[] = {"fence", "session", "lost", NULL};

enum { RANDOM = 16, NAME = 2 * RANDOM + 3 }; /* "n-", digits, "-"; then comes ZooKeeper's number */

struct lock {
	char *path;
	char name[NAME + 1]; /* of the attempt or the hold; "" if there is none */
};

struct lock *lock_new(const char *path)
{
	struct lock *l = calloc(1, sizeof *l);

	l->path = strdup(path);
	return l;
}

void lock_free(struct lock *l)
{
	free(l->path);
	free(l);
}

static void choose_name(char *name)
{
	unsigned char bytes[RANDOM];

	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		abort(); /* without chance there are no names */
	name += sprintf(name, "n-");
	for (int i = 0; i < RANDOM; i++)
		name += sprintf(name, "%02x", bytes[i]);
	sprintf(name, "-");
}

static char *below(const char *path, const char *name)
{
	char *whole = malloc(strlen(path) + strlen(name) + 2);

	sprintf(whole, "%s/%s", path, name);
	return whole;
}

static bool contends(const char *name)
{
	return strncmp(name, "n-", 2) == 0 && strlen(name) > NAME && name[NAME - 1] == '-';
}

/* The number that ZooKeeper gave to a contender. */
static long number(const char *name)
{
	return atol(name + NAME);
}

/* Creates the znode of an attempt, and that of the lock if it is not there. */
static int enter(struct lock *l, struct session *s)
{
	char *path = below(l->path, l->name);
	zhandle_t *zh = session_handle(s);
	int flags = ZOO_EPHEMERAL | ZOO_SEQUENCE;
	int result = zoo_create(zh, path, NULL, -1, &ZOO_OPEN_ACL_UNSAFE, flags, NULL, 0);

	if (result == ZNONODE) {
		result = zoo_create(zh, l->path, NULL, -1, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0);
		if (result == ZOK || result == ZNODEEXISTS)
			result = zoo_create(zh, path, NULL, -1, &ZOO_OPEN_ACL_UNSAFE, flags, NULL, 0);
	}
	free(path);
	return result;
}

/* Deletes the znodes of an attempt from a list of contenders, all but one. More than one are there if the reply to a
 * create was lost and the create was carried out nevertheless. */
static int delete_all_but(const char *keep, const char *path, const char *name, struct String_vector *list, struct session *s)
{
	int result = ZOK;

	for (int i = 0; i < list->count && result == ZOK; i++) {
		if (list->data[i] == keep || strncmp(list->data[i], name, NAME) != 0)
			continue;
		char *node = below(path, list->data[i]);
		result = zoo_delete(session_handle(s), node, -1);
		free(node);
		if (result == ZNONODE)
			result = ZOK;
	}
	return result;
}

/* Looks whose turn it is: NULL in before if it is the caller's, else the znode before the caller's. NOT_HELD: the caller
 * has no znode. */
static int look(struct lock *l, struct session *s, struct grant *g, char **before)
{
	struct String_vector list = {0, NULL};
	const char *own = NULL, *next = NULL;
	struct Stat stat;
	int result = zoo_get_children(session_handle(s), l->path, 0, &list);

	*before = NULL;
	if (result != ZOK)
		return result == ZNONODE ? NOT_HELD : result;
	for (int i = 0; i < list.count; i++)
		if (strncmp(list.data[i], l->name, NAME) == 0 && (!own || number(list.data[i]) < number(own)))
			own = list.data[i];
	result = own ? delete_all_but(own, l->path, l->name, &list, s) : NOT_HELD;
	for (int i = 0; i < list.count && own; i++)
		if (contends(list.data[i]) && number(list.data[i]) < number(own) && (!next || number(list.data[i]) > number(next)))
			next = list.data[i];
	if (result == ZOK && next) {
		*before = below(l->path, next);
	} else if (result == ZOK) {
		char *node = below(l->path, own);
		result = zoo_exists(session_handle(s), node, 0, &stat);
		free(node);
		if (result == ZNONODE)
			result = NOT_HELD;
		if (result == ZOK)
			*g = (struct grant){.token = stat.czxid, .session = stat.ephemeralOwner};
	}
	deallocate_String_vector(&list);
	return result;
}

/* Removes all znodes of an attempt. The fence comes first: a create whose reply was lost may be on its way, and a list
 * that is read before it has its effect does not show it. */
static int remove_once(const char *path, const char *name, struct session *s)
{
	struct String_vector list = {0, NULL};
	int result = session_fence(s, path);

	if (result == ZOK)
		result = zoo_get_children(session_handle(s), path, 0, &list);
	if (result == ZNONODE)
		return ZOK;
	if (result != ZOK)
		return result;
	result = delete_all_but(NULL, path, name, &list, s);
	deallocate_String_vector(&list);
	return result;
}

/* The same, again after each loss of the connection. */
static int remove_all(const char *path, const char *name, struct session *s, atomic_bool *cancelled)
{
	int result;

	do {
		result = remove_once(path, name, s);
	} while (result != ZOK && (result = session_again(s, result, cancelled)) == ZOK);
	return result;
}

/* What is left to remove when the caller has given up. */
struct rest {
	char *path;
	char name[NAME + 1];
	struct session *session;
};

static void *remove_rest(void *argument)
{
	struct rest *r = argument;
	atomic_bool never = false;

	remove_all(r->path, r->name, r->session, &never); /* if it fails, the session has expired and has taken them along */
	session_leave(r->session);
	free(r->path);
	free(r);
	return NULL;
}

static void remove_in_background(struct lock *l, struct session *s)
{
	struct rest *r = calloc(1, sizeof *r);
	pthread_t thread;

	r->path = strdup(l->path);
	strcpy(r->name, l->name);
	r->session = session_share(s);
	if (pthread_create(&thread, NULL, remove_rest, r) == 0)
		pthread_detach(thread);
	else
		remove_rest(r);
}

/* Ends an attempt or a hold. What is left when the caller gives up is removed in the background. */
static int leave(struct lock *l, struct session *s, atomic_bool *cancelled)
{
	int result = remove_all(l->path, l->name, s, cancelled);

	if (result != ZOK && result != ZSESSIONEXPIRED)
		remove_in_background(l, s);
	l->name[0] = 0;
	return result;
}

int lock_acquire(struct lock *l, struct session *s, atomic_bool *cancelled, struct grant *g)
{
	int result = ZOK;
	bool entered = false;

	choose_name(l->name);
	while (result == ZOK && !*cancelled) {
		char *before = NULL;
		if (!entered)
			result = enter(l, s);
		/* Also if the reply was lost: the list shows whether there is a znode. */
		int entry = result;
		if (entry == ZOK || entry == ZCONNECTIONLOSS || entry == ZOPERATIONTIMEOUT) {
			result = look(l, s, g, &before);
			entered = result != NOT_HELD;
		}
		if (result == NOT_HELD)
			result = ZOK;
		else if (result == ZOK && !before)
			return ZOK;
		else if (result == ZOK)
			result = session_await_change(s, before, cancelled);
		free(before);
		if (result != ZOK)
			result = session_again(s, result, cancelled);
	}
	if (result == ZOK)
		result = CANCELLED;
	atomic_bool now = true;
	leave(l, s, &now);
	return result;
}

int lock_release(struct lock *l, struct session *s, atomic_bool *cancelled)
{
	if (!l->name[0])
		return NOT_HELD;
	return leave(l, s, cancelled);
}
